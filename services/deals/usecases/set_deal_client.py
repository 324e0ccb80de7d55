"""The Client field of a deal is set, as a whole or contact by contact (CLI-06, CLI-07)."""

from collections.abc import Callable

from crm_contracts.client_field import Client

from services.deals.domain.deal import Deal
from shared.elements.store.removed_clients import RemovedClients
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def set_deal_client(
    id_: str,
    change: Callable[[Client], Client],
    cause: Cause,
    *,
    deals: Repository[Deal],
    removed_clients: RemovedClients[Deal],
    expected_version: int | None = None,
) -> Deal:
    """Apply a rule of the Client field; a new company is asked for, its contacts come later."""
    deal = await deals.change(
        id_,
        lambda deal: deal.set_client(change(deal.client), by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )
    return await removed_clients.without_removed(deal, [link.ref for link in deal.client.contacts], cause)
