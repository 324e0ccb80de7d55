"""Publish answers of reactions that change no state."""

from collections import OrderedDict
from typing import Final

from crm_contracts.envelope import Envelope, Event

from shared.kit.domain import Cause, derived_id
from shared.kit.messaging.publishing import Publisher

MAX_REMEMBERED: Final = 10_000


class Answers:
    """Publishes answers under ids derived from their questions.

    A question that is delivered again and again gets one answer from a process: the log would grow without bound.
    """

    def __init__(self, publisher: Publisher, *, topic: str, source: str) -> None:
        self._publisher = publisher
        self._topic = topic
        self._source = source
        self._acknowledged: OrderedDict[str, None] = OrderedDict()

    async def give(self, event: Event, *, subject: str, cause: Cause) -> None:
        """Publish an answer and wait for the acknowledgement, so before the question's offset is committed.

        A repeated question gets an answer of the same id, unless this process has given it already; consumers count the
        first occurrence.
        """
        id_ = derived_id("answer", cause.key, event.ce_type, subject)
        if id_ in self._acknowledged:
            return
        envelope = Envelope(
            id=id_,
            source=self._source,
            subject=subject,
            time=cause.at,
            data=event,
            correlation_id=cause.correlation_id,
            actor=cause.actor,
            actor_roles=cause.roles,
            causation_id=cause.causation_id,
            traceparent=cause.traceparent,
        )
        await self._publisher.publish(self._topic, subject, envelope.body(), envelope.headers())
        self._acknowledged[id_] = None
        if len(self._acknowledged) > MAX_REMEMBERED:
            self._acknowledged.popitem(last=False)
