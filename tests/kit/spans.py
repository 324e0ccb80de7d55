"""Spans that a test recorded, by name."""

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.kit.telemetry.tracing import Traces

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"


class Recorder:
    """Traces that end in memory."""

    def __init__(self) -> None:
        self._kept = InMemorySpanExporter()
        self.traces = Traces("jars", "7.0", processor=SimpleSpanProcessor(self._kept))

    @property
    def names(self) -> list[str]:
        return [span.name for span in self._kept.get_finished_spans()]

    def span(self, name: str) -> ReadableSpan:
        """The only span of this name."""
        found = [span for span in self._kept.get_finished_spans() if span.name == name]
        assert len(found) == 1, f"{name} is there {len(found)} times"
        return found[0]


def traceparent_of(span: ReadableSpan) -> str:
    """The context that a child of the span is given."""
    return f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-{span.context.trace_flags:02x}"


def parent_of(span: ReadableSpan) -> str | None:
    """The id of the span's parent."""
    return None if span.parent is None else f"{span.parent.span_id:016x}"


def said_of(span: ReadableSpan) -> str:
    """All that is exported of the span."""
    return str(span.to_json())
