"""Keep the view of clients' leads from the events of leads (DEAL-17)."""

from typing import Any

from crm_contracts.conversions import LeadConverted
from crm_contracts.envelope import Envelope
from crm_contracts.leads import (
    LeadClientChanged,
    LeadCompanyUnlinked,
    LeadContactsAttached,
    LeadContactsChecked,
    LeadCreated,
    LeadDeleted,
    LeadStageChanged,
)

from services.deals.history.store import LeadsOfClients
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on

_TELLING = (
    *(LeadCreated, LeadStageChanged, LeadConverted, LeadDeleted),
    *(LeadClientChanged, LeadContactsAttached, LeadContactsChecked, LeadCompanyUnlinked),
)


def lead_history_reactions(leads: LeadsOfClients) -> Reactions:
    """Make the reactions to every event that tells of a lead's clients, or of what its stage means."""

    async def on_event(event: Envelope[Any], _: Cause) -> None:
        """Keep what it tells."""
        await leads.apply(event)

    return [on(each, on_event, name="keep_lead_of_clients") for each in _TELLING]
