"""What the deals service does about leads that are converted."""

from functools import partial

from crm_contracts.client_answers import LeadClientResolved
from crm_contracts.conversions import LeadDealRequested
from crm_contracts.envelope import Envelope

from services.deals.deal.domain.deal import Deal
from services.deals.deal.domain.order import DealOrder
from services.deals.deal.domain.refusal import Refusal
from services.deals.deal.usecases import DealCollaborators, PipelinesNow, open_deal_for_lead
from shared.kit.domain import Cause
from shared.kit.messaging.answers import Answers
from shared.kit.messaging.reactions import Reactions, on
from shared.kit.storage.repository import Repository


def reactions(
    *,
    deals: Repository[Deal],
    refusals: Repository[Refusal],
    pipelines: PipelinesNow,
    collaborators: DealCollaborators,
    answers: Answers,
) -> Reactions:
    """Make the reactions of deals alone, over these collaborators."""
    open_deal = partial(
        open_deal_for_lead,
        deals=deals,
        refusals=refusals,
        pipelines=pipelines,
        collaborators=collaborators,
        answers=answers,
    )

    async def on_lead_deal_requested(event: Envelope[LeadDealRequested], cause: Cause) -> None:
        await open_deal(DealOrder.of_lead(event.data), cause)

    async def on_lead_client_resolved(event: Envelope[LeadClientResolved], cause: Cause) -> None:
        if event.data.deal is not None:  # else there is to be no deal, or the lead asks for it
            await open_deal(DealOrder.of_clients(event.data, event.data.deal), cause)

    return [on(LeadDealRequested, on_lead_deal_requested), on(LeadClientResolved, on_lead_client_resolved)]
