"""What the stack and the tests may do with a MongoDB, whichever rung it is.

The surprise: it is a replica set even with one node, because a standalone server loses acknowledged writes.
"""

from abc import ABC, abstractmethod
from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

REPLICA_SET: Final = "rs0"
_NOT_YET_INITIALIZED: Final = 94
_ALREADY_INITIALIZED: Final = 23


class Mongo(ABC):
    """One running replica set."""

    rung: str
    url: str

    @property
    def environment(self) -> dict[str, str]:
        """What a service needs to use it."""
        return {"MONGODB_URL": self.url}

    @abstractmethod
    def wait_ready(self) -> None:
        """Return when its primary takes writes."""

    @abstractmethod
    def kill(self) -> None:
        """SIGKILL; what it had on disk stays."""

    @abstractmethod
    def restart(self) -> None:
        """Start it again on the same port with the same data, and wait until its primary takes writes."""

    @abstractmethod
    def pause(self) -> None:
        """Let it hang: it keeps its connections and answers nobody."""

    @abstractmethod
    def resume(self) -> None:
        """Let it go on."""

    @abstractmethod
    def stop(self) -> None:
        """End it for good."""


def local_url(port: int) -> str:
    """The address of a one-node replica set on this machine."""
    return f"mongodb://127.0.0.1:{port}/?replicaSet={REPLICA_SET}"


def has_primary(url: str) -> bool:
    """Whether a primary takes writes."""
    client: MongoClient[dict[str, Any]] = MongoClient(url, serverSelectionTimeoutMS=300, connectTimeoutMS=300)
    try:
        return bool(client.admin.command("hello")["isWritablePrimary"])
    except PyMongoError:
        return False
    finally:
        client.close()


def becomes_primary(port: int) -> bool:
    """Make the fresh server on this port a replica set of its own; whether it is its primary by now."""
    client: MongoClient[dict[str, Any]] = MongoClient(
        "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=300, connectTimeoutMS=300
    )
    try:
        hello = client.admin.command("hello")
        if "setName" not in hello:
            members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
            # A lone node waits for no votes; the default of 10 s only delays its return after kill -9.
            settings = {"electionTimeoutMillis": 500}
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members, "settings": settings})
        return bool(hello["isWritablePrimary"])
    except OperationFailure as error:
        if error.code in (_ALREADY_INITIALIZED, _NOT_YET_INITIALIZED):
            return False
        raise
    except PyMongoError:
        return False
    finally:
        client.close()
