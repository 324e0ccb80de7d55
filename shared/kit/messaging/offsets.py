"""Commit a consumer's offsets a few times a second.

Records that are done and not committed are delivered again after a crash, which reactions allow for; a commit after
each batch would cost Kafka more than the events themselves (docs/performance.md).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, Protocol

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from shared.kit.messaging.records import Record
from shared.kit.telemetry.logs import log

EVERY_S: Final = 0.2
PATIENCE_S: Final = 5.0
"""While Kafka is away a commit would wait for ever, and delay a shutdown."""


class Committing(Protocol):
    """A consumer that can commit."""

    def assignment(self) -> AbstractSet[TopicPartition]:
        """Return its partitions."""
        ...

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit the offsets of the next records to be read."""
        ...


class OffsetCommitter:
    """Commits the finished batches of one member of a group, several at once.

    The consumer of the newest batch commits, also for one that it replaced.
    """

    def __init__(self, kept: Callable[[], Mapping[TopicPartition, int]] = dict) -> None:
        """Commit nothing from the offsets of `kept` on: these records of finished batches are still to be handled."""
        self._kept = kept
        self._next: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._consumer: Committing | None = None
        self._soon: asyncio.Task[None] | None = None
        self._committing = asyncio.Lock()

    def done(self, consumer: Committing, records: Sequence[Record]) -> None:
        """Mark these records as done or dead-lettered, and all before them."""
        self._consumer = consumer
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            self._next[place] = max(self._next.get(place, 0), record.offset + 1)
        if self._soon is None or self._soon.done():
            self._soon = asyncio.create_task(self._commit_soon())

    async def commit(self) -> None:
        """Commit now; offsets that cannot be committed now are committed later."""
        async with self._committing:
            await self._commit()

    async def reset(self) -> None:
        """Forget the uncommitted offsets after leaving the group: their records are delivered again."""
        self._next.clear()
        self._committed.clear()
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
        # Records of partitions that were reassigned are delivered again to their new member.
        mine = self._consumer.assignment()
        done = {place: offset for place, offset in self._next.items() if place in mine}
        kept = self._kept()
        self._next = {place: offset for place, offset in done.items() if place in kept}
        offsets = {place: min(offset, kept.get(place, offset)) for place, offset in done.items()}
        new = {place: offset for place, offset in offsets.items() if self._committed.get(place) != offset}
        if not new:
            return
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._consumer.commit(new)
        except (CommitFailedError, IllegalStateError) as error:
            # The group rebalances, so the records are delivered again. A retry would make it rebalance for ever: each
            # commit of a past generation makes aiokafka join again, and the other members with it.
            log.warning("commit refused", error=type(error).__name__)
        except (KafkaError, TimeoutError) as error:
            log.warning("commit failed", error=type(error).__name__)
            # A partition may never get another record: these offsets must not look unread for ever.
            self._next = done | {place: max(offset, done.get(place, 0)) for place, offset in self._next.items()}
        else:
            self._committed = {place: offset for place, offset in offsets.items() if place in kept}
