"""Wake aggregates whose timers are due.

Every replica looks each second, and at the next moment that is nearer. One guarded write is claim, effect and
completion: whichever replica writes first has fired the timer, and the other finds it gone. So there is no lock and no
lease, and what a killed replica left undone is still due.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from shared.kit.domain import Cause, Clock, NotFound, derived_id
from shared.kit.storage.documents import Document
from shared.kit.storage.errors import is_transient
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.telemetry.logs import log
from shared.kit.telemetry.metrics import TIMER_LATENESS, TIMERS_FAILED, TIMERS_OVERDUE
from shared.kit.timers.timer import SHARDS, HasTimers, Timer

LOOK_EVERY_S: Final = 1.0
BATCH: Final = 100
"""Aggregates that are woken side by side."""
PUT_OFF_S: Final = 30.0
"""Until a timer is tried again that failed; others of its aggregate wait with it."""

WAKE_INDEX: Final = Index([("wake_shard", 1), ("wake_at", 1)], partial={"wake_shard": {"$gte": 0}}, name="wake")
"""Aggregates that wait for a moment, those without a timer left out."""

_WAITING: Final[Document] = {"wake_shard": {"$in": list(range(SHARDS))}}
_EARLIEST: Final = [("wake_at", 1)]


class Waker:
    """Fires the timers of aggregates of some types."""

    def __init__(self, clock: Clock, *, first_shard: Callable[[], int] = lambda: random.randrange(SHARDS)) -> None:  # noqa: S311 - spreads replicas
        """Look at the parts of a collection in turn, from one that `first_shard` names at each round."""
        self._clock = clock
        self._first_shard = first_shard
        self._rounds: list[_Watched] = []

    def watch(self, repository: MongoRepository[Any]) -> None:
        """Fire the timers of the aggregates of this repository, which has the `WAKE_INDEX`."""
        self._rounds.append(_Watched(repository, self._clock))
        for kind in repository.kind.TIMER_KINDS:
            TIMER_LATENESS.labels(kind)
            TIMERS_FAILED.labels(kind)

    async def wake_due(self) -> int:
        """Wake all that are due now or before the next look, and return how many timers were fired here."""
        fired = 0
        next_look = self._clock() + timedelta(seconds=LOOK_EVERY_S)
        while True:
            moments = [await each.earliest() for each in self._rounds]
            moment = min((each for each in moments if each is not None), default=next_look)
            if moment >= next_look:
                return fired
            await asyncio.sleep(max(0.0, (moment - self._clock()).total_seconds()))
            for each in self._rounds:
                fired += await each.wake_due(self._first_shard())


class _Watched:
    """The aggregates of one repository."""

    def __init__(self, repository: MongoRepository[Any], clock: Clock) -> None:
        self._repository, self._clock = repository, clock
        self._overdue = TIMERS_OVERDUE.labels(repository.noun)

    async def earliest(self) -> datetime | None:
        """Return the next moment, of all aggregates, and measure how long it is overdue."""
        found = await self._repository.collection.find(
            _WAITING, sort=_EARLIEST, limit=1, fields={"wake_at": 1}, hint=WAKE_INDEX.name
        )
        moment: datetime | None = found[0]["wake_at"] if found else None
        overdue = 0.0 if moment is None else (self._clock() - moment).total_seconds()
        self._overdue.set(max(0.0, overdue))
        return moment

    async def wake_due(self, first_shard: int) -> int:
        """Wake a batch of each part, the parts in turn."""
        fired = 0
        for shard in range(first_shard, first_shard + SHARDS):
            fired += await self._wake(await self._due(shard % SHARDS))
        return fired

    async def _due(self, shard: int) -> Sequence[Document]:
        where = {"wake_shard": shard, "wake_at": {"$lte": self._clock()}}
        fields = {"wake_at": 1, "timers": 1}
        return await self._repository.collection.find(
            where, sort=_EARLIEST, limit=BATCH, fields=fields, hint=WAKE_INDEX.name
        )

    async def _wake(self, due: Sequence[Document]) -> int:
        return sum(await asyncio.gather(*(self._fire(each) for each in due)))

    async def _fire(self, document: Document) -> bool:
        """Fire the first timer of an aggregate, and return whether this replica did."""
        timer = min((Timer.model_validate(each) for each in document["timers"]), key=lambda each: each.at)
        woken: HasTimers | None = None
        now = self._clock()

        def wake(aggregate: HasTimers) -> None:
            nonlocal woken
            woken = aggregate if aggregate.wake(timer.id, timer.at, at=now) else None

        try:
            written = await self._repository.change(document["_id"], wake, _cause(document["_id"], timer, now))
        except NotFound:
            return False
        except Exception as error:
            if is_transient(error):
                raise
            log.exception("timer failed", aggregate=self._repository.noun, id=document["_id"], kind=timer.kind)
            TIMERS_FAILED.labels(timer.kind).inc()
            await self._put_off(document, now)
            return False
        # Where another replica came first, `change` returns what that one wrote.
        is_fired = woken is written
        if is_fired:
            TIMER_LATENESS.labels(timer.kind).observe((now - timer.at).total_seconds())
        return is_fired

    async def _put_off(self, document: Document, now: datetime) -> None:
        """Let others go first; the next change of the aggregate takes this back."""
        guard = {"_id": document["_id"], "wake_at": document["wake_at"]}
        await self._repository.collection.update(guard, {"$set": {"wake_at": now + timedelta(seconds=PUT_OFF_S)}})


def _cause(id_: str, timer: Timer, now: datetime) -> Cause:
    moment = timer.at.isoformat()
    return Cause(
        key=f"wake/{timer.id}/{moment}",
        actor=timer.actor,
        at=now,
        correlation_id=timer.correlation_id or derived_id("timer", id_, timer.id, moment),
        traceparent=timer.traceparent,
        roles=timer.roles,
    )
