"""A lead is converted into a contact, a company, a deal (LEAD-11 to LEAD-14)."""

from collections.abc import Callable

from services.leads.domain.conversion import ConversionRequest
from services.leads.domain.lead import Lead
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def convert_lead(
    id_: str, wish: ConversionRequest, cause: Cause, *, leads: Repository[Lead], new_id: Callable[[], str]
) -> Lead:
    """Begin the conversion; the rest comes by events. Any number of repeats and parallel calls begin it once.

    Raises:
        RepeatLeadOnlyDeal: more than a deal of a repeat lead.
        ConversionRunning: another wish while one is under way.
        LeadAlreadyConverted: another wish after the end.
        LeadTooLarge: it does not fit into an event.
    """
    return await leads.change(
        id_,
        lambda lead: lead.start_conversion(
            wish,
            new_id=new_id,
            by=cause.actor,
            at=cause.at,
            correlation_id=cause.correlation_id,
            traceparent=cause.traceparent,
        ),
        cause,
    )
