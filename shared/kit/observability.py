"""Logs and metrics.

Logs are JSON lines that carry correlation and causation ids, never the content of events or requests: that is where
personal data lives.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from prometheus_client import Counter, Gauge, Histogram

log: structlog.stdlib.BoundLogger = structlog.get_logger()

HTTP_SECONDS = Histogram("crm_http_request_duration_seconds", "HTTP requests", ("method", "route", "status"))
CONFLICTS = Counter("crm_repository_conflicts_total", "Writes that lost a race and were tried again", ("collection",))
PUBLISHED = Counter("crm_outbox_published_total", "Events acknowledged by Kafka", ("collection",))
PUBLISH_SECONDS = Histogram("crm_outbox_publish_duration_seconds", "One round of the relay, sends and clears")
OUTBOX_DOCUMENTS = Gauge(
    "crm_outbox_documents", "Documents with events that the sweeper found pending", ("collection",)
)
QUARANTINED = Gauge("crm_outbox_quarantined_documents", "Documents whose event Kafka refuses", ("collection",))
HINTS_DROPPED = Counter("crm_outbox_hints_dropped_total", "Hints beyond the bound, left to the sweeper")
HANDLED = Histogram("crm_reaction_duration_seconds", "Reactions to events, retries included", ("type", "outcome"))
RETRIED = Counter("crm_reaction_retries_total", "Reactions tried again", ("type",))
PARKED = Counter("crm_reaction_parked_total", "Records parked in a dead-letter topic", ("topic", "reason"))
PASSED_OVER = Counter("crm_reaction_unknown_total", "Records of a type not known here", ("topic",))
DEAD_LETTERS = Gauge("crm_dead_letters", "Parked records that nobody has replayed or discarded yet", ("topic",))
DEAD_LETTERS_AGE = Gauge("crm_dead_letters_oldest_age_seconds", "Since the oldest of these was parked", ("topic",))
DEAD_LETTER_ACTIONS = Counter(
    "crm_dead_letter_actions_total", "What operators did about parked records", ("action", "outcome")
)
REDELIVERED = Counter("crm_reaction_redelivered_batches_total", "Batches taken back to be delivered again")


def configure_logging(service: str, level: str) -> None:
    """JSON lines on stderr, for our own logs and the libraries' alike."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
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
                structlog.processors.format_exc_info,
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


@contextmanager
def logged_with(correlation_id: str, causation_id: str | None = None) -> Iterator[None]:
    """Every log line within carries the ids."""
    with structlog.contextvars.bound_contextvars(correlation_id=correlation_id, causation_id=causation_id):
        yield
