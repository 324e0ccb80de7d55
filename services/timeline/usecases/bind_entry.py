"""An entry is bound to one more element by hand (TL-05)."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from crm_contracts.values import ElementRef

from services.timeline.domain.bindings import Bindings
from services.timeline.domain.entry import Entry
from shared.kit.domain import Cause, NotFound
from shared.kit.storage.repository import IdTaken, Repository


class EntriesOfEvents(Protocol):
    """Knows which entries an event made."""

    async def of_event(self, event_id: str) -> list[Entry]:
        """All of them, those bound by hand included."""
        ...


async def bind_entry(
    event_id: str,
    element: ElementRef,
    cause: Cause,
    *,
    bindings: Repository[Bindings],
    entries: EntriesOfEvents,
    bound: bool = True,
) -> Sequence[ElementRef]:
    """Bind the entry to the element, or with `bound=False` unbind it; as it is already, nothing changes.

    Returns:
        The elements in whose timelines the entry shows now.

    Raises:
        NotFound: no such entry.
        LastBinding: it would show nowhere.
    """
    told = [entry.element for entry in await entries.of_event(event_id) if not entry.bound_by_hand]
    if not told:
        message = f"There is no entry of an event {event_id}."
        raise NotFound(message)
    id_ = Bindings.id_for(event_id)
    if await bindings.find(id_) is None:
        with suppress(IdTaken):  # somebody else opened it just now
            await bindings.add(Bindings(id=id_, event_id=event_id), cause.step("open"))
    act = Bindings.bind if bound else Bindings.unbind
    changed = await bindings.change(id_, lambda found: act(found, element, told=told), cause)
    return changed.elements(told)
