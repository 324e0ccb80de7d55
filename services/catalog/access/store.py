"""Collections of roles and departments, and their lists."""

from collections.abc import Mapping
from typing import Final, Generic

from services.catalog.access.domain.department import Department
from services.catalog.access.usecases import A
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import WITHOUT_BOOKKEEPING

ROLES: Final = "roles"
DEPARTMENTS: Final = "departments"


class AccessViews(Generic[A]):
    """Lists of roles or departments, by id."""

    def __init__(self, records: MongoRepository[A]) -> None:
        self._records: MongoRepository[A] = records

    async def page(self, *, limit: int, cursor: str | None) -> tuple[list[A], str | None]:
        """List records by id, with the cursor of the next page.

        Raises:
            Invalid: not a cursor of this list.
        """
        records = self._records.collection
        place = {"_id": {"$gt": await records.cursors.place(cursor, _id_of)}} if cursor else {}
        found = await records.find(
            {"deleted_at": None, **place}, sort=[("_id", 1)], limit=limit + 1, fields=WITHOUT_BOOKKEEPING
        )
        page = [self._records.read(document) for document in found[:limit]]
        return page, await records.cursors.give(page[-1].id) if len(found) > limit else None


def _id_of(texts: list[str]) -> str:
    (id_,) = texts
    return id_


class DepartmentTree:
    """Where the departments belong, read where they are written."""

    def __init__(self, departments: MongoRepository[Department]) -> None:
        self._departments = departments.collection

    async def parents(self) -> Mapping[str, str | None]:
        """Find the department that each of them belongs to."""
        found = await self._departments.find({"deleted_at": None}, fields={"parent_id": 1})
        return {each["_id"]: each["parent_id"] for each in found}
