"""Make outbox entries of the events that an aggregate recorded."""

from crm_contracts.envelope import Envelope

from shared.kit.domain import MAX_EVENT_BYTES, Aggregate, Cause, NewId
from shared.kit.storage.documents import Document
from shared.kit.storage.repository_errors import EventTooLarge


def make_entries(aggregate: Aggregate, cause: Cause, *, source: str, new_id: NewId) -> list[Document]:
    """Make the entries, ready to be sent, and raise the aggregate's `sequence` accordingly.

    Raises:
        EventTooLarge: an event is larger than `MAX_EVENT_BYTES`.
    """
    entries: list[Document] = []
    for event in aggregate.recorded:
        aggregate.sequence += 1
        envelope = Envelope(
            id=new_id(),
            source=source,
            subject=aggregate.id,
            time=cause.at,
            data=event,
            correlation_id=cause.correlation_id,
            actor=cause.actor,
            actor_roles=cause.roles,
            sequence=aggregate.sequence,
            causation_id=cause.causation_id,
            traceparent=cause.traceparent,
            bulk_id=cause.bulk_id,
        )
        value = envelope.body()
        if len(value) > MAX_EVENT_BYTES:
            message = f"The change would publish {len(value)} bytes; {MAX_EVENT_BYTES} are allowed."
            raise EventTooLarge(message)
        entries.append({"id": envelope.id, "headers": envelope.headers(), "value": value})
    return entries
