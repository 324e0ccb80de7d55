"""Stage history: one row each time that an element came to a stage (PIPE-08, LEAD-07).

The id of a row is its element and the place of its event in the history of that, so rows of one element follow each
other whatever the clocks said, an event that comes again writes its row again, and one that comes late finds its place
between the others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final, Literal, Self, TypeAlias

from crm_contracts.envelope import Envelope
from crm_contracts.events import Created, StageChanged
from crm_contracts.values import StageSemantic

from shared.kit.domain import invalid_field
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document, Filter
from shared.kit.storage.indexes import Index
from shared.kit.storage.pages import NEWEST, newest_first

STAGE_HISTORY: Final = "stage_history"
BY_STAY: Final = "by_stay"
_IN_PIPELINE: Final[Filter] = {"pipeline_id": {"$gt": ""}}
STAGE_HISTORY_INDEXES: Final[Sequence[Index]] = (
    Index(NEWEST, name="newest"),
    Index([("stage_id", 1), *NEWEST], name="by_stage"),
    Index([("pipeline_id", 1), *NEWEST], partial=_IN_PIPELINE, name="by_pipeline"),
    Index(
        [("pipeline_id", 1), ("left_at", 1), ("created_at", 1), ("stage_id", 1), ("owner_id", 1)],
        partial=_IN_PIPELINE,
        name=BY_STAY,
    ),
)

RecordType: TypeAlias = Literal[1, 2, 3, 5]
"""1: created there; 2: moved to a stage in process; 3: moved to a final stage; 5: moved to another pipeline."""
_DIGITS: Final = 12
_ROWS: Final[Filter] = {"created_at": {"$gt": datetime(1, 1, 2, tzinfo=UTC)}}
"""All but the marks of deleted elements."""
_STAYS: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""When an element leaves the stage that it stands on. Not null, which rows have that are older than `left_at`."""
_LEFT_ANEW: Final[Document] = {
    "$cond": [{"$in": [{"$ifNull": ["$left_at", _STAYS]}, [_STAYS]]}, "$$new.left_at", "$left_at"]
}
"""What a row that lacks the moment, or says that its element stays, gets; what was told meanwhile wins."""
_AFTER_DIGITS: Final = ":"
"""Sorts after every digit."""


@dataclass(frozen=True, slots=True)
class StageRecord:
    """An element came to a stage.

    Attributes:
        type_id: how it came there.
        by: who moved it, such as `user:anna`.
        duration_s: seconds on the stage before; None where there was none, or it is not known.
    """

    id: str
    owner_id: str
    type_id: RecordType
    created_at: datetime
    by: str
    pipeline_id: str | None
    stage_id: str
    stage_semantic: StageSemantic
    previous_stage_id: str | None = None
    duration_s: float | None = None

    @classmethod
    def of(cls, event: Envelope[Any]) -> Self:
        """Make the record of an event that tells of a new element, or of one that moved."""
        data, sequence = event.data, event.sequence or 0
        moved = data if isinstance(data, StageChanged) else None
        state: Any = data.state if isinstance(data, Created) else None
        return cls(
            id=f"{data.element.id}:{sequence:0{_DIGITS}}",
            owner_id=data.element.id,
            type_id=1 if moved is None else _type_of(moved),
            created_at=(state.moved_at or state.created_at) if moved is None else moved.moved_at,
            by=event.actor,
            pipeline_id=getattr(data if moved else state, "pipeline_id", None),
            stage_id=state.stage_id if moved is None else moved.to_stage,
            stage_semantic=state.stage_semantic if moved is None else moved.to_semantic,
            previous_stage_id=None if moved is None else moved.from_stage,
        )


_FIELDS: Final = tuple(each.name for each in fields(StageRecord) if each.name != "id")


def _type_of(moved: StageChanged) -> RecordType:
    if getattr(moved, "from_pipeline", None) is not None:
        return 5
    return 2 if moved.to_semantic == "P" else 3


