"""Trace everything that one request causes, over HTTP, Kafka and all services.

An event keeps the trace context of its cause as its `traceparent`, and its consumers continue that trace. Propagation
does not depend on the exporter: with `none`, the default, incoming trace ids are passed on as well. Publishing is a
span beside the chain and not a link of it, because an event is sent as it was stored, perhaps twice and by another
process.
"""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from threading import Thread
from typing import Any, Literal, TypeAlias
from uuid import uuid4

from aiokafka import ConsumerRecord
from crm_contracts.envelope import Envelope, Event
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import INVALID_SPAN, NoOpTracer, Span, SpanKind

from shared.kit.telemetry.spans import W3C

Exporter: TypeAlias = Literal["none", "otlp", "console"]


def _context(traceparent: str | None) -> Context:
    """Parse a stored or incoming context; a malformed one counts as none."""
    return W3C.extract({"traceparent": traceparent} if traceparent else {}, Context())


class Traces:
    """Makes the spans of one service; without a processor they record nothing, and propagate the incoming context."""

    def __init__(self, service: str = "", version: str = "", *, processor: SpanProcessor | None = None) -> None:
        """Sample as `OTEL_TRACES_SAMPLER` says."""
        self._provider: TracerProvider | None = None
        self._tracer: Any = NoOpTracer()
        if processor is not None:
            resource = Resource.create(
                {
                    "service.name": f"crm-{service}",
                    "service.version": version,
                    "service.instance.id": str(uuid4()),
                }
            )
            self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
            self._provider.add_span_processor(processor)
            self._tracer = self._provider.get_tracer("crm")

    def serving(self, method: str, traceparent: str | None, correlation_id: str) -> AbstractContextManager[Span]:
        """Open the span of an HTTP request, without its path and query, which hold data."""
        return self._current(
            method, traceparent, SpanKind.SERVER, {"http.request.method": method, "crm.correlation_id": correlation_id}
        )

    def processing(
        self, envelope: Envelope[Event], record: "ConsumerRecord[bytes, bytes]", group: str
    ) -> AbstractContextManager[Span]:
        """Open the span of the reactions to one event, retries included."""
        attributes = {
            **_message("process", record.topic, envelope.type, envelope.id),
            "messaging.consumer.group.name": group,
            "messaging.destination.partition.id": str(record.partition),
            "messaging.kafka.offset": record.offset,
            "crm.correlation_id": envelope.correlation_id,
        }
        return self._current(f"process {envelope.type}", envelope.traceparent, SpanKind.CONSUMER, attributes)

    def publishing(self, topic: str, headers: object) -> Span:
        """Start the span of sending one event that belongs to a trace; other records have none."""
        if self._provider is None or not isinstance(headers, Mapping) or "traceparent" not in headers:
            return INVALID_SPAN
        type_ = headers["ce_type"]
        span: Span = self._tracer.start_span(
            f"publish {type_}",
            context=_context(headers["traceparent"]),
            kind=SpanKind.PRODUCER,
            attributes=_message("send", topic, type_, headers["ce_id"]),
        )
        return span

    def _current(
        self, name: str, traceparent: str | None, kind: SpanKind, attributes: dict[str, Any]
    ) -> AbstractContextManager[Span]:
        # Exceptions are not recorded: their messages may hold anything. `record_failure` records a code.
        current: AbstractContextManager[Span] = self._tracer.start_as_current_span(
            name,
            context=_context(traceparent),
            kind=kind,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        )
        return current

    async def stop(self, deadline_s: float) -> None:
        """Export the remaining spans, until the deadline."""
        if self._provider is None:
            return
        # A thread of its own: the loop's executor waits for its threads when it ends, however long they take.
        Thread(target=self._shut_down, args=(asyncio.get_running_loop(), ended := asyncio.Event()), daemon=True).start()
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), deadline_s)

    def _shut_down(self, loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
        if self._provider is not None:
            self._provider.shutdown()
        with suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(ended.set)


def make_traces(exporter: Exporter, service: str, version: str) -> Traces:
    """Make the traces of a service, exported in batches by a thread, to `OTEL_EXPORTER_OTLP_ENDPOINT`."""
    if exporter == "none":
        return Traces()
    # Loaded only where spans are exported.
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter  # noqa: PLC0415

    to: SpanExporter
    if exporter == "console":
        to = ConsoleSpanExporter(out=sys.stdout, formatter=lambda span: f"{span.to_json(indent=None)}\n")
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

        to = OTLPSpanExporter()
    return Traces(service, version, processor=BatchSpanProcessor(to))


def _message(operation: str, topic: str, type_: str, id_: str) -> dict[str, Any]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.type": operation,
        "messaging.destination.name": topic,
        "cloudevents.event_id": id_,
        "cloudevents.event_type": type_,
    }
