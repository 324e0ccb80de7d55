"""Lines of the conversion of a lead and of its client: results, and each request and answer as a `process_step`."""

from collections.abc import Iterator, Mapping
from typing import Final

from crm_contracts.client_answers import LeadClientFound, LeadClientRefused, LeadClientResolved
from crm_contracts.conversions import (
    LeadConversionRefused,
    LeadConversionRequested,
    LeadConverted,
    LeadDealRequested,
)
from crm_contracts.deal_answers import LeadDealConfirmed, LeadDealRefused
from crm_contracts.envelope import Event
from crm_contracts.repeat_leads import LeadClientSought

from services.timeline.entry.domain.narration.line import Line, Narrator, name_of

_Request = LeadConversionRequested | LeadDealRequested
_ClientAnswer = LeadClientResolved | LeadClientRefused
_DealAnswer = LeadDealRefused | LeadDealConfirmed


def _step(text: str) -> Narrator:
    def narrate(event: _Request | _ClientAnswer | _DealAnswer) -> Iterator[Line]:
        conversion = event.conversion if isinstance(event, _DealAnswer) else event
        payload = {"conversion_id": conversion.conversion_id, "attempt": conversion.attempt}
        yield Line(event.lead, "process_step", text, payload)

    return narrate


def _converted(event: LeadConverted) -> Iterator[Line]:
    """Show the conversion on the lead and on each of its results (LEAD-14)."""
    results = [ref for ref in (event.contact, event.company, event.deal) if ref is not None]
    payload = {"results": [str(ref) for ref in results], "lead": str(event.lead)}
    for ref in (event.lead, *results):
        yield Line(ref, "converted", f"Lead {name_of(event.lead)} was converted", payload)


def _conversion_refused(event: LeadConversionRefused) -> Iterator[Line]:
    payload = {"code": event.code, "attempt": event.attempt, "candidates": [str(ref) for ref in event.candidates]}
    yield Line(event.lead, "process_step", f"The conversion was refused: {event.code}", payload)


def _client_sought(event: LeadClientSought) -> Iterator[Line]:
    yield Line(event.lead, "process_step", "Its client was looked for among those who are known", {})


def _client_found(event: LeadClientFound) -> Iterator[Line]:
    payload = {"client": event.client and str(event.client), "candidates": [str(ref) for ref in event.candidates]}
    text = "No client has its phones and e-mails" if event.client is None else f"It is of {name_of(event.client)}"
    yield Line(event.lead, "process_step", text, payload)


NARRATORS: Final[Mapping[type[Event], Narrator]] = {
    LeadConversionRequested: _step("A conversion was requested"),
    LeadClientResolved: _step("The client was created or linked"),
    LeadClientRefused: _step("No client was created: there are duplicates"),
    LeadDealRequested: _step("A deal was asked for"),
    LeadDealRefused: _step("The deal was refused"),
    LeadDealConfirmed: _step("The deal was confirmed once more"),
    LeadClientSought: _client_sought,
    LeadClientFound: _client_found,
    LeadConverted: _converted,
    LeadConversionRefused: _conversion_refused,
}
