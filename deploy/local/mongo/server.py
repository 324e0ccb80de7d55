"""What is the same of every MongoDB, whichever provider it comes from.

It is a replica set even with one node, because a standalone server loses acknowledged writes.
"""

from pathlib import Path
from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local.ports import kept_port
from deploy.local.server import Server

REPLICA_SET: Final = "rs0"
_NOT_YET_INITIALIZED: Final = 94
_ALREADY_INITIALIZED: Final = 23


class Mongo(Server):
    """One running replica set; it serves clients when its primary takes writes."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        return {"MONGODB_URL": self.url}


class LocalMongo(Mongo):
    """A replica set of one node on this machine."""

    def __init__(self, directory: Path) -> None:
        self.port = kept_port(directory, "mongo")
        self.url = f"mongodb://127.0.0.1:{self.port}/?replicaSet={REPLICA_SET}"

    def answers(self) -> bool:
        return _becomes_primary(self.port)


def has_primary(url: str) -> bool:
    """Return whether a primary takes writes."""
    client: MongoClient[dict[str, Any]] = MongoClient(url, serverSelectionTimeoutMS=300, connectTimeoutMS=300)
    try:
        return bool(client.admin.command("hello")["isWritablePrimary"])
    except PyMongoError:
        return False
    finally:
        client.close()


def _becomes_primary(port: int) -> bool:
    """Make the fresh server on this port a replica set of its own, and return whether it is its primary by now."""
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
