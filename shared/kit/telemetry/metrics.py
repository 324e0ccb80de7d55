"""Prometheus metrics of all services."""

from prometheus_client import Counter, Gauge, Histogram

_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

HTTP_SECONDS = Histogram(
    "crm_http_request_duration_seconds",
    "HTTP requests; those that wait for a process (`Prefer: wait`) take as long as it does",
    ("method", "route", "status"),
    buckets=(*_QUICK, 60.0),
)
HTTP_IN_PROGRESS = Gauge("crm_http_requests_in_progress", "HTTP requests that are being answered")
WAITERS = Gauge("crm_http_waiters", "Requests that wait for a process to end")
WAITERS_LIMIT = Gauge("crm_http_waiters_limit", "Requests that may wait at most; others are answered at once")

CONFLICTS = Counter("crm_repository_conflicts_total", "Writes that lost a race and were tried again", ("collection",))
WRITES_REFUSED = Counter(
    "crm_outbox_refused_writes_total", "Writes refused because too many events wait for Kafka", ("collection",)
)
PUBLISHED = Counter("crm_outbox_published_total", "Events acknowledged by Kafka", ("collection",))
RELAY_SECONDS = Histogram(
    "crm_outbox_relay_duration_seconds",
    "From the moment of an event to its acknowledgement by Kafka",
    ("collection",),
    buckets=(*_QUICK, 60.0, 300.0, 1800.0),
)
PUBLISH_SECONDS = Histogram(
    "crm_outbox_publish_duration_seconds", "One round of the relay, sends and clears", buckets=_QUICK
)
OUTBOX_DOCUMENTS = Gauge(
    "crm_outbox_documents",
    "Documents with events that wait for Kafka, as last counted; of all replicas",
    ("collection",),
)
OUTBOX_LIMIT = Gauge(
    "crm_outbox_documents_limit", "Documents that may be pending, over all collections; beyond, writes are refused"
)
OUTBOX_AGE = Gauge(
    "crm_outbox_oldest_age_seconds", "Age of the oldest of these events; 0 where none is pending", ("collection",)
)
QUARANTINED = Gauge("crm_outbox_quarantined_documents", "Documents whose event Kafka refuses", ("collection",))
HINTS_DROPPED = Counter("crm_outbox_hints_dropped_total", "Hints beyond the bounds, left to the sweeper")

CONSUMER_LAG = Gauge(
    "crm_consumer_lag_records",
    "Records that this replica has still to handle; absent while it reads nothing",
    ("topic",),
)
HANDLED = Histogram(
    "crm_reaction_duration_seconds", "Reactions to events, retries included", ("type", "outcome"), buckets=_QUICK
)
RETRIED = Counter("crm_reaction_retries_total", "Reactions tried again", ("type",))
DEAD_LETTERED = Counter("crm_reaction_parked_total", "Records published to a dead-letter topic", ("topic", "reason"))
IGNORED = Counter("crm_reaction_unknown_total", "Records of an unknown type", ("topic",))
STANDSTILLS = Counter("crm_consumer_standstills_total", "Restarts of a consumer that read nothing")
REDELIVERED = Counter("crm_reaction_redelivered_batches_total", "Batches to be delivered again")

DEAD_LETTERS = Gauge("crm_dead_letters", "Dead letters that were neither replayed nor discarded yet", ("topic",))
DEAD_LETTERS_AGE = Gauge(
    "crm_dead_letters_oldest_age_seconds", "Time since the oldest of these was dead-lettered", ("topic",)
)
DEAD_LETTER_ACTIONS = Counter(
    "crm_dead_letter_actions_total", "Replays and discards of dead letters", ("action", "outcome")
)

JOB_RUNS = Counter("crm_job_runs_total", "Runs of a service's repeated jobs", ("name", "outcome"))
JOB_CHANGES = Counter("crm_job_changes_total", "Changes made by these runs", ("name",))

TIMER_LATENESS = Histogram(
    "crm_timer_lateness_duration_seconds",
    "From the moment of a timer to its firing",
    ("kind",),
    buckets=(*_QUICK, 60.0, 300.0),
)
TIMERS_FAILED = Counter("crm_timer_failures_total", "Timers that failed and are tried again later", ("kind",))
TIMERS_OVERDUE = Gauge(
    "crm_timer_oldest_overdue_seconds",
    "How long the earliest timer of an aggregate is overdue; 0 where none is",
    ("aggregate",),
)

RUNS_OPEN = Gauge("crm_runs_open", "Runs that go on, of the oldest 20; of all replicas")
RUN_RECORDS = Counter("crm_run_records_total", "Records that runs have handled", ("action", "status"))
RUN_FAILURES = Counter(
    "crm_run_failures_total", "Runs that could not go on, and records that failed for an unknown reason", ("action",)
)

CELLS_COUNTED = Counter("crm_cell_recounts_total", "Cells of counts and sums that were counted anew", ("cells",))
CELL_FAILURES = Counter(
    "crm_cell_failures_total", "Cells that could not be counted and are tried again later", ("cells",)
)
CELLS_WAITING = Gauge(
    "crm_cell_oldest_mark_age_seconds",
    "How long a cell waits to be counted since it was marked; 0 where none does; of all replicas",
    ("cells",),
)

FORM_SUBMISSIONS = Counter(
    "crm_form_submissions_total", "Submissions of forms whose secret was right, by what became of them", ("outcome",)
)

READY = Gauge("crm_ready", "Whether a part is ready: database, kafka, backlog, consumer, views", ("part",))
BUILD = Gauge("crm_build_info", "Always 1; the running version", ("version",))
