"""Read and write one MongoDB collection as plain documents; only this package imports the driver."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import Any

from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, ExecutionTimeout, OperationFailure

from shared.kit.storage.batching import Batcher
from shared.kit.storage.cursors import Cursors
from shared.kit.storage.documents import Document, Filter, Sort, Update
from shared.kit.storage.errors import DuplicateKey, index_in, outcome_of_write
from shared.kit.storage.guarded_upserts import GuardedUpsert, upsert_each
from shared.kit.storage.indexes import Collation, Index
from shared.kit.storage.repository_errors import QueryTooExpensive

_NOT_FOUND = frozenset({26, 27})
"""Codes of the server for a missing collection, and a missing index."""

GROUP = 200
"""Documents read or written in one command at most."""

GROUPS = 20
"""Calls for several documents that share one command at most."""


class Collection:
    """One collection; every result is a plain document, and no name of the driver is needed to use it.

    Concurrent calls of `get`, of `get_each` and of `put` share one command each.

    Attributes:
        cursors: those of its lists.
    """

    def __init__(self, inner: Any, cursors: Cursors) -> None:
        self._inner, self.cursors = inner, cursors
        self.name: str = inner.name
        self._gets: Batcher[str, Document | None] = Batcher(self._load_each, most=GROUP)
        self._groups: Batcher[tuple[str, ...], list[Document]] = Batcher(self._load_groups, most=GROUPS)
        self._puts: Batcher[GuardedUpsert, bool] = Batcher(partial(upsert_each, inner), most=GROUP)

    async def ensure(self, indexes: Iterable[Index]) -> None:
        """Create the collection and its indexes, where they are missing."""
        for index in indexes:
            if index.replaces is not None:
                await self.drop_index(index.replaces)
            options: Document = {"unique": index.unique, "sparse": index.sparse}
            if index.partial is not None:
                options = {"unique": index.unique, "partialFilterExpression": index.partial}
            if index.expire_after_s is not None:
                options["expireAfterSeconds"] = index.expire_after_s
            if index.collation is not None:
                options["collation"] = dict(index.collation)
            if index.name is not None:
                options["name"] = index.name
            await self._inner.create_index(list(index.keys), **options)

    async def has_index(self, name: str) -> bool:
        """Return whether it has an index of this name."""
        return name in await self._inner.index_information()

    async def drop_index(self, name: str) -> None:
        """Drop the index of this name, if there is one."""
        try:
            await self._inner.drop_index(name)
        except OperationFailure as error:
            if error.code not in _NOT_FOUND:
                raise

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
        """Insert the documents whose `_id` is new, and return their number."""
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
        """Insert in order up to the first document whose `_id` exists, and return the number inserted."""
        try:
            await self._inner.insert_many(documents, ordered=True)
        except BulkWriteError as error:
            if error.details["writeConcernErrors"] or outcome_of_write(error.details["writeErrors"][0]) is not False:
                raise
            return int(error.details["nInserted"])
        return len(documents)

    async def get(self, id_: str, fields: Mapping[str, Any] | None = None) -> Document | None:
        """Load the document with this `_id`."""
        if fields is None:
            return await self._gets.load(id_)
        document: Document | None = await self._inner.find_one({"_id": id_}, fields)
        return document

    async def get_each(self, ids: Iterable[str]) -> list[Document]:
        """Load those that there are, in the order of `ids`; they are shared with other calls, so to be read only."""
        return await self._groups.load(tuple(dict.fromkeys(ids)))

    async def _load_groups(self, groups: Sequence[tuple[str, ...]]) -> list[list[Document] | Exception]:
        wanted = {id_ for group in groups for id_ in group}
        found = {document["_id"]: document for document in await self.find({"_id": {"$in": list(wanted)}})}
        return [[found[id_] for id_ in group if id_ in found] for group in groups]

    async def _load_each(self, ids: Sequence[str]) -> list[Document | Exception | None]:
        wanted = Counter(ids)
        found = {document["_id"]: document for document in await self.find({"_id": {"$in": list(wanted)}})}
        # Each caller gets a copy of its own.
        return [found.get(id_) if wanted[id_] == 1 else deepcopy(found.get(id_)) for id_ in ids]

    async def first(self, where: Filter, sort: Sort | None = None, fields: Filter | None = None) -> Document | None:
        """Load the first document that matches."""
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
        """Load the documents that match, at most `limit` (0: no limit), by the index named in `hint`."""
        cursor = self._inner.find(where, fields, hint=hint)
        if sort:
            cursor = cursor.sort(list(sort))
        documents: list[Document] = await cursor.limit(limit).to_list(length=None)
        return documents

    async def explain(
        self, where: Filter, sort: Sort | None = None, *, limit: int = 0, hint: str | None = None
    ) -> Document:
        """Return the plan that the server chose for a query, and what it read."""
        cursor = self._inner.find(where, hint=hint).limit(limit)
        plan: Document = await (cursor.sort(list(sort)) if sort else cursor).explain()
        return plan

    async def update(self, where: Filter, change: Update, *, upsert: bool = False) -> Document | None:
        """Change the first document that matches and return its new state; None where none matches.

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
        """Change the document with the `_id` in `where`, or insert it; False where it exists but does not match.

        Raises:
            DuplicateKey: naming the index that refused it, `_id_` apart.
        """
        return await self._puts.load((where, change))

    async def update_each(self, changes: Sequence[tuple[Filter, Update]]) -> int:
        """Apply many changes in one command, each to at most one document, and return the number of matches."""
        if not changes:
            return 0
        result = await self._inner.bulk_write([UpdateOne(where, change) for where, change in changes], ordered=False)
        return int(result.matched_count)

    async def update_all(self, where: Filter, change: Update) -> int:
        """Change all documents that match, and return their number."""
        return int((await self._inner.update_many(where, change)).matched_count)

    async def delete(self, where: Filter) -> int:
        """Delete the documents that match, and return their number."""
        return int((await self._inner.delete_many(where)).deleted_count)

    async def count(self, where: Filter, *, limit: int | None = None) -> int:
        """Count the documents that match, up to `limit`."""
        options = {} if limit is None else {"limit": limit}
        return int(await self._inner.count_documents(where, **options))

    async def walk(self, *, fields: Filter | None = None, batch: int = 1000) -> AsyncIterator[Document]:
        """Iterate over all documents by id; those inserted meanwhile may be missing."""
        async for document in self._inner.find({}, fields).sort("_id", 1).batch_size(batch):
            yield document

    async def drop(self) -> None:
        """Drop the collection with its indexes, if it exists."""
        await self._inner.drop()

    async def aggregate(
        self,
        pipeline: Sequence[Document],
        *,
        hint: str | None = None,
        max_time_ms: int | None = None,
        collation: Collation | None = None,
    ) -> list[Document]:
        """Run an aggregation pipeline, by the index named in `hint`, for at most so long.

        Raises:
            QueryTooExpensive: it took longer than `max_time_ms`.
        """
        given = {"hint": hint, "maxTimeMS": max_time_ms, "collation": collation}
        options = {name: value for name, value in given.items() if value is not None}
        return await _listed(self._inner.aggregate(list(pipeline), **options))

    async def arrange(
        self, documents: Sequence[Document], pipeline: Sequence[Document], *, collation: Collation, max_time_ms: int
    ) -> list[Document]:
        """Run an aggregation pipeline over documents that are given: the server alone knows the order of people.

        Raises:
            QueryTooExpensive: it took longer than `max_time_ms`.
        """
        given: Document = {"$documents": {"$literal": list(documents)}}
        return await _listed(
            self._inner.database.aggregate([given, *pipeline], collation=collation, maxTimeMS=max_time_ms)
        )


async def _listed(cursor: Any) -> list[Document]:
    try:
        documents: list[Document] = await cursor.to_list(length=None)
    except ExecutionTimeout as error:
        raise QueryTooExpensive.here() from error
    return documents
