"""Where forms are stored, and how much was submitted by them within the minute."""

from datetime import datetime, timedelta
from typing import Final

from services.leads.form.domain.form import Form
from shared.kit.storage.collection import Collection
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import WITHOUT_BOOKKEEPING

FORMS: Final = "forms"
SUBMISSION_COUNTS: Final = "form_submission_counts"
COUNT_INDEXES: Final = (Index([("at", 1)], expire_after_s=3600, name="expires"),)
MINUTE: Final = timedelta(minutes=1)


class FormViews:
    """Lists of forms, by id."""

    def __init__(self, forms: MongoRepository[Form]) -> None:
        self._forms = forms

    async def page(self, *, limit: int, cursor: str | None) -> tuple[list[Form], str | None]:
        """List forms by id, with the cursor of the next page.

        Raises:
            Invalid: not a cursor of this list.
        """
        forms = self._forms.collection
        place = {"_id": {"$gt": await forms.cursors.place(cursor, _id_of)}} if cursor else {}
        found = await forms.find(
            {"deleted_at": None, **place}, sort=[("_id", 1)], limit=limit + 1, fields=WITHOUT_BOOKKEEPING
        )
        page = [self._forms.read(document) for document in found[:limit]]
        return page, await forms.cursors.give(page[-1].id) if len(found) > limit else None


class SubmissionCounts:
    """How many submissions each form has had within the present minute, over all replicas."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def take(self, form_id: str, most: int, *, at: datetime) -> timedelta | None:
        """Count one more; where there were so many already, return when the next one may be sent, and count nothing."""
        begun = at.replace(second=0, microsecond=0)
        id_ = f"{form_id} {begun:%Y-%m-%dT%H:%M}"
        there = {"$setOnInsert": {"at": begun, "count": 0}}
        await self._collection.put({"_id": id_}, there)
        counted = await self._collection.update({"_id": id_, "count": {"$lt": most}}, {"$inc": {"count": 1}})
        return None if counted is not None else begun + MINUTE - at


def _id_of(texts: list[str]) -> str:
    (id_,) = texts
    return id_
