"""Connect to MongoDB with durable writes only.

Every connection writes with `w=majority, journal=true, retryWrites=true`, and start-up refuses a server that is in no
replica set: a standalone server lost acknowledged writes when killed.
"""

from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReadPreference, WriteConcern
from pymongo.errors import PyMongoError
from pymongo.monitoring import TopologyListener

from shared.kit.storage.codecs import CODEC
from shared.kit.storage.collection import Collection
from shared.kit.storage.cursors import KEYS, CursorKey, Cursors
from shared.kit.storage.documents import Document
from shared.kit.storage.errors import UnsafeDeployment

MOMENT_S = 1.0

HEARTBEAT_MS = 2_000
"""A server that hangs is noticed after a heartbeat and the connect timeout; the driver's default is 10 s."""


class PrimaryWatch(TopologyListener):
    """Notes since when there has been no primary; the driver calls it from a thread."""

    def __init__(self) -> None:
        self.lost_at: float | None = None
        self._was_there = False

    def opened(self, event: Any) -> None:
        """Ignore the start of the watch."""

    def description_changed(self, event: Any) -> None:
        """Note whether there is a primary now."""
        if event.new_description.has_writable_server():
            self._was_there, self.lost_at = True, None
        elif self._was_there and self.lost_at is None:
            self.lost_at = monotonic()

    def closed(self, event: Any) -> None:
        """Ignore the end of the watch."""


class Database:
    """The database of one service."""

    def __init__(self, client: Any, name: str, primary: PrimaryWatch) -> None:
        self._client = client
        self._primary = primary
        self._inner = client.get_database(
            name,
            codec_options=CODEC,
            write_concern=WriteConcern(w="majority", j=True),
            read_preference=ReadPreference.PRIMARY,
        )
        self._cursor_key = CursorKey(self._inner.get_collection(KEYS))
        self.name = name

    def collection(self, name: str) -> Collection:
        """Return a collection of this database, created by its first write."""
        return Collection(self._inner.get_collection(name), Cursors(self._cursor_key, name))

    @property
    def is_away(self) -> bool:
        """Whether the primary has been lost for longer than a moment, so that waiting for it is of no use."""
        lost_at = self._primary.lost_at
        return lost_at is not None and monotonic() - lost_at > MOMENT_S

    async def check(self) -> None:
        """Check that the server answers and keeps acknowledged writes.

        Raises:
            UnsafeDeployment: it is not a member of a replica set.
        """
        hello = await self._client.admin.command("hello")
        if "setName" not in hello:
            message = "MongoDB must run as a replica set (one node will do): a standalone server loses journaled writes"
            raise UnsafeDeployment(message)

    async def now(self) -> datetime:
        """Return the server's time, which all replicas of a service share."""
        hello = await self._client.admin.command("hello")
        moment: datetime = hello["localTime"]
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    async def drop(self) -> None:
        """Drop the database. For tests."""
        await self._client.drop_database(self.name)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def connect(
    url: str,
    database: str,
    *,
    server_selection_timeout_ms: int = 3_000,
    tls_ca_file: Path | None = None,
    tls_certificate_key_file: Path | None = None,
) -> Database:
    """Connect to a database, without checking it yet, in the event loop that will use it.

    An operation waits for a primary for `server_selection_timeout_ms`. The TLS files are PEM: the authorities of the
    server's certificate, and the client's own certificate and key; with one of them, connections are encrypted.

    Raises:
        UnsafeDeployment: the URL asks for weaker writes than the rule, or is invalid.
    """
    _check_options(url)
    primary = PrimaryWatch()
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
            **_tls_options(tlsCAFile=tls_ca_file, tlsCertificateKeyFile=tls_certificate_key_file),
        )
    except (PyMongoError, ValueError) as error:
        # Without the driver's message, which may quote the password.
        message = f"MONGODB_URL, or a file of MONGODB_TLS_*, is not understood ({type(error).__name__})"
        raise UnsafeDeployment(message) from None
    return Database(client, database, primary)


def _check_options(url: str) -> None:
    """Reject a URL that asks for weaker writes than the rule."""
    options = url.lower().partition("?")[2]
    for unsafe in ("w=0", "w=1", "journal=false", "j=false", "retrywrites=false"):
        if f"{unsafe}&" in f"{options}&":
            message = f"{unsafe} in MONGODB_URL would lose acknowledged writes"
            raise UnsafeDeployment(message)


def _tls_options(**files: Path | None) -> Document:
    """Encrypt connections where any of the files is given."""
    given = {name: str(file) for name, file in files.items() if file is not None}
    return {"tls": True, **given} if given else {}
