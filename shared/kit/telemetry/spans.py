"""Describe the current span: how a request, a reaction or a send ended."""

from asyncio import Future
from typing import Any

from opentelemetry.trace import Span, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

W3C = TraceContextTextMapPropagator()
_SERVER_ERROR = 500


def current_traceparent() -> str | None:
    """Return the current trace context in W3C form; None where there is none."""
    carrier: dict[str, str] = {}
    W3C.inject(carrier)
    return carrier.get("traceparent")


def record_response(method: str, route: str | None, status: int) -> None:
    """Record how the current request ended, and name its span after the template of its route."""
    span = get_current_span()
    if route is not None:
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    if status >= _SERVER_ERROR:
        record_failure(str(status))


def record_failure(code: str, span: Span | None = None) -> None:
    """Record a failure by its code or the name of its error, never by its message."""
    span = span or get_current_span()
    span.set_attribute("error.type", code)
    span.set_status(StatusCode.ERROR)


def record_outcome(outcome: str, span: Span | None = None) -> None:
    """Record how a reaction ended."""
    (span or get_current_span()).set_attribute("crm.outcome", outcome)


def record_retry(code: str, attempt: int) -> None:
    """Record that the current reaction failed for this reason and will be tried again."""
    get_current_span().add_event("retry", {"error.type": code, "crm.attempt": attempt})


def end_acknowledged(span: Span, acknowledged: "Future[Any]") -> None:
    """End the span of a send with Kafka's answer."""
    if acknowledged.cancelled():
        end_unsent(span, "cancelled")
    elif (error := acknowledged.exception()) is not None:
        end_unsent(span, type(error).__name__)
    else:
        where = acknowledged.result()
        span.set_attribute("messaging.destination.partition.id", str(where.partition))
        span.set_attribute("messaging.kafka.offset", where.offset)
        span.end()


def end_unsent(span: Span, reason: str) -> None:
    """End the span of a send that failed."""
    record_failure(reason, span)
    span.end()
