"""What the deals service does about requests of leads."""

from crm_contracts.conversions import LeadDealRequested
from crm_contracts.envelope import Envelope

from services.deals.deal.domain.deal import Deal
from services.deals.deal.domain.refusal import Refusal
from services.deals.deal.usecases import open_deal_for_lead
from shared.elements.usecases.collaborators import Collaborators
from shared.kit.domain import Cause
from shared.kit.messaging.answers import Answers
from shared.kit.messaging.reactions import Reactions, on
from shared.kit.storage.repository import Repository


def reactions(
    *, deals: Repository[Deal], refusals: Repository[Refusal], collaborators: Collaborators, answers: Answers
) -> Reactions:
    """Make the reactions of deals alone, over these collaborators."""

    async def on_lead_deal_requested(event: Envelope[LeadDealRequested], cause: Cause) -> None:
        await open_deal_for_lead(
            event.data, cause, deals=deals, refusals=refusals, collaborators=collaborators, answers=answers
        )

    return [on(LeadDealRequested, on_lead_deal_requested)]
