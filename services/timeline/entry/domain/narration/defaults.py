"""Words that follow from the type of an event alone: for one that has no others, and one that names too much."""

import re
from collections.abc import Iterator

from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import Answer, ElementAnswer, ElementEvent
from crm_contracts.values import ElementRef

from services.timeline.entry.domain.narration.line import Line


def default_lines(event: Envelope[Event]) -> Iterator[Line]:
    """Put the event's type into words, on its element or else on the subject of its envelope."""
    data = event.data
    if isinstance(data, ElementEvent | ElementAnswer):
        element = data.element
    else:
        element = ElementRef(type=_words_in(event.type)[0], id=event.subject)
    yield Line(element, "process_step" if isinstance(data, Answer) else "log_message", text_of(event.type))


def text_of(event_type: str) -> str:
    """Put a type into words, which name no element: `crm.quote.stage_changed.v1` becomes "Quote stage changed"."""
    return re.sub(r"[._]", " ", " ".join(_words_in(event_type))).strip().capitalize()


def _words_in(event_type: str) -> tuple[str, str]:
    """Return the noun of a type, and what happened."""
    noun, _, happened = re.sub(r"^crm\.|\.v\d+$", "", event_type).partition(".")
    return noun, happened
