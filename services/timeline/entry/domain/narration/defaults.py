"""The line of an event that has no words of its own."""

import re
from collections.abc import Iterator

from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import Answer, ElementAnswer, ElementEvent
from crm_contracts.values import ElementRef

from services.timeline.entry.domain.narration.line import Line


def default_lines(event: Envelope[Event]) -> Iterator[Line]:
    """Put the event's type into words, on its element or else on the subject of its envelope.

    `crm.quote.stage_changed.v1` becomes "Quote stage changed".
    """
    noun, _, happened = re.sub(r"^crm\.|\.v\d+$", "", event.type).partition(".")
    data = event.data
    if isinstance(data, ElementEvent | ElementAnswer):
        element = data.element
    else:
        element = ElementRef(type=noun, id=event.subject)
    text = re.sub(r"[._]", " ", f"{noun} {happened}").strip().capitalize()
    yield Line(element, "process_step" if isinstance(data, Answer) else "log_message", text)
