"""The one place that knows the MongoDB driver.

The surprise: durability is not a setting. Every connection writes with `w=majority, journal=true, retryWrites=true`,
and start-up refuses a server that is in no replica set: a standalone server lost acknowledged writes when killed.
Decimals are stored as Decimal128, dates as ISO strings, times in UTC to the millisecond.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any

from bson.codec_options import CodecOptions, TypeCodec, TypeEncoder, TypeRegistry
from bson.decimal128 import Decimal128
from bson.errors import BSONError
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReadPreference, ReturnDocument, UpdateOne, WriteConcern
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)
from pymongo.monitoring import TopologyListener

from shared.kit.grouping import Grouped

Document = dict[str, Any]
Filter = Mapping[str, Any]
Sort = Sequence[tuple[str, int]]
Update = Mapping[str, Any] | Sequence[Mapping[str, Any]]

MOMENT_S = 1.0
HEARTBEAT_MS = 2_000
"""A server that hangs is noticed after a heartbeat and the connect timeout; the driver's default is 10 s."""

GROUP = 100
"""Documents that are asked for, or written, in one command at most."""

_WRITE_CONFLICT = 112
_DUPLICATE = 11000
_RETRYABLE_CODES = frozenset({_WRITE_CONFLICT, 91, 189, 10107, 11600, 11602, 13435, 13436})


class _DecimalCodec(TypeCodec):
    python_type = Decimal
    bson_type = Decimal128

    def transform_python(self, value: Decimal) -> Decimal128:
        return Decimal128(value)

    def transform_bson(self, value: Decimal128) -> Decimal:
        return value.to_decimal()


class _DateEncoder(TypeEncoder):
    python_type = date

    def transform_python(self, value: date) -> str:
        return value.isoformat()


CODEC: CodecOptions[Document] = CodecOptions(
    tz_aware=True, tzinfo=UTC, type_registry=TypeRegistry([_DecimalCodec(), _DateEncoder()])
)


class DuplicateKey(Exception):
    """A unique index refused a write; `index` names it (`_id_` for the document's own id)."""

    def __init__(self, index: str) -> None:
        super().__init__(index)
        self.index = index


class UnsafeDeployment(RuntimeError):
    """The server would lose acknowledged writes."""


def is_transient(error: BaseException) -> bool:
    """Whether trying the same operation again may succeed."""
    if isinstance(error, (ConnectionFailure, WTimeoutError, ExecutionTimeout)):
        return True
    if isinstance(error, BulkWriteError):
        failed = [*error.details["writeErrors"], *error.details["writeConcernErrors"]]
        return bool(error.details["writeConcernErrors"]) or any(each["code"] in _RETRYABLE_CODES for each in failed)
    if isinstance(error, OperationFailure):
        return error.code in _RETRYABLE_CODES or error.has_error_label("RetryableWriteError")
    return isinstance(error, PyMongoError) and error.timeout


def _index_of(message: str) -> str:
    _, _, rest = message.partition("index: ")
    return rest.split(" ", 1)[0] if rest else "_id_"


def _outcome(problem: Document) -> bool | Exception:
    """How a write ended that was not done as asked."""
    if problem["code"] != _DUPLICATE:
        return OperationFailure(problem["errmsg"], problem["code"], problem)
    index = _index_of(problem["errmsg"])
    return False if index == "_id_" else DuplicateKey(index)


@dataclass(frozen=True)
class Index:
    """An index to be made at start."""

    keys: Sequence[tuple[str, int]]
    unique: bool = False
    sparse: bool = False
    partial: Filter | None = None
    expire_after_s: int | None = None
    name: str | None = None


