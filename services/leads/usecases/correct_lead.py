"""Fields of a lead are corrected (LEAD-10)."""

from collections.abc import Callable, Mapping
from typing import Any

from crm_contracts.values import Client

from services.leads.domain.lead import Lead
from shared.elements.departures import Departures
from shared.kit.domain import Cause
from shared.kit.repository import Repository


async def correct_lead(
    id_: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    leads: Repository[Lead],
    departures: Departures[Lead],
    client: Callable[[Client], Client] | None = None,
    expected_version: int | None = None,
) -> Lead:
    """Set the given fields, and the Client field by its rule; values that stand there already are no change.

    Raises:
        NotFound: no such lead.
        Stale: the caller's copy is old.
        ConversionRunning: a client was given while the lead is being converted; then no field changes either.
    """

    def correct(lead: Lead) -> None:
        lead.correct(changes, by=cause.actor, at=cause.at)
        if client is not None:
            lead.set_client(client(lead.client), by=cause.actor, at=cause.at)

    lead = await leads.change(id_, correct, cause, expected_version=expected_version)
    contacts = [link.ref for link in lead.client.contacts] if client else []
    return await departures.present(lead, contacts, cause)
