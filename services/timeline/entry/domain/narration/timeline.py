"""Lines of bindings made by hand, beside the copy of the entry that they add or remove (TL-05)."""

from collections.abc import Iterator, Mapping
from typing import Final

from crm_contracts.envelope import Event
from crm_contracts.timeline import TimelineEntryBound, TimelineEntryUnbound

from services.timeline.entry.domain.narration.line import Line, Narrator


def _bound(event: TimelineEntryBound) -> Iterator[Line]:
    yield Line(event.element, "linked", "An entry was bound to this element", {"entry": event.entry_event_id})


def _unbound(event: TimelineEntryUnbound) -> Iterator[Line]:
    yield Line(event.element, "unlinked", "An entry was unbound from this element", {"entry": event.entry_event_id})


NARRATORS: Final[Mapping[type[Event], Narrator]] = {TimelineEntryBound: _bound, TimelineEntryUnbound: _unbound}
