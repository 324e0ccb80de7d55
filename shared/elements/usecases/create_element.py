"""The parts of creating a sales element: check what was given, store it under a number, remove deleted clients."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from crm_contracts.client_field import Client
from crm_contracts.elements import ElementType
from crm_contracts.values import Money

from shared.elements.domain.client_field import NewContactLink, set_company, set_contacts
from shared.elements.domain.product_rows import NewRow, make_rows, priced
from shared.elements.domain.sales_element import InitialState, SalesElement
from shared.elements.usecases.collaborators import Collaborators
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository

E = TypeVar("E", bound=SalesElement)


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


async def prepare_element(
    new: NewElement, cause: Cause, *, type_: ElementType, collaborators: Collaborators
) -> InitialState:
    """Make its rows, amount and Client field; the responsible user is the caller unless given (CMN-04).

    Raises:
        Invalid: rows that cannot be named or priced, or a code that its dictionary has not.
    """
    currency = new.amount.currency if new.amount else new.currency or collaborators.currency
    known = await collaborators.products.facts(row.product_id for row in new.rows)
    rows = make_rows(new.rows, known, currency=currency, new_id=collaborators.new_id)
    amounts = priced(rows, typed=new.amount, manual=new.is_manual_amount, currency=currency)
    client = set_contacts(Client(auto_link_contacts=new.auto_link_contacts), new.contacts)
    codes = await collaborators.dictionaries.codes(type_.fields)
    return InitialState(
        fields={"responsible_id": cause.subject, **codes.for_new(new.fields)},
        client=set_company(client, new.company_id),
        priced=amounts,
        origin=new.origin,
    )


async def add_element(
    make: Callable[[int], E], cause: Cause, *, elements: Repository[E], collaborators: Collaborators
) -> E:
    """Store the element that `make` makes of a number; a company's contacts are attached later (CLI-07).

    Raises:
        OriginTaken: the origin belongs to another element.
    """
    element = await elements.add_numbered(make, cause, collaborators.numbers)
    contacts = [link.ref for link in element.client.contacts]
    return await collaborators.removed_clients.without_removed(element, contacts, cause)
