"""Fields of a deal are corrected (DEAL-01)."""

from collections.abc import Callable, Mapping
from typing import Any

from crm_contracts.client_field import Client

from services.deals.domain.deal import Deal
from shared.elements.store.removed_clients import RemovedClients
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def correct_deal(
    id_: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    deals: Repository[Deal],
    removed_clients: RemovedClients[Deal],
    client: Callable[[Client], Client] | None = None,
    expected_version: int | None = None,
) -> Deal:
    """Set the given fields, and the Client field by its rule; values that stand there already are no change.

    Raises:
        NotFound: no such deal.
        VersionMismatch: the caller's copy is old.
    """

    def correct(deal: Deal) -> None:
        deal.correct(changes, by=cause.actor, at=cause.at)
        if client is not None:
            deal.set_client(client(deal.client), by=cause.actor, at=cause.at)

    deal = await deals.change(id_, correct, cause, expected_version=expected_version)
    contacts = [link.ref for link in deal.client.contacts] if client else []
    return await removed_clients.without_removed(deal, contacts, cause)
