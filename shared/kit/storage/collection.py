"""Read and write one MongoDB collection as plain documents; this and its neighbours alone know the driver."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from bson.errors import BSONError
from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, InvalidOperation

from shared.kit.storage.batching import Batcher
from shared.kit.storage.documents import Document, Filter, Sort, Update
from shared.kit.storage.errors import DuplicateKey, index_in, outcome_of_write
from shared.kit.storage.indexes import Index

GROUP = 100
"""Documents that are asked for, or written, in one command at most."""


class Collection:
    """One collection; every result is a plain document. Nothing of the driver shows, errors of duplicates apart.

    What many ask of one object at the same time, by `get` and `put`, goes to the server together.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.name: str = inner.name
        self._gets: Batcher[str, Document | None] = Batcher(self._get_each, most=GROUP)
        self._puts: Batcher[tuple[Filter, Update], bool] = Batcher(self._put_each, most=GROUP)

    async def ensure(self, indexes: Iterable[Index]) -> None:
        """Make the collection and its indexes, which is idempotent."""
        for index in indexes:
            options: Document = {"unique": index.unique, "sparse": index.sparse}
            if index.partial is not None:
                options = {"unique": index.unique, "partialFilterExpression": index.partial}
            if index.expire_after_s is not None:
                options["expireAfterSeconds"] = index.expire_after_s
            if index.name is not None:
                options["name"] = index.name
            await self._inner.create_index(list(index.keys), **options)

    async def insert(self, document: Document) -> None:
        """Insert one document.

        Raises:
            DuplicateKey: naming the index that refused it.
        """
        try:
            await self._inner.insert_one(document)
        except DuplicateKeyError as error:
            raise DuplicateKey(index_in(str(error))) from error

    async def insert_missing(self, documents: Sequence[Document]) -> int:
        """Insert those whose `_id` is not there yet; the number inserted."""
        if not documents:
            return 0
        try:
            result = await self._inner.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            other = any(problem.get("keyPattern") != {"_id": 1} for problem in error.details["writeErrors"])
            if other or error.details["writeConcernErrors"]:
                raise
            return int(error.details["nInserted"])
        return len(result.inserted_ids)

    async def insert_in_order(self, documents: Sequence[Document]) -> int:
        """Insert one after another up to the first whose `_id` is there already; the number inserted."""
        try:
            await self._inner.insert_many(documents, ordered=True)
        except BulkWriteError as error:
            if error.details["writeConcernErrors"] or outcome_of_write(error.details["writeErrors"][0]) is not False:
                raise
            return int(error.details["nInserted"])
        return len(documents)

    async def get(self, id_: str, fields: Mapping[str, Any] | None = None) -> Document | None:
        """The document with this `_id`."""
        if fields is None:
            return await self._gets.ask(id_)
        document: Document | None = await self._inner.find_one({"_id": id_}, fields)
        return document

    async def _get_each(self, ids: Sequence[str]) -> list[Document | Exception | None]:
        found = {document["_id"]: document for document in await self.find({"_id": {"$in": list(set(ids))}})}
        # Each gets a document of its own, to do with as they like.
        return [found.pop(id_, None) if ids.count(id_) == 1 else deepcopy(found.get(id_)) for id_ in ids]

    async def first(self, where: Filter, sort: Sort | None = None, fields: Filter | None = None) -> Document | None:
        """The first document that fits."""
        document: Document | None = await self._inner.find_one(where, fields, sort=list(sort) if sort else None)
        return document

    async def find(
        self,
        where: Filter,
        *,
        sort: Sort | None = None,
        limit: int = 0,
        fields: Filter | None = None,
        hint: str | None = None,
    ) -> list[Document]:
        """All documents that fit, at most `limit` (0: no limit), by the index of the name in `hint`."""
        cursor = self._inner.find(where, fields, hint=hint)
        if sort:
            cursor = cursor.sort(list(sort))
        documents: list[Document] = await cursor.limit(limit).to_list(length=None)
        return documents

    async def explain(
        self, where: Filter, sort: Sort | None = None, *, limit: int = 0, hint: str | None = None
    ) -> Document:
        """The plan that the server chose for a query, and what it read."""
        cursor = self._inner.find(where, hint=hint).limit(limit)
        plan: Document = await (cursor.sort(list(sort)) if sort else cursor).explain()
        return plan

    async def update(self, where: Filter, change: Update, *, upsert: bool = False) -> Document | None:
        """Change the first document that fits and return it as it is afterwards; None where none fits.

        Raises:
            DuplicateKey: naming the index that refused it.
        """
        try:
            document: Document | None = await self._inner.find_one_and_update(
                where, change, upsert=upsert, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError as error:
            raise DuplicateKey(index_in(str(error))) from error
        return document

    async def put(self, where: Filter, change: Update) -> bool:
        """Change the document with the `_id` in `where`, or insert it; False where it is there but does not fit.

        The surprise: an update whose condition fails tries to insert, and collides with the very document. So one
        command tells of each of many guarded writes how it ended, which its counts alone would not.

        Raises:
            DuplicateKey: naming the index that refused it, `_id_` apart.
        """
        return await self._puts.ask((where, change))

    async def _put_each(self, changes: Sequence[tuple[Filter, Update]]) -> list[bool | Exception]:
        outcomes: list[bool | Exception] = [True] * len(changes)
        try:
            await self._inner.bulk_write(
                [UpdateOne(where, change, upsert=True) for where, change in changes], ordered=False
            )
        except BulkWriteError as error:
            if error.details["writeConcernErrors"]:
                raise
            for problem in error.details["writeErrors"]:
                outcomes[problem["index"]] = outcome_of_write(problem)
        except (BSONError, InvalidOperation, OverflowError, TypeError, ValueError):
            # One cannot be sent, and keeps no other from it.
            if len(changes) == 1:
                raise
            return [await self._put_alone(change) for change in changes]
        return outcomes

    async def _put_alone(self, change: tuple[Filter, Update]) -> bool | Exception:
        try:
            return (await self._put_each([change]))[0]
        except Exception as error:  # noqa: BLE001 - whoever asked for this one is told
            return error

    async def update_each(self, changes: Sequence[tuple[Filter, Update]]) -> int:
        """Apply many changes in one round trip, each to at most one document; the number of documents matched."""
        if not changes:
            return 0
        result = await self._inner.bulk_write([UpdateOne(where, change) for where, change in changes], ordered=False)
        return int(result.matched_count)

    async def delete(self, where: Filter) -> int:
        """Delete all that fit; how many there were."""
        return int((await self._inner.delete_many(where)).deleted_count)

    async def count(self, where: Filter, *, limit: int | None = None) -> int:
        """How many fit, counted up to `limit`."""
        options = {} if limit is None else {"limit": limit}
        return int(await self._inner.count_documents(where, **options))

    async def walk(self, *, fields: Filter | None = None, batch: int = 1000) -> AsyncIterator[Document]:
        """All documents in the order of their ids; what comes in meanwhile may or may not be among them."""
        async for document in self._inner.find({}, fields).sort("_id", 1).batch_size(batch):
            yield document

    async def drop(self) -> None:
        """Remove the collection with its indexes; it need not be there."""
        await self._inner.drop()

    async def aggregate(self, pipeline: Sequence[Document]) -> list[Document]:
        """Run a pipeline."""
        documents: list[Document] = await self._inner.aggregate(list(pipeline)).to_list(length=None)
        return documents
