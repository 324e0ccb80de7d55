"""The documents with stages as every request needs them, and the elements that are on these stages."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from shared.elements.domain.stage_owner import OwnsStages, Place
from shared.kit.domain import Clock
from shared.kit.storage.kept import FRESH_S, Kept
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import WITHOUT_BOOKKEEPING

S = TypeVar("S", bound=OwnsStages)
K = TypeVar("K")

SETTLED_S: Final = 2 * FRESH_S
"""After that every replica knows what was stored, and what began before it knew that has ended."""
MOST_IDS: Final = 1_000


class OwnStages(Generic[S, K]):
    """The documents with stages, read where they are written: they change seldom, so a process keeps them a moment."""

    def __init__(self, owners: MongoRepository[S], know: Callable[[Sequence[S], datetime], K], *, clock: Clock) -> None:
        """Make what is known, as `known` returns it, of those that are not deleted and of the time."""
        self._owners, self._know, self._clock = owners, know, clock
        self._known = Kept(self._read_known)

    async def known(self) -> K:
        """Return what is known of all of them as they are now."""
        return await self._known.get()

    def forget(self) -> None:
        """Read them anew the next time, because this process has changed one."""
        self._known.forget()

    async def settled(self) -> None:
        """Wait until every replica knows what was stored just now."""
        await asyncio.sleep(SETTLED_S)

    async def former_places(self) -> Sequence[Place]:
        """Return documents that were deleted, each with no stage, and stages that were, each with its document."""
        every = await self._read()
        stages = [Place(each.id, stage) for each in every if each.deleted_at is None for stage in each.former_stages]
        return [*stages, *(Place(each.id, None) for each in every if each.deleted_at is not None)]

    async def _read_known(self) -> K:
        now = self._clock()
        return self._know([each for each in await self._read() if each.deleted_at is None], now)

    async def _read(self) -> Sequence[S]:
        found = await self._owners.collection.find({}, sort=[("_id", 1)], fields=WITHOUT_BOOKKEEPING)
        return [self._owners.read(document) for document in found]


class ElementPlaces:
    """Where elements are, by their index of stages."""

    def __init__(self, elements: MongoRepository[Any], index: str, *, owner: str | None = None) -> None:
        """`owner` is the field that names the document with the stages, where there are several such documents."""
        self._elements, self._index, self._owner = elements.collection, index, owner

    async def are_in(self, owner_id: str, stage_id: str | None = None) -> bool:
        """Return whether any element is on a stage, or on any that the owner has."""
        return bool(await self._ids(owner_id, stage_id, limit=1))

    async def ids_in(self, owner_id: str, stage_id: str | None = None) -> Sequence[str]:
        """Return ids of the elements that are on a stage, or on any that the owner has: up to 1,000."""
        return await self._ids(owner_id, stage_id, limit=MOST_IDS)

    async def _ids(self, owner_id: str, stage_id: str | None, *, limit: int) -> Sequence[str]:
        owner = {} if self._owner is None else {self._owner: owner_id}
        stage = {} if stage_id is None else {"stage_id": stage_id}
        found = await self._elements.find(
            {**owner, **stage, "deleted_at": None}, limit=limit, fields={"_id": 1}, hint=self._index
        )
        return [each["_id"] for each in found]
