"""Narrate events: one line for each element that an event names; of several for one element the first counts."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from crm_contracts.envelope import Envelope, Event

from services.timeline.entry.domain.narration import catalog, clients, deals, elements, leads, timeline
from services.timeline.entry.domain.narration.defaults import default_lines
from services.timeline.entry.domain.narration.line import Line, Narrator

NARRATORS: Final[Mapping[type[Event], Narrator]] = {
    **elements.NARRATORS,
    **leads.NARRATORS,
    **deals.NARRATORS,
    **clients.NARRATORS,
    **catalog.NARRATORS,
    **timeline.NARRATORS,
}
"""By event class or base class of events."""


@cache
def narrator_of(event: type[Event]) -> Narrator | None:
    """Return the narrator of the class or of its nearest base class; None where the default line applies."""
    return next((NARRATORS[each] for each in event.__mro__ if each in NARRATORS), None)


def narrate(event: Envelope[Event]) -> list[Line]:
    """Return the lines of an event, one per element."""
    narrator = narrator_of(type(event.data))
    lines: dict[tuple[str, str], Line] = {}
    for line in default_lines(event) if narrator is None else narrator(event.data):
        lines.setdefault((line.element.type, line.element.id), line)
    return list(lines.values())
