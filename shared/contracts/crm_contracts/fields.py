"""Groups of fields that elements share."""

from datetime import date, datetime
from typing import Annotated, Final

from pydantic import Field, computed_field

from crm_contracts.field_spec import FieldSpec
from crm_contracts.values import ContactPoint, Fields, StageSemantic, Touch, Utm

OPEN_LINES: Final = frozenset({"IMOL", "OPENLINE"})
"""Kinds of messengers that are chats with the CRM itself."""

_LATER: Final = FieldSpec(is_filterable=False)
_NAME: Final = FieldSpec(longest=100, is_personal=True)
_POINT: Final = FieldSpec(path="normalized", is_personal=True)
_PHONES: Final = FieldSpec(is_requirable=True, is_personal=True, parts={"phone": _POINT})
_EMAILS: Final = FieldSpec(is_requirable=True, is_personal=True, parts={"email": _POINT})
_UTM: Final = FieldSpec(
    title="UTM",
    parts={
        "utm_source": FieldSpec(title="UTM source", path="source"),
        "utm_medium": FieldSpec(title="UTM medium", path="medium"),
        "utm_campaign": FieldSpec(title="UTM campaign", path="campaign"),
        "utm_content": FieldSpec(title="UTM content", path="content"),
        "utm_term": FieldSpec(title="UTM term", path="term"),
    },
)


class Named(Fields):
    """What a person's name is made of; birth date and position go with it (LEAD-02)."""

    salutation: Annotated[str | None, FieldSpec(dictionary="salutation", has_default=False, is_personal=True)] = None
    first_name: Annotated[str | None, _NAME] = Field(default=None, examples=["Ada"])
    middle_name: Annotated[str | None, _NAME] = None
    last_name: Annotated[str | None, _NAME] = Field(default=None, examples=["Lovelace"])
    birth_date: Annotated[date | None, FieldSpec(is_past=True, is_personal=True)] = None
    position: Annotated[str | None, FieldSpec(is_personal=True)] = None

    @property
    def full_name(self) -> str:
        """First, middle and last name, as far as they are known."""
        return " ".join(part for part in (self.first_name, self.middle_name, self.last_name) if part)


class Reachable(Fields):
    """Contact points of a person or a company, and which kinds of them there are (CONT-03)."""

    phones: Annotated[tuple[ContactPoint, ...], _PHONES] = ()
    emails: Annotated[tuple[ContactPoint, ...], _EMAILS] = ()
    websites: Annotated[tuple[ContactPoint, ...], FieldSpec(is_personal=True)] = ()
    messengers: Annotated[tuple[ContactPoint, ...], FieldSpec(is_personal=True)] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def has_phone(self) -> Annotated[bool, _LATER]:
        """Whether there is a phone."""
        return bool(self.phones)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def has_email(self) -> Annotated[bool, _LATER]:
        """Whether there is an e-mail address."""
        return bool(self.emails)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def has_imol(self) -> Annotated[bool, FieldSpec(title="Has open line", is_filterable=False)]:
        """Whether there is a chat with the CRM itself, an open line, among the messengers."""
        return any(messenger.kind in OPEN_LINES for messenger in self.messengers)


class Owned(Fields):
    """Who looks after an element, and what is said about it (CMN-04, CMN-05, CMN-06, CMN-07, CMN-09)."""

    responsible_id: Annotated[str, FieldSpec(kind="user", is_requirable=True)] = Field(default="", examples=["anna"])
    observers: Annotated[tuple[str, ...], FieldSpec(kind="user")] = ()
    open_to_all: Annotated[bool, FieldSpec(title="Available to all")] = True
    comments: Annotated[str | None, FieldSpec(kind="text", is_requirable=True)] = None
    utm: Annotated[Utm | None, _UTM] = None


class Traced(Fields):
    """Visits that led to the element (CMN-08)."""

    traces: tuple[Touch, ...] = ()


class Sourced(Fields):
    """Where an element came from (CMN-02)."""

    source_id: Annotated[str | None, FieldSpec(dictionary="source", is_requirable=True)] = Field(
        default=None, examples=["WEB"]
    )
    source_description: Annotated[str | None, FieldSpec(kind="text")] = None


class Identified(Fields):
    """Marks of identity that the system or an importer gives; fixed after creation (CMN-03, CMN-10, CMN-14)."""

    id: Annotated[str, FieldSpec(title="ID", kind="element")] = Field(examples=["0199f2a4-0000-7000-8000-000000000001"])
    number: Annotated[int, FieldSpec(is_orderable=True)] = Field(
        examples=[17], description="human serial number per element type; unique, gaps allowed"
    )
    originator_id: str | None = Field(default=None, description="system the element came from")
    origin_id: str | None = Field(default=None, description="its id in that system")


class Audited(Fields):
    """Who made and last changed an element, `user:<sub>`, `service:<sub>` or `form:<id>`; times are UTC (CMN-10)."""

    created_at: Annotated[datetime, FieldSpec(is_orderable=True)]
    created_by: str = Field(examples=["user:anna"])
    updated_at: datetime
    updated_by: str = Field(examples=["user:anna"])


class Staged(Fields):
    """Where an element stands (LEAD-06, DEAL-07); `stage_semantic` follows from the stage."""

    stage_id: Annotated[str, FieldSpec(kind="stage")] = Field(examples=["NEW"])
    stage_semantic: StageSemantic = "P"
    previous_stage_id: Annotated[str | None, FieldSpec(kind="stage")] = Field(
        default=None, description="where it stood before; null if it never moved"
    )
    moved_at: datetime | None = None
    moved_by: str | None = None


class TakenOver(Fields):
    """What the next import of a contact or a company is judged by (CONT-08); users do not edit it."""

    origin_version: Annotated[str | None, FieldSpec(is_writable=False)] = Field(
        default=None, examples=["7"], description="of the record in the other system, when it was taken over last"
    )
    edited_here: Annotated[tuple[str, ...], FieldSpec(is_writable=False)] = Field(
        default=(), examples=[["position"]], description="fields that were corrected here since they were taken over"
    )
