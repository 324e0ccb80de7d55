"""Rung 1: somebody else's MongoDB, named by `MONGODB_URL`. It is neither killed nor stopped."""

import os
from pathlib import Path
from typing import Final

from deploy.local.mongo.server import Mongo, has_primary
from deploy.local.rungs import NotOurs, Rung, RungUnavailable
from deploy.local.waiting import wait_until

_DEADLINE_S: Final = 60.0


class GivenMongo(Mongo):
    """A replica set that was there before."""

    rung = "given"

    def __init__(self, url: str) -> None:
        self.url = url

    def wait_ready(self) -> None:
        wait_until(lambda: has_primary(self.url), "the MongoDB of MONGODB_URL", _DEADLINE_S)

    def kill(self) -> None:
        raise NotOurs("MONGODB_URL")

    def restart(self) -> None:
        raise NotOurs("MONGODB_URL")

    def pause(self) -> None:
        raise NotOurs("MONGODB_URL")

    def resume(self) -> None:
        raise NotOurs("MONGODB_URL")

    def stop(self) -> None:
        """Nothing: it goes on."""


def _check() -> None:
    if not os.environ.get("MONGODB_URL"):
        raise RungUnavailable("MONGODB_URL is not set")


def _launch(_directory: Path) -> Mongo:
    return GivenMongo(os.environ["MONGODB_URL"])


RUNG: Final = Rung(_check, _launch)
