"""Commit a consumer's offsets a few times a second.

What is done and not committed comes again after a crash, which reactions bear; a commit after each batch would cost
Kafka more than the events themselves (docs/performance.md).
"""

import asyncio
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, Protocol

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from shared.kit.telemetry.logs import log

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


class OffsetCommitter:
    """Commits for one member of a group: each batch that is done is noted, and committed with the next ones.

    The consumer is the one that the last batch came from: where it was replaced, its successor commits.
    """

    def __init__(self) -> None:
        self._next: dict[TopicPartition, int] = {}
        self._consumer: Committing | None = None
        self._soon: asyncio.Task[None] | None = None
        self._committing = asyncio.Lock()

    def done(self, consumer: Committing, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        """These records are handled or parked, and all before them."""
        self._consumer = consumer
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            self._next[place] = max(self._next.get(place, 0), record.offset + 1)
        if self._soon is None or self._soon.done():
            self._soon = asyncio.create_task(self._commit_soon())

    async def commit(self) -> None:
        """Commit now, as before leaving; what cannot be committed now is committed later."""
        async with self._committing:
            await self._commit()

    async def reset(self) -> None:
        """Forget what was not committed, after leaving: it comes again, to the next reader."""
        self._next.clear()
        if self._soon is not None:
            self._soon.cancel()
            await asyncio.gather(self._soon, return_exceptions=True)

    async def _commit_soon(self) -> None:
        while self._next:
            await asyncio.sleep(EVERY_S)
            await self.commit()

    async def _commit(self) -> None:
        if self._consumer is None:
            return
        # Who has a partition that went away gets the records again, which is harmless.
        mine = self._consumer.assignment()
        offsets, self._next = {place: offset for place, offset in self._next.items() if place in mine}, {}
        if not offsets:
            return
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            # The group rebalances, so the records come again. To insist would make it rebalance for ever: each commit
            # of a generation that has passed makes aiokafka join anew, and the others with it.
            log.warning("commit refused", error=type(error).__name__)
        except (KafkaError, TimeoutError) as error:
            log.warning("commit failed", error=type(error).__name__)
            # Some may be all that ever comes on their partition: they must not look unread for ever.
            self._next = offsets | {place: max(offset, offsets.get(place, 0)) for place, offset in self._next.items()}
