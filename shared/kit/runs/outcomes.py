"""What became of each record of a run, one row for each: the first one that is stored counts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from shared.kit.domain import DomainError, NotAllowed, NotFound
from shared.kit.runs.values import STATUSES, Status
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document
from shared.kit.storage.indexes import Index

KEPT_S: Final = 90 * 24 * 3600
"""How long they are kept, and a run after its end."""
OUTCOME_INDEXES: Final = (
    Index([("run", 1), ("status", 1), ("_id", 1)], name="by_status"),
    Index([("at", 1)], expire_after_s=KEPT_S, name="expiry"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record.

    Attributes:
        id: of the record.
        code: why it was not changed, as a single request would have been told.
        version: of the record, as the run left it; None where that is not known.
        before: fields of the record that the run changed, as they were; `after`, as they became.
    """

    id: str
    status: Status
    code: str | None = None
    message: str | None = None
    version: int | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_error(cls, id_: str, error: DomainError) -> "Outcome":
        """Make the outcome of a record that was not changed."""
        status: Status = "refused"
        if isinstance(error, NotFound):
            status = "not_found"
        elif isinstance(error, NotAllowed):
            status = "denied"
        return cls(id_, status, error.code, str(error))


class Outcomes:
    """The rows of all runs."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def store(self, run_id: str, outcomes: Sequence[Outcome], *, at: datetime) -> Mapping[str, int]:
        """Store what is not stored yet, and return the number of these records by status, as it is stored."""
        await self._collection.insert_missing([_row(run_id, each, at) for each in outcomes])
        stored = await self._collection.get_each([_key(run_id, each.id) for each in outcomes])
        return Counter(each["status"] for each in stored)

    async def of_ids(self, run_id: str, ids: Sequence[str]) -> Sequence[Outcome]:
        """Return the outcomes of these records, in their order."""
        return [_read(each) for each in await self._collection.get_each([_key(run_id, id_) for id_ in ids])]

    async def page(
        self, run_id: str, *, status: Status | None, limit: int, cursor: str | None
    ) -> tuple[Sequence[Outcome], str | None]:
        """Read one page, those of one status or all, in the order of status and id."""
        statuses = [status] if status else sorted(STATUSES)
        after: Sequence[str] = await self._collection.cursors.place(cursor, _place) if cursor else ("", "")
        found: list[Document] = []
        for each in (each for each in statuses if each >= after[0]):
            place = {"_id": {"$gt": after[1]}} if each == after[0] else {}
            where = {"run": run_id, "status": each, **place}
            found += await self._collection.find(
                where, sort=[("_id", 1)], limit=limit + 1 - len(found), hint="by_status"
            )
            if len(found) > limit:
                break
        page = found[:limit]
        cursors, is_full = self._collection.cursors, len(found) > limit
        more = await cursors.give(page[-1]["status"], page[-1]["_id"]) if is_full else None
        return [_read(each) for each in page], more

    async def number(self, run_id: str) -> Mapping[str, int]:
        """Count the rows of a run by status."""
        return {each: await self._collection.count({"run": run_id, "status": each}) for each in STATUSES}


def _key(run_id: str, id_: str) -> str:
    return f"{run_id}/{id_}"


def _row(run_id: str, outcome: Outcome, at: datetime) -> Document:
    return {**asdict(outcome), "_id": _key(run_id, outcome.id), "run": run_id, "at": at}


def _read(row: Document) -> Outcome:
    return Outcome(**{name: row[name] for name in Outcome.__slots__})


def _place(texts: list[str]) -> tuple[str, str]:
    status, id_ = texts
    if status not in STATUSES:
        raise ValueError(status)
    return status, id_
