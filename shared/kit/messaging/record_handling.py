"""Handle one record: parse it, run its reactions, dead-letter it where they can never succeed."""

from collections.abc import Iterable
from time import monotonic

from crm_contracts.envelope import Envelope, Event, MalformedEvent

from shared.kit.domain import NotYet
from shared.kit.messaging.dead_letter_publisher import DeadLetterPublisher
from shared.kit.messaging.failures import is_transient
from shared.kit.messaging.handling import EventHandler, HandlingResult, Parse
from shared.kit.messaging.records import Record
from shared.kit.telemetry.logs import log, logged_with
from shared.kit.telemetry.metrics import HANDLED, IGNORED
from shared.kit.telemetry.spans import record_outcome
from shared.kit.telemetry.tracing import Traces


class Redeliver(Exception):
    """A dependency of the reaction stays away: the whole batch is to be delivered again."""


class Postpone(Exception):
    """The reaction waits for another event: the record and all later ones of its key are to be tried again."""


class RecordHandler:
    """Handles the records of one consumer group."""

    def __init__(
        self,
        handler: EventHandler,
        dead_letters: DeadLetterPublisher,
        *,
        group: str,
        parse: Parse,
        traces: Traces,
        known: Iterable[str],
    ) -> None:
        """Skip records of a `known` type without a reaction unread."""
        self._handler = handler
        self._dead_letters = dead_letters
        self._group = group
        self._parse = parse
        self._traces = traces
        self._without_reaction = {ce_type.encode() for ce_type in {*known} - {e.ce_type for e in handler.events}}

    async def handle(self, record: Record, *, is_last_try: bool = False) -> None:
        """Handle a record, or dead-letter it with the reason.

        Raises:
            Postpone: it waits for another event, and this is not the last try.
            Redeliver: it may succeed later.
        """
        if self._is_skipped(record):
            return
        try:
            envelope = self._parse(record.headers, record.value)
        except MalformedEvent as error:
            await self._dead_letters.publish(record, error, attempts=1)
            return
        if envelope is None:
            IGNORED.labels(record.topic).inc()
            return
        if not self._handler.reacts_to(envelope):
            return
        started = monotonic()
        outcome = "failed"
        with self._traces.processing(envelope, record, self._group), logged_with(envelope.correlation_id, envelope.id):
            try:
                outcome = await self._react(record, envelope, is_last_try=is_last_try)
            finally:
                record_outcome(outcome)
                HANDLED.labels(envelope.type, outcome).observe(monotonic() - started)

    async def handle_again(self, record: Record) -> HandlingResult:
        """Handle a dead-lettered record once more, under the same causes, and never dead-letter it again.

        It may run beside newer records of its key, and after them: reactions allow for both.
        """
        try:
            envelope = self._parse(record.headers, record.value)
        except MalformedEvent as error:
            return HandlingResult("failed", 1, error)
        if envelope is None or not self._handler.reacts_to(envelope):
            return HandlingResult("passed_over")
        with self._traces.processing(envelope, record, self._group), logged_with(envelope.correlation_id, envelope.id):
            result = await self._handler.handle(envelope)
            record_outcome(result.outcome)
            return result

    def _is_skipped(self, record: Record) -> bool:
        types = [value for name, value in record.headers if name == "ce_type"]
        return len(types) == 1 and types[0] in self._without_reaction

    async def _react(self, record: Record, envelope: Envelope[Event], *, is_last_try: bool) -> str:
        result = await self._handler.handle(envelope, is_last_try=is_last_try)
        error = result.error
        if error is None:
            return result.outcome
        waits = isinstance(error, NotYet)
        if not is_transient(error) or (waits and is_last_try):
            await self._dead_letters.publish(record, error, attempts=result.attempts)
            return "parked"
        log.warning("reaction postponed", type=envelope.type, error=type(error).__name__)
        raise (Postpone if waits else Redeliver) from error
