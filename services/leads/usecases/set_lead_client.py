"""The Client field of a lead is set, as a whole or contact by contact (LEAD-03, CLI-06, CLI-07)."""

from collections.abc import Callable

from crm_contracts.client_field import Client

from services.leads.domain.lead import Lead
from shared.elements.store.removed_clients import RemovedClients
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def set_lead_client(
    id_: str,
    change: Callable[[Client], Client],
    cause: Cause,
    *,
    leads: Repository[Lead],
    removed_clients: RemovedClients[Lead],
    as_whole: bool,
    expected_version: int | None = None,
) -> Lead:
    """Apply a rule of the Client field; `as_whole` leaves a repeat lead behind where a client is set.

    Raises:
        ConversionRunning: the lead is being converted.
    """
    lead = await leads.change(
        id_,
        lambda lead: lead.set_client(change(lead.client), by=cause.actor, at=cause.at, as_whole=as_whole),
        cause,
        expected_version=expected_version,
    )
    return await removed_clients.without_removed(lead, [link.ref for link in lead.client.contacts], cause)
