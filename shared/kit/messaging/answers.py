"""Publish answers of reactions that change no state."""

from crm_contracts.envelope import Envelope, Event

from shared.kit.domain import Cause, derived_id
from shared.kit.messaging.publishing import Publisher


class Answers:
    """Publishes answers under ids derived from their questions."""

    def __init__(self, publisher: Publisher, *, topic: str, source: str) -> None:
        self._publisher = publisher
        self._topic = topic
        self._source = source

    async def give(self, event: Event, *, subject: str, cause: Cause) -> None:
        """Publish an answer and wait for the acknowledgement, so before the question's offset is committed.

        A repeated question gets an answer of the same id; consumers count the first occurrence.
        """
        envelope = Envelope(
            id=derived_id("answer", cause.key, event.ce_type, subject),
            source=self._source,
            subject=subject,
            time=cause.at,
            data=event,
            correlation_id=cause.correlation_id,
            actor=cause.actor,
            causation_id=cause.causation_id,
            traceparent=cause.traceparent,
        )
        await self._publisher.publish(self._topic, subject, envelope.body(), envelope.headers())
