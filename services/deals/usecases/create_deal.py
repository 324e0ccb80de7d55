"""A deal is entered (DEAL-01)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_contracts.client_field import Client
from crm_contracts.values import Money

from services.deals.domain.deal import Deal
from services.deals.domain.stages import DEFAULT_PIPELINE, stages_of
from shared.elements.domain.client_field import NewContactLink, set_company, set_contacts
from shared.elements.domain.product_rows import NewRow, make_rows, priced
from shared.elements.store.products import Products
from shared.elements.store.removed_clients import RemovedClients
from shared.kit.domain import Cause
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import Repository


@dataclass(frozen=True)
class NewDeal:
    """What may be said of a new deal; nothing must."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    pipeline_id: str = DEFAULT_PIPELINE
    stage_id: str | None = None
    company_id: str | None = None
    contacts: Sequence[NewContactLink] = ()
    auto_link_contacts: bool = True
    rows: Sequence[NewRow] = ()
    amount: Money | None = None
    currency: str | None = None
    is_manual_amount: bool | None = None
    origin: tuple[str, str] | None = None


async def create_deal(
    id_: str,
    wish: NewDeal,
    cause: Cause,
    *,
    deals: Repository[Deal],
    removed_clients: RemovedClients[Deal],
    products: Products,
    numbers: Numbers,
    currency: str,
    new_id: Callable[[], str],
) -> Deal:
    """Create it with its client and products; a company is asked for, its contacts come later (CLI-07).

    Raises:
        Invalid: an unknown pipeline or stage, or rows that cannot be named or priced.
        OriginTaken: the origin belongs to another deal.
    """
    used = wish.amount.currency if wish.amount else wish.currency or currency
    known = await products.facts(row.product_id for row in wish.rows)
    rows = make_rows(wish.rows, known, currency=used, new_id=new_id)
    amounts = priced(rows, typed=wish.amount, manual=wish.is_manual_amount, currency=used)
    client = set_contacts(Client(auto_link_contacts=wish.auto_link_contacts), wish.contacts)
    client = set_company(client, wish.company_id)
    stages = stages_of(wish.pipeline_id)
    stage = stages.get(wish.stage_id) if wish.stage_id else stages.first
    fields = {"responsible_id": cause.subject, **wish.fields}
    deal = await deals.add_numbered(
        lambda number: Deal.create(
            id_,
            number,
            fields,
            client=client,
            priced=amounts,
            pipeline_id=wish.pipeline_id,
            stage=stage,
            by=cause.actor,
            at=cause.at,
            origin=wish.origin,
        ),
        cause,
        numbers,
    )
    return await removed_clients.without_removed(deal, [link.ref for link in client.contacts], cause)
