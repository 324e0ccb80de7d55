"""Run a verification: wait until everything is published and consumed, read the log, read the data, judge.

It looks twice, and only what is found both times counts: while a system runs, its log and its databases differ.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from typing import Final

from pydantic import ValidationError

from deploy.verify.access import Access
from deploy.verify.aggregates import STORED
from deploy.verify.board_counts import BoardCounts
from deploy.verify.bulk_runs import RUNNING_SERVICES, BulkRuns
from deploy.verify.conversions import Conversions
from deploy.verify.findings import Finding, Report
from deploy.verify.invariant import READ_FIELDS, Invariant, Stored
from deploy.verify.links import Links
from deploy.verify.log import Ends, FirstOccurrences
from deploy.verify.names import NAMING_SERVICES, Names
from deploy.verify.outbox import Outbox
from deploy.verify.progress import Progress, Strides, no_progress
from deploy.verify.recurrences import Recurrences
from deploy.verify.removed_clients import RemovedClients
from deploy.verify.sequences import Sequences
from deploy.verify.stages import Stages
from deploy.verify.state import State
from deploy.verify.target import Opened, Target, open_system
from deploy.verify.timeline import Timeline
from services.deals.board.store import BOARD_CELLS
from services.timeline.access.store import ACCESSED
from services.timeline.entry.store.documents import entries_in
from services.timeline.entry.store.versions import live_collections
from shared.elements.store.client_names import CLIENT_NAMES
from shared.kit.runs.store import OUTCOMES, RUNS

READING: Final = "reading"
_INVARIANTS: Final = (
    *(Sequences, State, Conversions, Recurrences, Stages, Links, RemovedClients, Names, Timeline, Access, Outbox),
    *(BulkRuns, BoardCounts),
)
PROMISES: Final = {
    READING: "every service has read the topics that it consumes, to their ends",
    **{each.name: each.promise for each in _INVARIANTS},
}
"""Promises by the name of the invariant."""

PAUSE_S: Final = 2.0
_LOOK_S: Final = 0.2
_QUIET_LOOKS: Final = 5


async def verify(
    target: Target, *, progress: Progress = no_progress, patience_s: float = 60.0, pause_s: float = PAUSE_S
) -> Report:
    """Check every invariant.

    Args:
        target: the databases and topics.
        progress: opened for each step, to show how far it is.
        patience_s: how long to wait for unpublished and unread events; what takes longer is reported as stuck.
        pause_s: how long to wait before the second look.

    Raises:
        LogAway, NothingToVerify: the servers do not answer.
    """
    async with open_system(target) as system:
        began = await _settle(system, patience_s)
        report = await _look(system, began, progress, patience_s)
        if not report.broken:
            return report
        await asyncio.sleep(pause_s)
        again = await _look(system, began, progress, patience_s)
        persisting = sorted({*report.broken} & {*again.broken})
        return Report(persisting, again.checked, again.counts)


async def _settle(system: Opened, patience_s: float) -> Ends:
    """Wait until everything is published and read, or the patience is over; return the ends of topics before that."""
    began = last = await system.log.ends()
    deadline, quiet = monotonic() + patience_s, 0
    while quiet < _QUIET_LOOKS and monotonic() < deadline:
        await asyncio.sleep(_LOOK_S)
        ends = await system.log.ends()
        is_quiet = ends == last and not await system.log.unread(ends) and not await _is_at_work(system)
        quiet, last = quiet + 1 if is_quiet else 0, ends
    return began


async def _is_at_work(system: Opened) -> bool:
    """Return whether events wait to be published, or cells to be counted."""
    for each in STORED:
        if await system.collection(each.service, each.collection).count({"due": {"$exists": True}}, limit=1):
            return True
    return bool(await system.collection("deals", BOARD_CELLS).count({"due": {"$exists": True}}, limit=1))


async def _look(system: Opened, began: Ends, progress: Progress, patience_s: float) -> Report:
    now, patience = await system.databases["leads"].now(), timedelta(seconds=patience_s)
    timeline, names, access, runs, board = Timeline(), Names(), Access(), BulkRuns(now=now), BoardCounts()
    invariants: Sequence[Invariant] = (
        Sequences(),
        State(),
        Conversions(now=now, patience=patience),
        Recurrences(now=now, patience=patience),
        Stages(now=now, patience=patience),
        Links(now=now, patience=patience),
        RemovedClients(),
        Outbox(now=now),
        names,
        timeline,
        access,
        runs,
        board,
    )
    # The log first: documents know whatever it holds, and what they know beyond it waits in their outboxes.
    events = await _read_events(system, invariants, progress)
    await _read_documents(system, invariants, progress)
    await _read_names(system, names, progress)
    await _read_runs(system, runs, progress)
    await _read_cells(system, board, progress)
    await _read_entries(system, timeline, progress)
    await _read_elements(system, access, progress)
    broken = [finding for invariant in invariants for finding in invariant.broken()]
    broken += [
        Finding(READING, service, f"events still to be read: {number}")
        for service, number in (await system.log.unread(began)).items()
    ]
    counts = sum((invariant.counts for invariant in invariants), events)
    checked = {READING: sum(began.values()), **{each.name: each.checked for each in invariants}}
    return Report(sorted(broken), checked, dict(counts))


async def _read_events(system: Opened, invariants: Iterable[Invariant], progress: Progress) -> Counter[str]:
    first, ends = FirstOccurrences(), await system.log.ends()
    with progress("Reading topics", sum(ends.values())) as advance:
        async for records in system.log.batches(ends):
            for event in first.of(records):
                for invariant in invariants:
                    invariant.take_event(event)
            advance(len(records))
    return first.counts


async def _read_documents(system: Opened, invariants: Iterable[Invariant], progress: Progress) -> None:
    collections = {each: system.collection(each.service, each.collection) for each in STORED}
    total = sum([await collection.count({}) for collection in collections.values()])
    with progress("Reading documents", total) as advance:
        strides = Strides(advance)
        for type_, collection in collections.items():
            async for document in collection.walk(fields=READ_FIELDS):
                stored = Stored(type_, document)
                for invariant in invariants:
                    with suppress(ValidationError):  # State reports a document that cannot be read
                        invariant.take_document(stored)
                strides.one()


async def _read_names(system: Opened, names: Names, progress: Progress) -> None:
    collections = {service: system.collection(service, CLIENT_NAMES) for service in NAMING_SERVICES}
    total = sum([await collection.count({}) for collection in collections.values()])
    with progress("Reading names of clients", total) as advance:
        strides = Strides(advance)
        for service, collection in collections.items():
            async for document in collection.walk():
                names.take_name(service, document)
                strides.one()


async def _read_runs(system: Opened, runs: BulkRuns, progress: Progress) -> None:
    """Read runs before their outcomes, which are stored before they are counted."""
    with progress("Reading runs", len(RUNNING_SERVICES)) as advance:
        for service in RUNNING_SERVICES:
            async for run in system.collection(service, RUNS).walk(fields={"inbox": 0, "ids": 0}):
                runs.take_run(run)
            async for row in system.collection(service, OUTCOMES).walk(
                fields={"run": 1, "id": 1, "status": 1, "before": 1}
            ):
                runs.take_outcome(row)
            advance(1)


async def _read_cells(system: Opened, board: BoardCounts, progress: Progress) -> None:
    cells = system.collection("deals", BOARD_CELLS)
    with progress("Reading counts of the board", await cells.count({})) as advance:
        strides = Strides(advance)
        async for document in cells.walk():
            board.take_cell(document)
            strides.one()


async def _read_entries(system: Opened, timeline: Timeline, progress: Progress) -> None:
    entries, _ = await live_collections(system.databases["timeline"])
    with progress("Reading timelines", await entries.count({})) as advance:
        strides = Strides(advance)
        async for document in entries.walk():
            for entry in entries_in(document):
                timeline.take_entry(entry)
            strides.one()


async def _read_elements(system: Opened, access: Access, progress: Progress) -> None:
    elements = system.collection("timeline", ACCESSED)
    with progress("Reading what timeline knows of elements", await elements.count({})) as advance:
        strides = Strides(advance)
        async for document in elements.walk():
            access.take_element(document)
            strides.one()
