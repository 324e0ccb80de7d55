"""A verification from beginning to end: wait until nothing is in the air, read the log, read the data, judge.

The surprise: what is found is looked for once more, and only what is found both times counts: a system that runs is
never quite the same in the log and in the databases.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from typing import Final

from pydantic import ValidationError
from rich.console import Console

from deploy.cli.progress import Advance, bar
from deploy.verify.conversions import Conversions
from deploy.verify.findings import Finding, Report
from deploy.verify.invariant import OWN_FIELDS, Invariant, Seen
from deploy.verify.kinds import KINDS
from deploy.verify.links import Links
from deploy.verify.log import Ends, FirstOccurrences
from deploy.verify.outbox import Outbox
from deploy.verify.removed_clients import RemovedClients
from deploy.verify.sequences import Sequences
from deploy.verify.state import State
from deploy.verify.target import Opened, Where, open_system
from deploy.verify.timeline import Timeline
from services.timeline.entry.domain.entry import Entry
from services.timeline.entry.store.versions import live_collections

READING: Final = "reading"
PROMISES: Final = {
    READING: "what stands on the topics has been read by every service that hears them",
    **{kind.name: kind.promise for kind in (Sequences, State, Conversions, Links, RemovedClients, Timeline, Outbox)},
}
"""What is promised, by the name of the invariant."""

PAUSE_S: Final = 2.0
_LOOK_S: Final = 0.2
_QUIET_LOOKS: Final = 5
_STRIDE: Final = 200


async def verify(where: Where, *, console: Console, patience_s: float = 60.0, pause_s: float = PAUSE_S) -> Report:
    """Check every invariant.

    Args:
        where: the databases and topics.
        console: gets a progress bar, if it is a terminal.
        patience_s: how long to wait for what is in the air; what is in progress for longer than that stands still.
        pause_s: how long to wait before what was found is looked for once more.

    Raises:
        LogAway, NothingToVerify: the servers do not answer.
    """
    async with open_system(where) as system:
        began = await _settle(system, patience_s)
        report = await _look(system, began, console, patience_s)
        if not report.broken:
            return report
        await asyncio.sleep(pause_s)
        again = await _look(system, began, console, patience_s)
        persisting = sorted({*report.broken} & {*again.broken})
        return Report(persisting, again.checked, again.counts)


async def _settle(system: Opened, patience_s: float) -> Ends:
    """Wait until all is read and published, or the patience is over; where the topics ended at the beginning."""
    began = last = await system.log.ends()
    deadline, quiet = monotonic() + patience_s, 0
    while quiet < _QUIET_LOOKS and monotonic() < deadline:
        await asyncio.sleep(_LOOK_S)
        ends = await system.log.ends()
        is_quiet = ends == last and not await system.log.unread(ends) and not await _publishing(system)
        quiet, last = quiet + 1 if is_quiet else 0, ends
    return began


async def _publishing(system: Opened) -> bool:
    for kind in KINDS:
        if await system.collection(kind.service, kind.collection).count({"due": {"$exists": True}}, limit=1):
            return True
    return False


async def _look(system: Opened, began: Ends, console: Console, patience_s: float) -> Report:
    now, patience = await system.databases["leads"].now(), timedelta(seconds=patience_s)
    timeline = Timeline()
    invariants: Sequence[Invariant] = (
        Sequences(),
        State(),
        Conversions(now=now, patience=patience),
        Links(now=now, patience=patience),
        RemovedClients(),
        Outbox(now=now),
        timeline,
    )
    # The log first: whatever it holds, the documents know; what they know beyond it waits in their outboxes.
    events = await _hear(system, invariants, console)
    await _see(system, invariants, console)
    await _see_entries(system, timeline, console)
    broken = [finding for invariant in invariants for finding in invariant.broken()]
    broken += [
        Finding(READING, service, f"{number} events are still to be read")
        for service, number in (await system.log.unread(began)).items()
    ]
    counts = sum((invariant.counts for invariant in invariants), events)
    checked = {READING: sum(began.values()), **{each.name: each.checked for each in invariants}}
    return Report(sorted(broken), checked, dict(counts))


async def _hear(system: Opened, invariants: Iterable[Invariant], console: Console) -> Counter[str]:
    first, ends = FirstOccurrences(), await system.log.ends()
    with bar("Reading topics", sum(ends.values()), console) as advance:
        async for records in system.log.batches(ends):
            for event in first.of(records):
                for invariant in invariants:
                    invariant.subscribe(event)
            advance(len(records))
    return first.counts


async def _see(system: Opened, invariants: Iterable[Invariant], console: Console) -> None:
    collections = {kind: system.collection(kind.service, kind.collection) for kind in KINDS}
    total = sum([await collection.count({}) for collection in collections.values()])
    with bar("Reading documents", total, console) as advance:
        strides = _Strides(advance)
        for kind, collection in collections.items():
            async for document in collection.walk(fields=OWN_FIELDS):
                seen = Seen(kind, document)
                for invariant in invariants:
                    with suppress(ValidationError):  # a document that cannot be read is told of by State
                        invariant.see(seen)
                strides.one()


async def _see_entries(system: Opened, timeline: Timeline, console: Console) -> None:
    entries, _ = await live_collections(system.databases["timeline"])
    with bar("Reading timelines", await entries.count({}), console) as advance:
        strides = _Strides(advance)
        async for document in entries.walk():
            timeline.see_entry(Entry.model_validate({**document, "id": document["_id"]}))
            strides.one()


class _Strides:
    """Moves a bar only now and then: it costs more than what it shows."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._done = 0

    def one(self) -> None:
        self._done += 1
        if self._done % _STRIDE == 0:
            self._advance(_STRIDE)
