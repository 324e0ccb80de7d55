"""Replay and discard dead letters.

A replay does not publish the record again, which would reach all consumers of its topic. The service that failed runs
its own reactions once more, in the replica that was asked, under the same cause as at first; so effects that happened
after all are recognised, as with any redelivery.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from shared.kit.dead_letters.errors import AlreadyDiscarded, RecordGone, ReplayPostponed
from shared.kit.dead_letters.record_mapping import moment_of, newest_copy, restore_record
from shared.kit.dead_letters.store import DeadLetterStore
from shared.kit.domain import NotYet
from shared.kit.fault_points import fault_point
from shared.kit.messaging.failures import is_transient, message_of, reason_of
from shared.kit.messaging.handling import HandlingResult
from shared.kit.messaging.log_reader import RecordPlace
from shared.kit.messaging.records import Record
from shared.kit.storage.documents import Document
from shared.kit.telemetry.logs import log
from shared.kit.telemetry.metrics import DEAD_LETTER_ACTIONS

Handle = Callable[[Record], Awaitable[HandlingResult]]
ReadAt = Callable[[RecordPlace], Awaitable[Record | None]]


async def ignore(_: Record) -> HandlingResult:
    """Ignore any record, as a service without reactions does."""
    return HandlingResult("passed_over")


class DeadLetterService:
    """Replays and discards the dead letters of one service."""

    def __init__(self, store: DeadLetterStore, *, handle: Handle, read_at: ReadAt, replay_s: float) -> None:
        """Cancel a replay after `replay_s`, which is shorter than the store's lease."""
        self.store = store
        self._handle = handle
        self._read_at = read_at
        self._replay_s = replay_s

    async def record(self, entry: Document) -> Record | None:
        """Read the record as the service consumed it; None where the log no longer has it.

        Raises:
            KafkaUnavailable: the log cannot be read now.
        """
        original = entry["original"]
        if entry["truncated"]:  # too large for the dead-letter topic: it is in its own topic only
            return None if original is None else await self._read(_place(original), original["at"])
        offset, at = newest_copy(entry)
        record = await self._read(RecordPlace(entry["parked_in"], 0, offset), at)
        return None if record is None else restore_record(record, original)

    async def _read(self, place: RecordPlace, at: datetime | None) -> Record | None:
        """Read the record of that time: a topic that was made anew has another one at its place."""
        record = await self._read_at(place)
        return None if record is None or (at is not None and moment_of(record) != at) else record

    async def replay(self, id_: str, *, by: str) -> Document:
        """Handle a record once more, and return its entry, whose last action has the outcome.

        It is `replayed` where the reactions succeed, or recognise that they did before. Once replayed, nothing is done.

        Raises:
            NotFound, AlreadyDiscarded, ReplayRunning, RecordGone: it must not be replayed, or not now.
            ReplayPostponed, KafkaUnavailable: a dependency is away; it stays open.
        """
        entry = await self.store.get(id_)
        if entry["state"] == "replayed":
            return entry
        if entry["state"] == "discarded":
            raise AlreadyDiscarded(f"The dead letter {id_} has been discarded.")
        record = await self.record(entry)
        if record is None:
            raise RecordGone(f"The log does not hold the record of {id_} any more.")
        begun = await self.store.begin_replay(id_, by=by)
        if begun is None:
            return await self.store.get(id_)
        result = await self._try(record)
        fault_point("replayed")
        return await self._end(id_, begun["history"][-1]["id"], result, by=by)

    async def _try(self, record: Record) -> HandlingResult:
        try:
            async with asyncio.timeout(self._replay_s):
                return await self._handle(record)
        except TimeoutError as error:
            return HandlingResult("failed", 1, error)

    async def _end(self, id_: str, attempt: str, result: HandlingResult, *, by: str) -> Document:
        error = result.error
        # A `NotYet` was dead-lettered because waiting takes too long: waiting again counts as a failure.
        is_postponed = error is not None and is_transient(error) and not isinstance(error, NotYet)
        outcome = "postponed" if is_postponed else result.outcome
        entry = await self.store.end_replay(
            id_,
            attempt,
            outcome=outcome,
            tries=result.attempts,
            reason=None if error is None else reason_of(error),
            message="" if error is None else message_of(error),
        )
        _report("replay", id_, by, outcome)
        if error is not None and is_postponed:
            raise ReplayPostponed(f"The reaction may succeed later: {reason_of(error)}.")
        return entry

    async def discard(self, id_: str, *, by: str, reason: str) -> Document:
        """Mark a record as not to be handled, and return its entry.

        Raises:
            NotFound, AlreadyReplayed, ReplayRunning: it cannot be discarded, or not now.
        """
        entry = await self.store.discard(id_, by=by, reason=reason)
        _report("discard", id_, by, "done")
        return entry


def _place(original: Document) -> RecordPlace:
    return RecordPlace(original["topic"], original["partition"], original["offset"])


def _report(action: str, id_: str, by: str, outcome: str) -> None:
    DEAD_LETTER_ACTIONS.labels(action, outcome).inc()
    log.info("dead letter", action=action, dead_letter=id_, by=by, outcome=outcome)