class StageHistory:
    """The rows of all elements of one type."""

    def __init__(self, rows: Collection) -> None:
        self._rows = rows

    @classmethod
    def open(cls, collection: Callable[..., Collection]) -> Self:
        """Open it; `collection` opens a collection by name, with these indexes."""
        return cls(collection(STAGE_HISTORY, STAGE_HISTORY_INDEXES))

    async def add(self, record: StageRecord) -> None:
        """Store a row, and how long the element stood on the stage before and on this one; not of one that is gone."""
        if await self._rows.get(_gone(record.owner_id)):
            return
        before = None if record.type_id == 1 else await self._beside(record, "$lt", -1)
        after = await self._beside(record, "$gt", 1)
        row: Document = {name: getattr(record, name) for name in _FIELDS}
        row["left_at"] = _STAYS if after is None else after["created_at"]
        if before is not None:
            row["duration_s"] = _seconds(before["created_at"], record.created_at)
        await self._rows.put({"_id": record.id}, {"$set": row})
        if before is not None:
            await self._rows.update({"_id": before["_id"]}, {"$set": {"left_at": record.created_at}})
        if after is not None:
            since = _seconds(record.created_at, after["created_at"])
            await self._rows.update({"_id": after["_id"]}, {"$set": {"duration_s": since}})

    async def forget(self, owner_id: str) -> None:
        """Delete the rows of a deleted element; events of its past that come late add none (DEAL-19, LEAD-21)."""
        await self._rows.insert_missing([{"_id": _gone(owner_id)}])
        await self._rows.delete({"_id": _rows_of(owner_id)})

    async def standing(
        self, pipeline_id: str, before: datetime, stages: Sequence[Document], *, max_time_ms: int
    ) -> list[Document]:
        """Aggregate the rows by which elements stood in a pipeline until a moment, by an index that has all of them.

        Raises:
            QueryTooExpensive: it took longer than `max_time_ms`.
        """
        stood = {"pipeline_id": {"$eq": pipeline_id}, "left_at": {"$gte": before}, "created_at": {"$lt": before}}
        return await self._rows.aggregate([{"$match": stood}, *stages], hint=BY_STAY, max_time_ms=max_time_ms)

    async def tell_when_left(self) -> None:
        """Have the rows say when their elements left, where any is older than that; done before, it finds none.

        The server does it in one pass; what is heard meanwhile wins.
        """
        lacking: Filter = {**_IN_PIPELINE, "left_at": None}
        if not await self._rows.find(lacking, limit=1, fields={"_id": 1}, hint=BY_STAY):
            return
        following: Document = {"$shift": {"output": "$created_at", "by": 1, "default": _STAYS}}
        window = {"partitionBy": "$owner_id", "sortBy": {"_id": 1}, "output": {"next": following}}
        await self._rows.aggregate(
            [
                {"$match": _IN_PIPELINE},
                {"$project": {"owner_id": 1, "created_at": 1, "left_at": 1}},
                {"$setWindowFields": window},
                {"$match": {"$expr": {"$ne": ["$left_at", "$next"]}}},
                {"$project": {"left_at": "$next"}},
                {
                    "$merge": {
                        "into": STAGE_HISTORY,
                        "whenMatched": [{"$set": {"left_at": _LEFT_ANEW}}],
                        "whenNotMatched": "discard",
                    }
                },
            ]
        )

    async def page(
        self,
        *,
        owner_id: str | None,
        places: Mapping[str, str],
        limit: int,
        cursor: str | None,
    ) -> tuple[list[StageRecord], str | None]:
        """Read a page, newest first, of one element or of all; `places` are equalities of stage and pipeline.

        Raises:
            Invalid: the cursor is none of this list.
        """
        if owner_id is None:
            found, more = await newest_first(self._rows, {**_ROWS, **places}, limit=limit, cursor=cursor)
        else:
            found, more = await self._of_one(owner_id, places, limit=limit, cursor=cursor)
        return [_record(each) for each in found], more

    async def cursor_after(self, record: StageRecord, *, owner_id: str | None) -> str:
        """Return the cursor of what follows a record, in the list of its element or in that of all."""
        place = (record.created_at, record.id) if owner_id is None else (record.id,)
        return await self._rows.cursors.give(*place)

    async def _of_one(
        self, owner_id: str, places: Mapping[str, str], *, limit: int, cursor: str | None
    ) -> tuple[list[Document], str | None]:
        within = _rows_of(owner_id)
        if cursor is not None:
            within["$lt"] = await self._rows.cursors.place(cursor, lambda texts: texts[0])
            if not within["$lt"].startswith(within["$gte"]):
                raise invalid_field("cursor", "cursor", "not a cursor of this list")
        found = await self._rows.find({"_id": within, **places}, sort=[("_id", -1)], limit=limit + 1, hint="_id_")
        page = found[:limit]
        return page, await self._rows.cursors.give(page[-1]["_id"]) if len(found) > limit else None

    async def _beside(self, record: StageRecord, operator: str, direction: int) -> Document | None:
        """Find the row of the same element just before this one, or just after it."""
        within = {**_rows_of(record.owner_id), operator: record.id}
        found = await self._rows.find({"_id": within}, sort=[("_id", direction)], limit=1, hint="_id_")
        return found[0] if found else None


def _rows_of(owner_id: str) -> dict[str, str]:
    """Return the range of the ids of the rows of one element."""
    return {"$gte": f"{owner_id}:", "$lt": f"{owner_id}:{_AFTER_DIGITS}"}


def _gone(owner_id: str) -> str:
    """Return the id of the mark of a deleted element, which is no row."""
    return f"gone:{owner_id}"


def _seconds(since: datetime, until: datetime) -> float:
    """Return how long that is; clocks of replicas may differ, but nothing lasts less than nothing."""
    return max(0.0, (until - since).total_seconds())


def _record(row: Document) -> StageRecord:
    stored: dict[str, Any] = {name: row.get(name) for name in _FIELDS}
    return StageRecord(id=row["_id"], **stored)
