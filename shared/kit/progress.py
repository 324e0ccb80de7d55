"""How far a consumer has come, told to Kafka a few times a second.

The surprise: it is told later than it is true. What is done and not told comes again after a crash, which reactions
bear; told after each batch, it would cost Kafka more than the events themselves (docs/performance.md).
"""

import asyncio
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, Protocol

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from shared.kit.observability import log

EVERY_S: Final = 0.2
PATIENCE_S: Final = 5.0
"""While Kafka is away a commit would wait for it for ever, and with it whoever wants to leave."""


class Committing(Protocol):
    """A consumer, as far as that goes."""

    def assignment(self) -> AbstractSet[TopicPartition]:
        """The partitions that it reads now."""
        ...

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Note the offsets of the records to be read next."""
        ...


class Progress:
    """Of one consumer; each batch that is done is noted, and told with the next ones."""

    def __init__(self) -> None:
        self._next: dict[TopicPartition, int] = {}
        self._telling: asyncio.Task[None] | None = None

    def done(self, consumer: Committing, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        """These records are handled or parked, and all before them."""
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            self._next[place] = max(self._next.get(place, 0), record.offset + 1)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_soon(consumer))

    async def tell(self, consumer: Committing) -> None:
        """Tell it now, as before leaving; what cannot be told now is told later."""
        # Who has a partition that went away gets the records again, which is harmless.
        mine = consumer.assignment()
        offsets, self._next = {place: offset for place, offset in self._next.items() if place in mine}, {}
        if not offsets:
            return
        try:
            async with asyncio.timeout(PATIENCE_S):
                await consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError, KafkaError, TimeoutError) as error:
            log.warning("commit failed", error=type(error).__name__)
            # Some may be all that ever comes on their partition: they must not look unread for ever.
            self._next = offsets | {place: max(offset, offsets.get(place, 0)) for place, offset in self._next.items()}

    async def _tell_soon(self, consumer: Committing) -> None:
        while self._next:
            await asyncio.sleep(EVERY_S)
            await self.tell(consumer)
