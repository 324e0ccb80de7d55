"""React to the conversion of a lead (LEAD-11), and to new leads whose client may be known (LEAD-05)."""

from crm_contracts.conversions import LeadConversionRefused, LeadConversionRequested
from crm_contracts.envelope import Envelope
from crm_contracts.repeat_leads import LeadClientSought

from services.clients.conversion.usecases.collaborators import Collaborators
from services.clients.conversion.usecases.find_client import answer_sought_client
from services.clients.conversion.usecases.resolve import (
    CLIENT_BUSY,
    refuse_lead_client,
    release_claims,
    resolve_lead_client,
)
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on


def reactions(*, collaborators: Collaborators) -> Reactions:
    """Reactions of conversions."""

    async def on_lead_conversion_requested(event: Envelope[LeadConversionRequested], cause: Cause) -> None:
        """Create or link the lead's contact and company."""
        await resolve_lead_client(event.data, cause, collaborators)

    async def give_up(event: Envelope[LeadConversionRequested], cause: Cause) -> None:
        """Refuse the lead that has waited long enough for the conversion of another one."""
        await refuse_lead_client(event.data, CLIENT_BUSY, cause, collaborators)

    async def on_lead_conversion_refused(event: Envelope[LeadConversionRefused], _: Cause) -> None:
        """Release the claims of an attempt that has ended."""
        await release_claims(event.data, collaborators)

    async def on_lead_client_sought(event: Envelope[LeadClientSought], cause: Cause) -> None:
        """Answer whose phone or e-mail a new lead has."""
        await answer_sought_client(event.data, cause, collaborators)

    return [
        on(LeadClientSought, on_lead_client_sought),
        on(LeadConversionRequested, on_lead_conversion_requested, give_up=give_up),
        on(LeadConversionRefused, on_lead_conversion_refused),
    ]
