"""Project events into entries (TL-01, TL-11), show them (TL-12), and bind them to elements by hand (TL-05)."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import Final, Protocol

from crm_contracts.envelope import Envelope, Event
from crm_contracts.values import ElementRef

from services.timeline.access.usecases import AccessOfElements, FindReadable
from services.timeline.entry.domain.bindings import Bindings, UnknownElement
from services.timeline.entry.domain.entry import BindingOverride, Entry
from services.timeline.entry.domain.masking import masked
from shared.kit.domain import Cause, NotFound
from shared.kit.storage.repository import Records
from shared.kit.storage.repository_errors import IdTaken

NAMELESS: Final = ""
"""An id that no element has: what may not be read is looked for by it, so that it is answered as what is not there."""


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


class EntriesByElement(Protocol):
    """Look-up of the timeline of an element."""

    async def page(
        self, element: ElementRef, kinds: Sequence[str] | None, *, with_named: bool, limit: int, cursor: str | None
    ) -> tuple[list[tuple[Entry, set[str]]], str | None]:
        """Read a page of entries, newest first; `with_named` adds the other elements that the text of each may name."""
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


async def list_entries(
    element: ElementRef,
    kinds: Sequence[str] | None,
    *,
    entries: EntriesByElement,
    accessed: AccessOfElements,
    readable: FindReadable | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[Entry], str | None]:
    """Read a page of the timeline of an element, with what its entries say of others that may not be read masked.

    What the caller may not read has the timeline of an element that no event named (TL-12), and so has what was deleted
    with its timeline (DEAL-19, LEAD-21).
    """
    if await accessed.is_deleted(element) or (readable is not None and not await readable([str(element)])):
        element = element.model_copy(update={"id": NAMELESS})
    found, more = await entries.page(element, kinds, with_named=readable is not None, limit=limit, cursor=cursor)
    others = set[str]().union(*(named for _, named in found))
    hidden = others - await readable(others) if readable is not None and others else set()
    return [masked(entry) if named & hidden else entry for entry, named in found], more


async def list_bindings(
    event_id: str, *, bindings: Records[Bindings], entries: EntriesByEvent, readable: FindReadable | None
) -> Sequence[ElementRef]:
    """Return the elements in whose timelines the entry of an event is shown, as far as the caller may read them.

    Raises:
        NotFound: no such entry, or none that the caller may read.
    """
    shown = await _shown(event_id, await _named(event_id, entries), bindings)
    return _some(event_id, await _readable(shown, readable))


async def bind_entry(
    event_id: str,
    element: ElementRef,
    cause: Cause,
    *,
    bindings: Records[Bindings],
    add: Callable[[Bindings, Cause], Awaitable[object]],
    entries: EntriesByEvent,
    accessed: AccessOfElements,
    readable: FindReadable | None,
    check: Callable[[ElementRef], Awaitable[None]],
    bound: bool = True,
) -> Sequence[ElementRef]:
    """Bind the entry to the element, or with `bound=False` unbind it; done before, it changes nothing.

    `add` stores the first bindings of an event; `check` raises where the caller may read the element but not change it.
    Returned are the elements in whose timelines the entry is shown now, as far as the caller may read them.

    Raises:
        NotFound: no such entry, or none that the caller may read.
        UnknownElement: no event has named the element, the caller may not read it, or it was deleted.
        LastBinding: it would be shown nowhere.
        TooManyBindings: it is bound to as many elements as are allowed.
    """
    named = await _named(event_id, entries)
    if readable is not None:
        before = _some(event_id, await _readable(await _shown(event_id, named, bindings), readable))
        if not await readable([str(element)]):
            if bound:
                raise UnknownElement
            return before
        await check(element)
    if bound and (await accessed.is_deleted(element) or not await entries.is_known(element)):
        raise UnknownElement
    id_ = Bindings.id_for(event_id)
    await _add_first(Bindings(id=id_, event_id=event_id), cause, bindings, add)
    act = Bindings.bind if bound else Bindings.unbind
    changed = await bindings.change(id_, lambda found: act(found, element, named=named), cause)
    return await _readable(changed.elements(named), readable)


async def _add_first(
    first: Bindings, cause: Cause, bindings: Records[Bindings], add: Callable[[Bindings, Cause], Awaitable[object]]
) -> None:
    try:
        await bindings.get(first.id)
    except NotFound:
        with suppress(IdTaken):  # a concurrent request added them
            await add(first, cause.step("open"))


async def _named(event_id: str, entries: EntriesByEvent) -> Sequence[ElementRef]:
    named = [entry.element for entry in await entries.of_event(event_id) if not entry.bound_by_hand]
    return _some(event_id, named)


async def _shown(event_id: str, named: Sequence[ElementRef], bindings: Records[Bindings]) -> Sequence[ElementRef]:
    """Return where the entry is shown: on the elements that its event names, but for what was changed by hand."""
    with suppress(NotFound):
        return (await bindings.get(Bindings.id_for(event_id))).elements(named)
    return named


async def _readable(elements: Sequence[ElementRef], readable: FindReadable | None) -> Sequence[ElementRef]:
    if readable is None:
        return elements
    found = await readable(map(str, elements))
    return [each for each in elements if str(each) in found]


def _some(event_id: str, elements: Sequence[ElementRef]) -> Sequence[ElementRef]:
    if not elements:
        message = f"There is no entry of an event {event_id}."
        raise NotFound(message)
    return elements
