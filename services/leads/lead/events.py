"""What the leads service does about the answers to its conversions."""

from crm_contracts.client_answers import LeadClientRefused, LeadClientResolved
from crm_contracts.deal_answers import LeadDealConfirmed, LeadDealRefused
from crm_contracts.deals import DealCreated
from crm_contracts.envelope import Envelope

from services.leads.lead.domain.lead import Lead
from services.leads.lead.usecases import complete_conversion, refuse_client, refuse_deal, resolve_client
from shared.elements.usecases.collaborators import DeletedClients
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on
from shared.kit.storage.repository import Repository


def reactions(*, leads: Repository[Lead], removed_clients: DeletedClients) -> Reactions:
    """Make the reactions of leads alone, over these collaborators."""

    async def on_lead_client_resolved(event: Envelope[LeadClientResolved], cause: Cause) -> None:
        await resolve_client(event.data, cause, leads=leads, removed_clients=removed_clients)

    async def on_lead_client_refused(event: Envelope[LeadClientRefused], cause: Cause) -> None:
        await refuse_client(event.data, cause, leads=leads)

    async def on_deal_created(event: Envelope[DealCreated], cause: Cause) -> None:
        asked_by = event.data.conversion
        if asked_by is not None:  # other deals concern no lead
            await complete_conversion(asked_by, event.data.element, cause, leads=leads, removed_clients=removed_clients)

    async def on_lead_deal_confirmed(event: Envelope[LeadDealConfirmed], cause: Cause) -> None:
        await complete_conversion(
            event.data.conversion, event.data.deal, cause, leads=leads, removed_clients=removed_clients
        )

    async def on_lead_deal_refused(event: Envelope[LeadDealRefused], cause: Cause) -> None:
        await refuse_deal(event.data, cause, leads=leads)

    return [
        on(LeadClientResolved, on_lead_client_resolved),
        on(LeadClientRefused, on_lead_client_refused),
        on(DealCreated, on_deal_created),
        on(LeadDealConfirmed, on_lead_deal_confirmed),
        on(LeadDealRefused, on_lead_deal_refused),
    ]
