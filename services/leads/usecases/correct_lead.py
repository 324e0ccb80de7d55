"""Fields of a lead are corrected (LEAD-10)."""

from collections.abc import Callable, Mapping
from typing import Any

from crm_contracts.client_field import Client

from services.leads.domain.lead import Lead
from shared.elements.store.removed_clients import RemovedClients
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def correct_lead(
    id_: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    leads: Repository[Lead],
    removed_clients: RemovedClients[Lead],
    client: Callable[[Client], Client] | None = None,
    expected_version: int | None = None,
) -> Lead:
    """Set the given fields, and the Client field by its rule; values that stand there already are no change.

    Raises:
        NotFound: no such lead.
        VersionMismatch: the caller's copy is old.
        ConversionRunning: a client was given while the lead is being converted; then no field changes either.
    """

    def correct(lead: Lead) -> None:
        lead.correct(changes, by=cause.actor, at=cause.at)
        if client is not None:
            lead.set_client(client(lead.client), by=cause.actor, at=cause.at)

    lead = await leads.change(id_, correct, cause, expected_version=expected_version)
    contacts = [link.ref for link in lead.client.contacts] if client else []
    return await removed_clients.without_removed(lead, contacts, cause)
