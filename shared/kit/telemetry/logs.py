"""Write structured logs without personal data."""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import structlog
from opentelemetry.trace import format_trace_id, get_current_span
from pydantic import ValidationError
from pydantic_core import ErrorDetails

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def configure_logging(service: str, level: str) -> None:
    """Log as JSON lines on stderr, the libraries' logs included."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        add_trace_id,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(kinds_and_places),
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    logging.getLogger("pymongo").setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service)


def add_trace_id(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Add the id of the current trace, where there is one."""
    here = get_current_span().get_span_context()
    return {**line, "trace_id": format_trace_id(here.trace_id)} if here.is_valid else line


def kinds_and_places(exc_info: tuple[type[BaseException], BaseException, TracebackType | None]) -> str:
    """Format an exception and its causes, newest first: classes and places in the code, without their messages."""
    lines: list[str] = []
    seen: set[int] = set()
    error: BaseException | None = exc_info[1]
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        lines += [_kind(error), *traceback.format_tb(error.__traceback__)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(line.rstrip() for line in lines)


def _kind(error: BaseException) -> str:
    name = type(error).__name__
    if isinstance(error, ValidationError):
        wrong = error.errors(include_url=False, include_context=False, include_input=False)
        return f"{name} at " + ", ".join(f"{_place(found)}: {found['type']}" for found in wrong)
    code = getattr(error, "code", None)
    return f"{name} {code}" if isinstance(code, (int, str)) else name


def _place(found: ErrorDetails) -> str:
    # The name of an unknown field is input, too.
    known = found["loc"][:-1] if found["type"] == "extra_forbidden" else found["loc"]
    return ".".join(str(part) for part in known) or "top"


@contextmanager
def logged_with(correlation_id: str, causation_id: str | None = None) -> Iterator[None]:
    """Add the ids to every log line within the block."""
    with structlog.contextvars.bound_contextvars(correlation_id=correlation_id, causation_id=causation_id):
        yield
