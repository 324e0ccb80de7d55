"""What repeat leads are made by: each new lead, and the answer to whose it is (LEAD-05)."""

from crm_contracts.client_answers import LeadClientFound
from crm_contracts.envelope import Envelope
from crm_contracts.leads import LeadCreated

from services.leads.lead.domain.lead import Lead
from services.leads.repeat_lead.usecases import CurrentSettings, EarlierLeads, ask_for_client, link_found_client
from shared.kit.domain import Cause
from shared.kit.messaging.answers import Answers
from shared.kit.messaging.reactions import Reactions, on
from shared.kit.storage.repository import Repository


def reactions(
    *, leads: Repository[Lead], settings: CurrentSettings, earlier_leads: EarlierLeads, answers: Answers
) -> Reactions:
    """Make the reactions, over these collaborators."""

    async def on_lead_created(event: Envelope[LeadCreated], cause: Cause) -> None:
        # Whichever way it came in: over HTTP alone, in a batch, by its origin, by a form.
        await ask_for_client(event.data.lead, event.time, cause, settings=settings, answers=answers)

    async def on_lead_client_found(event: Envelope[LeadClientFound], cause: Cause) -> None:
        await link_found_client(event.data, cause, leads=leads, earlier_leads=earlier_leads)

    return [on(LeadCreated, on_lead_created), on(LeadClientFound, on_lead_client_found)]
