"""What an operator does about a dead letter: look at it, replay it, discard it.

The surprise: a replay never goes back to the topic, where everybody would hear the record again. The service that
failed runs its own reaction once more, in the replica that was asked, under the same cause as at first; so whatever had
worked after all is recognised as it is when a record is delivered twice.
"""

import asyncio
from collections.abc import Awaitable, Callable

from shared.kit.dead_letters.letter import as_it_was
from shared.kit.dead_letters.store import AlreadyDiscarded, DeadLetterStore
from shared.kit.domain import NotYet, Refused, Unavailable
from shared.kit.fault_points import fault_point
from shared.kit.messaging.failures import is_transient, message_of, reason_of
from shared.kit.messaging.handling import HandlingResult
from shared.kit.messaging.log_reader import Place, Record
from shared.kit.storage.documents import Document
from shared.kit.telemetry.logs import log
from shared.kit.telemetry.metrics import DEAD_LETTER_ACTIONS

Handle = Callable[[Record], Awaitable[HandlingResult]]
ReadAt = Callable[[Place], Awaitable[Record | None]]


async def passes_over(_: Record) -> HandlingResult:
    """What a service that hears nothing does with any record."""
    return HandlingResult("passed_over")


class RecordGone(Refused):
    """The log does not hold the record any more, so that nothing can be handled."""

    code = "record_gone"


class ReplayPostponed(Unavailable):
    """What the reaction depends on is away; the dead letter stays open."""

    code = "replay_postponed"


class DeadLetterService:
    """One service's operators, its register and its reactions."""

    def __init__(self, register: DeadLetterStore, *, handle: Handle, read_at: ReadAt, replay_s: float) -> None:
        """A replay is given up after `replay_s`, which is shorter than the register's lease."""
        self.register = register
        self._handle = handle
        self._read_at = read_at
        self._replay_s = replay_s

    async def record(self, entry: Document) -> Record | None:
        """The record as the service heard it, or None where the log does not hold it any more.

        Raises:
            KafkaUnavailable: the log cannot be read now.
        """
        original = entry["original"]
        if entry["truncated"]:  # too large to be parked: it stands where it always stood
            return None if original is None else await self._read_at(_place(original))
        parked = await self._read_at(Place(entry["parked_in"], 0, entry["offset"]))
        return None if parked is None else as_it_was(parked, original)

    async def replay(self, id_: str, *, by: str) -> Document:
        """Handle it once more; the entry as it is afterwards, whose last action says how that ended.

        `replayed` where the reaction succeeded, or recognised that it had before. Replayed already, it is left alone.

        Raises:
            NotFound, AlreadyDiscarded, ReplayRunning, RecordGone: it is not to be replayed, or not now.
            ReplayPostponed, KafkaUnavailable: something it needs is away; it stays open.
        """
        entry = await self.register.get(id_)
        if entry["state"] == "replayed":
            return entry
        if entry["state"] == "discarded":
            raise AlreadyDiscarded(f"The dead letter {id_} has been discarded.")
        record = await self.record(entry)
        if record is None:
            raise RecordGone(f"The log does not hold the record of {id_} any more.")
        begun = await self.register.begin_replay(id_, by=by)
        if begun is None:
            return await self.register.get(id_)
        tried = await self._try(record)
        fault_point("replayed")
        return await self._end(id_, begun["history"][-1]["id"], tried, by=by)

    async def _try(self, record: Record) -> HandlingResult:
        try:
            async with asyncio.timeout(self._replay_s):
                return await self._handle(record)
        except TimeoutError as error:
            return HandlingResult("failed", 1, error)

    async def _end(self, id_: str, attempt: str, tried: HandlingResult, *, by: str) -> Document:
        error = tried.error
        # What waits for somebody else was parked because that takes too long, and to wait again is to fail again.
        is_postponed = error is not None and is_transient(error) and not isinstance(error, NotYet)
        outcome = "postponed" if is_postponed else tried.outcome
        entry = await self.register.end_replay(
            id_,
            attempt,
            outcome=outcome,
            tries=tried.attempts,
            reason=None if error is None else reason_of(error),
            message="" if error is None else message_of(error),
        )
        _tell("replay", id_, by, outcome)
        if error is not None and is_postponed:
            raise ReplayPostponed(f"The reaction may succeed later: {reason_of(error)}.")
        return entry

    async def discard(self, id_: str, *, by: str, reason: str) -> Document:
        """It needs no handling any more; the entry as it is afterwards.

        Raises:
            NotFound, AlreadyReplayed, ReplayRunning: it cannot be discarded, or not now.
        """
        entry = await self.register.discard(id_, by=by, reason=reason)
        _tell("discard", id_, by, "done")
        return entry


def _place(original: Document) -> Place:
    return Place(original["topic"], original["partition"], original["offset"])


def _tell(action: str, id_: str, by: str, outcome: str) -> None:
    DEAD_LETTER_ACTIONS.labels(action, outcome).inc()
    log.info("dead letter", action=action, dead_letter=id_, by=by, outcome=outcome)
