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


WAITERS_LIMIT = Gauge("crm_http_waiters_limit", "How many may; those beyond are answered at once")


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


OUTBOX_LIMIT = Gauge("crm_outbox_documents_limit", "How many may wait, over all collections; then writes are refused")


OUTBOX_AGE = Gauge(
    "crm_outbox_oldest_age_seconds", "Since the oldest of these events happened; 0 where none waits", ("collection",)
)


QUARANTINED = Gauge("crm_outbox_quarantined_documents", "Documents whose event Kafka refuses", ("collection",))


HINTS_DROPPED = Counter("crm_outbox_hints_dropped_total", "Hints beyond the bound, left to the sweeper")


CONSUMER_LAG = Gauge(
    "crm_consumer_lag_records",
    "Records that this replica has still to handle; absent while it reads nothing",
    ("topic",),
)


HANDLED = Histogram(
    "crm_reaction_duration_seconds", "Reactions to events, retries included", ("type", "outcome"), buckets=_QUICK
)


RETRIED = Counter("crm_reaction_retries_total", "Reactions tried again", ("type",))


PARKED = Counter("crm_reaction_parked_total", "Records parked in a dead-letter topic", ("topic", "reason"))


PASSED_OVER = Counter("crm_reaction_unknown_total", "Records of a type not known here", ("topic",))


STANDSTILLS = Counter("crm_consumer_standstills_total", "Times a consumer stood still and was started anew")


REDELIVERED = Counter("crm_reaction_redelivered_batches_total", "Batches taken back to be delivered again")


DEAD_LETTERS = Gauge("crm_dead_letters", "Parked records that nobody has replayed or discarded yet", ("topic",))


DEAD_LETTERS_AGE = Gauge("crm_dead_letters_oldest_age_seconds", "Since the oldest of these was parked", ("topic",))


DEAD_LETTER_ACTIONS = Counter(
    "crm_dead_letter_actions_total", "What operators did about parked records", ("action", "outcome")
)


JOB_RUNS = Counter("crm_job_runs_total", "Runs of what a service does by itself, again and again", ("name", "outcome"))


JOB_CHANGES = Counter("crm_job_changes_total", "Things that these runs changed", ("name",))


READY = Gauge("crm_ready", "Whether a part is as it should be: database, kafka, backlog", ("part",))


BUILD = Gauge("crm_build_info", "Always 1; what runs", ("version",))
