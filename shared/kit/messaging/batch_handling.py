"""Handle a whole batch of records at once, where a service has a handler for that."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from time import monotonic
from typing import Any

from crm_contracts.envelope import Envelope

from shared.kit.messaging.failures import reason_of
from shared.kit.messaging.handling import EventHandler, Parse
from shared.kit.messaging.records import Record
from shared.kit.telemetry.metrics import HANDLED, IGNORED
from shared.kit.telemetry.spans import record_failure, record_outcome
from shared.kit.telemetry.tracing import Traces

BatchHandler = Callable[[Sequence[Envelope[Any]]], Awaitable[None]]
"""Does for many events at once what their reactions would do one by one, in any order."""


class BatchAttempt:
    """Tries the batch handler with all records; where it fails, the reactions find out which record is at fault."""

    def __init__(
        self, handle: BatchHandler | None, handler: EventHandler, *, group: str, parse: Parse, traces: Traces
    ) -> None:
        """Give only the events to `handle` that `handler` reacts to."""
        self._handle = handle
        self._handler = handler
        self._group = group
        self._parse = parse
        self._traces = traces

    async def handle(self, records: Sequence[Record]) -> bool:
        """Handle the records; False where there is no batch handler, or one of them cannot be handled so."""
        if self._handle is None:
            return False
        try:
            parsed = [(record, self._parse(record.headers, record.value)) for record in records]
        except Exception:  # noqa: BLE001 - in its lane the record is dead-lettered, or redelivered
            return False
        started = monotonic()
        mine = [(record, event) for record, event in parsed if event and self._handler.reacts_to(event)]
        with ExitStack() as spans:
            traced = [
                spans.enter_context(self._traces.processing(event, record, self._group)) for record, event in mine
            ]
            try:
                await self._handle([event for _, event in mine])
            except Exception as error:  # noqa: BLE001 - the lanes find the record at fault, and handle the failure
                for span in traced:
                    record_failure(reason_of(error), span)
                return False
            for span in traced:
                record_outcome("done", span)
        for _, event in mine:
            HANDLED.labels(event.type, "done").observe(monotonic() - started)
        for record, unknown in parsed:
            if unknown is None:
                IGNORED.labels(record.topic).inc()
        return True
