"""Chooses the highest rung that this machine offers."""

from pathlib import Path
from typing import Final

from deploy.local.mongo import docker, given, mongod
from deploy.local.mongo.server import Mongo
from deploy.local.providers import Rung, choose

_LADDER: Final[dict[str, Rung[Mongo]]] = {
    "given": given.RUNG,
    "docker": docker.RUNG,
    "path": mongod.PATH,
    "wheel": mongod.WHEEL,
}


def choose_mongo() -> str:
    """The rung that `start_mongo` will use, found without starting anything.

    Raises:
        RungUnavailable: none can be used, or not the one that `CRM_MONGO` forces; every reason is named.
    """
    return choose(_LADDER, "CRM_MONGO")


def launch_mongo(directory: Path) -> Mongo:
    """Start it, without waiting until it takes writes."""
    return _LADDER[choose_mongo()].launch(directory)


def start_mongo(directory: Path) -> Mongo:
    """Start it with its data and log in `directory`, and wait until it takes writes."""
    mongo = launch_mongo(directory)
    try:
        mongo.wait_ready()
    except BaseException:
        mongo.stop()
        raise
    return mongo
