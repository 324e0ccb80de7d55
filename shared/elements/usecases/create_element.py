"""Create a sales element (LEAD-01, DEAL-01)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from crm_contracts.client_field import Client
from crm_contracts.elements import COMPANY, CONTACT, ELEMENTS
from crm_contracts.pipelines import Stage
from crm_contracts.values import ElementRef, Fields, Money

from shared.elements.domain.client_field import NewContactLink, set_company, set_contacts
from shared.elements.domain.element import OriginTaken
from shared.elements.domain.product_rows import NewRow, make_rows, priced
from shared.elements.domain.room import MAX_ROWS_BYTES, check_fields, check_room
from shared.elements.domain.sales_element import InitialState, SalesElement
from shared.elements.domain.stages import StageSet
from shared.elements.usecases.collaborators import Collaborators
from shared.kit.domain import Cause, Findings, NotFound
from shared.kit.storage.repository import NewRecords, Records

E = TypeVar("E", bound=SalesElement)
E_co = TypeVar("E_co", bound=SalesElement, covariant=True)


@dataclass(frozen=True)
class NewElement:
    """What may be given of a new sales element; nothing is mandatory."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    stage_id: str | None = None
    company_id: str | None = None
    contacts: Sequence[NewContactLink] = ()
    auto_link_contacts: bool = True
    rows: Sequence[NewRow] = ()
    amount: Money | None = None
    currency: str | None = None
    is_manual_amount: bool | None = None
    origin: tuple[str, str] | None = None
    authorship: Mapping[str, Any] = field(default_factory=dict)

    @property
    def clients(self) -> Sequence[ElementRef]:
        """What it is to link."""
        company = [ElementRef(type=COMPANY.noun, id=self.company_id)] if self.company_id else []
        return [*company, *(ElementRef(type=CONTACT.noun, id=each.contact_id) for each in self.contacts)]


class Creates(Protocol[E_co]):
    """Makes an element of its checked parts: `create` of its type."""

    def __call__(
        self, id_: str, number: int, initial: InitialState, stage: Stage, *, by: str, at: datetime
    ) -> E_co: ...


class NewElements(Records[E], NewRecords[E], Protocol[E]):
    """Where elements are added, and where those are read that the caller may read."""


async def create_element(
    id_: str,
    new: NewElement,
    cause: Cause,
    *,
    create: Creates[E],
    stages: Callable[[], StageSet],
    elements: NewElements[E],
    collaborators: Collaborators,
) -> E:
    """Create an element on a stage, with its client and products; clients is asked for what it links (CLI-02, CLI-07).

    Raises:
        DomainError: a stage that belongs to a process.
        Invalid: an unknown stage, rows that cannot be named or priced, or a code that its dictionary has not.
        OriginTaken: the origin belongs to another element, which is named where the caller may read it.
        PartTooLarge: fields, rows or contacts are more than an event may hold.
    """
    findings = Findings()
    with findings.collecting():
        initial = await _checked(new, cause, ELEMENTS[elements.noun].fields, collaborators)
    with findings.collecting():
        stage = stages().initial(new.stage_id)
    findings.refuse()
    try:
        return await elements.add_numbered(
            lambda number: create(id_, number, initial, stage, by=cause.actor, at=cause.at),
            cause,
            collaborators.numbers,
        )
    except OriginTaken as error:
        raise await _as_known(error, elements) from None


async def _as_known(error: OriginTaken, elements: Records[E]) -> OriginTaken:
    """Return the error, without the element that it names where the caller may not read that one (PERM-01)."""
    try:
        await elements.get(error.details.get("existing_id", ""))
    except NotFound:
        return OriginTaken.by(elements.noun, None)
    return error


async def _checked(new: NewElement, cause: Cause, fields: type[Fields], collaborators: Collaborators) -> InitialState:
    """Make rows, amount and Client field; the responsible user is the caller unless given (CMN-04, CMN-09)."""
    currency = new.amount.currency if new.amount else new.currency or collaborators.currency
    known = await collaborators.products.facts(row.product_id for row in new.rows)
    codes = await collaborators.dictionaries.codes(fields)
    values = {"responsible_id": cause.subject, "open_to_all": collaborators.open_to_all, **new.fields}
    findings = Findings()
    with findings.collecting():
        rows = make_rows(new.rows, known, currency=currency, new_id=collaborators.new_id)
        amounts = priced(rows, typed=new.amount, manual=new.is_manual_amount, currency=currency)
        check_room("rows", amounts, MAX_ROWS_BYTES)
    with findings.collecting():
        client = set_contacts(Client(auto_link_contacts=new.auto_link_contacts), new.contacts)
    with findings.collecting():
        values |= codes.for_new(new.fields)
    with findings.collecting():
        check_fields(fields, fields.model_construct(None, **values), values)
    findings.refuse()
    return InitialState(
        fields=values,
        client=set_company(client, new.company_id),
        priced=amounts,
        origin=new.origin,
        authorship=new.authorship,
    )
