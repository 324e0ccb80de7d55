"""Traces: one for everything that one request set in motion, over HTTP, Kafka and all services.

An event keeps the trace context of what caused it, as its `traceparent`; whoever handles it goes on from there. The
surprises: the chain does not hang on the exporter, since with `none`, the default, an incoming trace id goes through
all services as well; and publishing is a span beside the chain and not a link of it, because an event is sent as it
was stored, perhaps twice and by another process.
"""

import asyncio
import sys
from asyncio import Future
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
from opentelemetry.trace import INVALID_SPAN, NoOpTracer, Span, SpanKind, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

Exporter: TypeAlias = Literal["none", "otlp", "console"]

_W3C = TraceContextTextMapPropagator()
_SERVER_ERROR = 500


def current_traceparent() -> str | None:
    """The trace context of what is being done now, as W3C writes it; None where there is none."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent")


def _context(traceparent: str | None) -> Context:
    """Where a stored or incoming context goes on; a malformed one is as good as none."""
    return _W3C.extract({"traceparent": traceparent} if traceparent else {}, Context())


class Traces:
    """Makes the spans of one service; without a processor they record nothing, and pass the incoming context on."""

    def __init__(self, service: str = "", version: str = "", *, processor: SpanProcessor | None = None) -> None:
        """Sampling is as `OTEL_TRACES_SAMPLER` says."""
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
        """Around one HTTP request; `answered` tells the rest of it. Paths and queries, which hold data, stay out."""
        return self._current(
            method, traceparent, SpanKind.SERVER, {"http.request.method": method, "crm.correlation_id": correlation_id}
        )

    def processing(
        self, envelope: Envelope[Event], record: "ConsumerRecord[bytes, bytes]", group: str
    ) -> AbstractContextManager[Span]:
        """Around one reaction to one event, retries included."""
        attributes = {
            **_message("process", record.topic, envelope.type, envelope.id),
            "messaging.consumer.group.name": group,
            "messaging.destination.partition.id": str(record.partition),
            "messaging.kafka.offset": record.offset,
            "crm.correlation_id": envelope.correlation_id,
        }
        return self._current(f"process {envelope.type}", envelope.traceparent, SpanKind.CONSUMER, attributes)

    def publishing(self, topic: str, headers: object) -> Span:
        """For one event that belongs to a trace, until `sent` or `not_sent`; other records leave none."""
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
        # Exceptions are not recorded: their messages may hold anything. `failed` records a code.
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
        """Export what is left, but not beyond the deadline."""
        if self._provider is None:
            return
        # A thread of its own: the loop's executor waits for its threads when it ends, however long they take.
        Thread(target=self._shut_down, args=(asyncio.get_running_loop(), ended := asyncio.Event()), daemon=True).start()
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), deadline_s)

    def _shut_down(self, loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
        if self._provider is not None:
            self._provider.shutdown()
        with suppress(RuntimeError):  # the loop has not waited
            loop.call_soon_threadsafe(ended.set)


def exported(exporter: Exporter, service: str, version: str) -> Traces:
    """The traces of a service, sent in batches by a thread of its own: to whom, `OTEL_EXPORTER_OTLP_ENDPOINT` says."""
    if exporter == "none":
        return Traces()
    # Only who exports pays for the exporter's libraries.
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter  # noqa: PLC0415

    to: SpanExporter
    if exporter == "console":
        to = ConsoleSpanExporter(out=sys.stdout, formatter=lambda span: f"{span.to_json(indent=None)}\n")
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

        to = OTLPSpanExporter()
    return Traces(service, version, processor=BatchSpanProcessor(to))


def answered(method: str, route: str | None, status: int) -> None:
    """How the request that is served now ended; the template of its route is its name."""
    span = get_current_span()
    if route is not None:
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    if status >= _SERVER_ERROR:
        failed(str(status))


def failed(code: str, span: Span | None = None) -> None:
    """What is done now went wrong, for this reason: a code or the name of an error, never its message."""
    span = span or get_current_span()
    span.set_attribute("error.type", code)
    span.set_status(StatusCode.ERROR)


def ended(outcome: str, span: Span | None = None) -> None:
    """How the reaction that runs now ended."""
    (span or get_current_span()).set_attribute("crm.outcome", outcome)


def retried(code: str, attempt: int) -> None:
    """The reaction that runs now failed for this reason, and will be tried again."""
    get_current_span().add_event("retry", {"error.type": code, "crm.attempt": attempt})


def sent(span: Span, acknowledged: "Future[Any]") -> None:
    """Kafka has answered."""
    if acknowledged.cancelled():
        not_sent(span, "cancelled")
    elif (error := acknowledged.exception()) is not None:
        not_sent(span, type(error).__name__)
    else:
        where = acknowledged.result()
        span.set_attribute("messaging.destination.partition.id", str(where.partition))
        span.set_attribute("messaging.kafka.offset", where.offset)
        span.end()


def not_sent(span: Span, reason: str) -> None:
    """Kafka does not have it, for this reason."""
    failed(reason, span)
    span.end()


def _message(operation: str, topic: str, type_: str, id_: str) -> dict[str, Any]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.type": operation,
        "messaging.destination.name": topic,
        "cloudevents.event_id": id_,
        "cloudevents.event_type": type_,
    }
