"""Bodies of search-as-you-type and duplicate detection."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from crm_contracts.values import ContactPoint, ElementRef, Value
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.domain.duplicates import ACCOUNT_FIELDS, MAX_FURTHER
from services.clients.records.schemas.requisites import RequisiteValues
from services.clients.text import Card, Criterion, FurtherField
from shared.elements.domain.contact_points import PointList, check_points, emails, phones, sought_by
from shared.elements.schemas.scalars import ElementId, Name, Title
from shared.elements.schemas.search import SearchText
from shared.kit.domain import Invalid, invalid_field
from shared.kit.web.schemas import Input

MAX_FOUND: Final = 20
"""Matches of each type in an answer (DUP-01)."""


class SearchIn(Input):
    """What is searched for, as query parameters."""

    q: SearchText
    type: Literal["contact", "company"]
    kind: Literal["contact", "company"] | None = Field(
        default=None, deprecated=True, description="the old name of `type`"
    )

    @model_validator(mode="before")
    @classmethod
    def _take_old_name(cls, given: Any) -> Any:
        """Take `type` by its old name, too, where it is not given."""
        if isinstance(given, dict) and "kind" in given:
            if "type" in given:
                raise PydanticCustomError("repeated_parameter", "`kind` is the old name of `type`; one is expected")
            if given["kind"] not in ("contact", "company"):
                return {**given, "type": "contact"}  # so that the name is refused which the caller knows
            return {("type" if name == "kind" else name): value for name, value in given.items()}
        return given


class DuplicatesIn(Input):
    """Phones or e-mails to find records by; `type` null searches all types."""

    kind: Literal["phone", "email"]
    values: Annotated[list[Title], Field(min_length=1, max_length=20)]
    type: Literal["lead", "contact", "company"] | None = None

    def points(self, country: str) -> list[ContactPoint]:
        """Read the values as those of clients are read.

        Raises:
            Invalid: names every one that is no phone or e-mail.
        """
        found, errors = _read("phones" if self.kind == "phone" else "emails", self.values, country, "values")
        if errors:
            raise Invalid("Some values are not valid.", {"errors": errors})
        return list(found)


def _read(
    name: PointList, values: Sequence[str], country: str, field: str
) -> tuple[tuple[ContactPoint, ...], list[dict[str, str]]]:
    """Read the values as those of clients are read, and list those that are no phone or e-mail at all."""
    typed = [ContactPoint(value=value) for value in values]
    errors = [
        {**error, "field": error["field"].replace(name, field).removesuffix(".value")}
        for error in check_points(name, values, country, strict=False)
    ]
    return phones(typed, country) if name == "phones" else emails(typed), errors


class Found(Value):
    """Matches of one type."""

    items: list[ElementRef] = []
    has_more: bool = False


class DuplicatesOut(Value):
    """Matches by type, at most 20 each (DUP-01)."""

    lead: Found = Found()
    contact: Found = Found()
    company: Found = Found()

    @classmethod
    def of(cls, found: Mapping[str, Sequence[ElementRef]], type_: str | None) -> "DuplicatesOut":
        """Build the answer for one type, or for all."""
        wanted = {name: refs for name, refs in found.items() if type_ in {None, name}}
        return cls(
            **{
                name: Found(items=list(refs[:MAX_FOUND]), has_more=len(refs) > MAX_FOUND)
                for name, refs in wanted.items()
            }
        )


class CardIn(Input):
    """The data on a card about a client who may exist already; `except_id` is the record of the card itself."""

    first_name: Name | None = None
    middle_name: Name | None = None
    last_name: Name | None = None
    company_title: Title | None = None
    phones: Annotated[list[Title], Field(max_length=20)] = []
    emails: Annotated[list[Title], Field(max_length=20)] = []
    requisites: RequisiteValues = {}
    bank_details: RequisiteValues = {}
    further: Annotated[dict[FurtherField, Title], Field(max_length=MAX_FURTHER)] = {}
    except_id: ElementId | None = None

    def card(self, country: str) -> Card:
        """Convert to the domain.

        Raises:
            Invalid: names every phone and e-mail that is none; or the card is empty.
        """
        if not any(value for name, value in self if name != "except_id"):
            raise invalid_field("body", "empty", "nothing to look for")
        numbers, wrong = _read("phones", self.phones, country, "phones")
        addresses, also_wrong = _read("emails", self.emails, country, "emails")
        if wrong or also_wrong:
            raise Invalid("Some values are not valid.", {"errors": [*wrong, *also_wrong]})
        named = {
            name: getattr(self, name) or "" for name in ("first_name", "middle_name", "last_name", "company_title")
        }
        return Card(
            **named,
            phones=tuple(map(sought_by, numbers)),
            emails=tuple(map(sought_by, addresses)),
            requisites=tuple(self.requisites.values()),
            bank_details=tuple(value for code, value in self.bank_details.items() if code in ACCOUNT_FIELDS),
            further=self.further,
        )


class Alike(Value):
    """A record that may be the same client, and by what."""

    ref: ElementRef
    by: list[Criterion]


class AlikeOfType(Value):
    """Records of one type, most criteria in common first."""

    items: list[Alike] = []
    has_more: bool = False

    @classmethod
    def of(cls, found: Iterable[tuple[ElementRef, set[Criterion]]], except_id: str | None) -> "AlikeOfType":
        """Build the answer: at most 20, without the record of the card."""
        items = [Alike(ref=ref, by=sorted(by)) for ref, by in found if ref.id != except_id]
        return cls(items=items[:MAX_FOUND], has_more=len(items) > MAX_FOUND)


class AlikeOut(Value):
    """Records that may be the client on the card, by type (DUP-03)."""

    lead: AlikeOfType
    contact: AlikeOfType
    company: AlikeOfType


class ClientMatch(Value):
    """A contact or company that matches, with what distinguishes namesakes."""

    client: ElementRef
    company: ElementRef | None = Field(default=None, description="primary company of a contact")
    phones: tuple[ContactPoint, ...] = ()
    emails: tuple[ContactPoint, ...] = ()

    @classmethod
    def of(cls, client: Contact | Company) -> "ClientMatch":
        """Build the match of a record."""
        links = client.companies if isinstance(client, Contact) else ()
        company = next((link.ref for link in links if link.is_primary), None)
        return cls(client=client.ref, company=company, phones=client.phones, emails=client.emails)


class ClientMatches(Value):
    """The best matches first; where there are more, the user types more, or creates a client (CLI-04)."""

    items: list[ClientMatch]
    has_more: bool