class Collection:
    """One collection; every result is a plain document. Nothing of the driver shows, errors of duplicates apart.

    What many ask of one object at the same time, by `get` and `put`, goes to the server together.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.name: str = inner.name
        self._gets: Grouped[str, Document | None] = Grouped(self._get_each, most=GROUP)
        self._puts: Grouped[tuple[Filter, Update], bool] = Grouped(self._put_each, most=GROUP)

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
            raise DuplicateKey(_index_of(str(error))) from error

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
            if error.details["writeConcernErrors"] or _outcome(error.details["writeErrors"][0]) is not False:
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
            raise DuplicateKey(_index_of(str(error))) from error
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
                outcomes[problem["index"]] = _outcome(problem)
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


class _Primary(TopologyListener):
    """Knows since when there has been no primary; the driver tells it from a thread of its own."""

    def __init__(self) -> None:
        self.lost_at: float | None = None
        self._was_there = False

    def opened(self, event: Any) -> None:
        """Nothing is known yet."""

    def description_changed(self, event: Any) -> None:
        """A server came or went."""
        if event.new_description.has_writable_server():
            self._was_there, self.lost_at = True, None
        elif self._was_there and self.lost_at is None:
            self.lost_at = monotonic()

    def closed(self, event: Any) -> None:
        """Nobody asks any more."""


class Database:
    """One service's database."""

    def __init__(self, client: Any, name: str, primary: _Primary) -> None:
        self._client = client
        self._primary = primary
        self._inner = client.get_database(
            name,
            codec_options=CODEC,
            write_concern=WriteConcern(w="majority", j=True),
            read_preference=ReadPreference.PRIMARY,
        )
        self.name = name

    def collection(self, name: str) -> Collection:
        """A collection of this database, made when first written to."""
        return Collection(self._inner.get_collection(name))

    @property
    def is_away(self) -> bool:
        """Whether there was a primary and has been none for longer than a moment: waiting for one is of no use."""
        lost_at = self._primary.lost_at
        return lost_at is not None and monotonic() - lost_at > MOMENT_S

    async def check(self) -> None:
        """Whether the server is there and safe.

        Raises:
            UnsafeDeployment: it is not a member of a replica set.
        """
        hello = await self._client.admin.command("hello")
        if "setName" not in hello:
            message = "MongoDB must run as a replica set (one node will do): a standalone server loses journaled writes"
            raise UnsafeDeployment(message)

    async def now(self) -> datetime:
        """The server's time, which all replicas of a service share."""
        hello = await self._client.admin.command("hello")
        moment: datetime = hello["localTime"]
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    async def drop(self) -> None:
        """Remove the database. For tests."""
        await self._client.drop_database(self.name)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()


def connect(
    url: str,
    database: str,
    *,
    server_selection_timeout_ms: int = 3_000,
    tls_ca_file: Path | None = None,
    tls_certificate_key_file: Path | None = None,
) -> Database:
    """A database, not yet checked. Call inside the event loop that will use it.

    Args:
        url: with name and password, if any.
        database: its name.
        server_selection_timeout_ms: how long an operation waits for a primary.
        tls_ca_file: PEM of the authorities that the server's certificate must come from; connections are encrypted.
        tls_certificate_key_file: PEM of the client's own certificate and key.

    Raises:
        UnsafeDeployment: the URL asks for weaker writes than the rule, or cannot be understood.
    """
    lowered = url.lower()
    for unsafe in ("w=0", "w=1", "journal=false", "j=false", "retrywrites=false"):
        if f"{unsafe}&" in f"{lowered.partition('?')[2]}&":
            message = f"{unsafe} in MONGODB_URL would lose acknowledged writes"
            raise UnsafeDeployment(message)
    tls: Document = {"tls": True} if tls_ca_file or tls_certificate_key_file else {}
    if tls_ca_file is not None:
        tls["tlsCAFile"] = str(tls_ca_file)
    if tls_certificate_key_file is not None:
        tls["tlsCertificateKeyFile"] = str(tls_certificate_key_file)
    primary = _Primary()
    try:
        client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            url,
            w="majority",
            journal=True,
            retryWrites=True,
            tz_aware=True,
            serverSelectionTimeoutMS=server_selection_timeout_ms,
            connectTimeoutMS=server_selection_timeout_ms,
            socketTimeoutMS=20_000,
            heartbeatFrequencyMS=HEARTBEAT_MS,
            event_listeners=[primary],
            maxPoolSize=100,
            appname="crm",
            **tls,
        )
    except (PyMongoError, ValueError) as error:
        # What the driver says may quote the password, where that is what it could not read.
        message = f"MONGODB_URL, or a file of MONGODB_TLS_*, is not understood ({type(error).__name__})"
        raise UnsafeDeployment(message) from None
    return Database(client, database, primary)


class Numbers:
    """Human serial numbers per kind, reserved in blocks: unique, gaps allowed, not strictly rising (CMN-03)."""

    def __init__(self, counters: Collection, *, block: int = 50) -> None:
        self._counters = counters
        self._block = block
        self._reserved: dict[str, list[int]] = {}

    async def next(self, kind: str) -> int:
        """The next number of this process's block; one counter write each 50 numbers."""
        if not self._reserved.get(kind):
            counter = await self._counters.update({"_id": kind}, {"$inc": {"last": self._block}}, upsert=True)
            last = int(counter["last"]) if counter else 0
            # A second task may have reserved a block meanwhile: both are kept.
            self._reserved.setdefault(kind, []).extend(range(last, last - self._block, -1))
            self._reserved[kind].sort(reverse=True)
        return self._reserved[kind].pop()
