"""Project events into entries (TL-01, TL-11), and bind entries to elements by hand (TL-05)."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import Protocol

from crm_contracts.envelope import Envelope, Event
from crm_contracts.values import ElementRef

from services.timeline.entry.domain.bindings import Bindings, UnknownElement
from services.timeline.entry.domain.entry import BindingOverride, Entry
from shared.kit.domain import Cause, NotFound
from shared.kit.storage.repository import Records
from shared.kit.storage.repository_errors import IdTaken


class Projection(Protocol):
    """Storage of entries and binding overrides."""

    async def insert(self, events: Sequence[Envelope[Event]]) -> None:
        """Insert the entries of the events that have none yet."""
        ...

    async def override(self, overrides: Sequence[BindingOverride]) -> None:
        """Insert the binding overrides that are missing."""
        ...

    async def bind(self, event_ids: Collection[str]) -> None:
        """Show those of these events that are stored on the elements that they were ever bound to by hand."""
        ...


class EntriesByEvent(Protocol):
    """Look-up of the entries of an event."""

    async def of_event(self, event_id: str) -> list[Entry]:
        """Find all of them, those bound by hand included."""
        ...

    async def is_known(self, element: ElementRef) -> bool:
        """Whether any event named the element."""
        ...


async def project_events(events: Sequence[Envelope[Event]], *, entries: Projection) -> None:
    """Store the entries and binding overrides of these events; projected before, they change nothing.

    An event and its bindings come in any order, on different topics. Each is written first and the other looked up
    afterwards, so that whichever comes last shows the entry on the bound element, and neither waits.
    """
    overrides = [override for event in events if (override := BindingOverride.of(event)) is not None]
    await entries.override(overrides)
    await entries.insert(events)
    await entries.bind({event.id for event in events} | {each.event_id for each in overrides})


async def list_bindings(event_id: str, *, bindings: Records[Bindings], entries: EntriesByEvent) -> Sequence[ElementRef]:
    """Return the elements in whose timelines the entry of an event is shown.

    Raises:
        NotFound: no such entry.
    """
    named = await _named(event_id, entries)
    with suppress(NotFound):
        return (await bindings.get(Bindings.id_for(event_id))).elements(named)
    return named


async def bind_entry(
    event_id: str,
    element: ElementRef,
    cause: Cause,
    *,
    bindings: Records[Bindings],
    add: Callable[[Bindings, Cause], Awaitable[object]],
    entries: EntriesByEvent,
    bound: bool = True,
) -> Sequence[ElementRef]:
    """Bind the entry to the element, or with `bound=False` unbind it; done before, it changes nothing.

    `add` stores the first bindings of an event.

    Returns:
        The elements in whose timelines the entry is shown now.

    Raises:
        NotFound: no such entry.
        UnknownElement: no event has named the element.
        LastBinding: it would be shown nowhere.
        TooManyBindings: it is bound to as many elements as are allowed.
    """
    named = await _named(event_id, entries)
    if bound and not await entries.is_known(element):
        raise UnknownElement
    id_ = Bindings.id_for(event_id)
    try:
        await bindings.get(id_)
    except NotFound:
        with suppress(IdTaken):  # a concurrent request added them
            await add(Bindings(id=id_, event_id=event_id), cause.step("open"))
    act = Bindings.bind if bound else Bindings.unbind
    changed = await bindings.change(id_, lambda found: act(found, element, named=named), cause)
    return changed.elements(named)


async def _named(event_id: str, entries: EntriesByEvent) -> list[ElementRef]:
    named = [entry.element for entry in await entries.of_event(event_id) if not entry.bound_by_hand]
    if not named:
        message = f"There is no entry of an event {event_id}."
        raise NotFound(message)
    return named
