"""What the deals service does about its own templates: it makes the deals that are due (DEAL-15)."""

from crm_contracts.envelope import Envelope
from crm_contracts.recurrences import DealRecurringDue

from services.deals.deal.domain.deal import Deal
from services.deals.deal.usecases import DealCollaborators, PipelinesNow
from services.deals.recurring.usecases import make_due_deal
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on
from shared.kit.storage.repository import Repository


def reactions(*, deals: Repository[Deal], pipelines: PipelinesNow, collaborators: DealCollaborators) -> Reactions:
    """Make the reactions of templates, over these collaborators."""

    async def on_deal_recurring_due(event: Envelope[DealRecurringDue], cause: Cause) -> None:
        await make_due_deal(event.data, cause, deals=deals, pipelines=pipelines, collaborators=collaborators)

    return [on(DealRecurringDue, on_deal_recurring_due)]
