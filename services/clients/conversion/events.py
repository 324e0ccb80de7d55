"""React to the conversion of a lead (LEAD-11)."""

from crm_contracts.conversions import LeadConversionRequested
from crm_contracts.envelope import Envelope

from services.clients.conversion.usecases.collaborators import Collaborators
from services.clients.conversion.usecases.resolve import resolve_lead_client
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on


def reactions(*, collaborators: Collaborators) -> Reactions:
    """Reactions of conversions."""

    async def on_lead_conversion_requested(event: Envelope[LeadConversionRequested], cause: Cause) -> None:
        """Create or link the lead's contact and company."""
        await resolve_lead_client(event.data, cause, collaborators)

    return [on(LeadConversionRequested, on_lead_conversion_requested)]
