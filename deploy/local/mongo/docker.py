"""Rung 2: MongoDB 8 in a container, where a Docker engine answers."""

from pathlib import Path
from typing import Final

from deploy.local.mongo.server import REPLICA_SET, Mongo, becomes_primary, local_url
from deploy.local.ports import free_port
from deploy.local.rungs import Container, Rung, RungUnavailable, docker_answers
from deploy.local.waiting import START_DEADLINE_S, wait_until

IMAGE: Final = "mongo:8"


class DockerMongo(Mongo):
    """One container, its data inside. It listens on the published port, so that its name in the set is reachable."""

    rung = "docker"

    def __init__(self, directory: Path) -> None:
        self._port = free_port()
        self.url = local_url(self._port)
        self._container = Container(
            "mongo",
            IMAGE,
            directory=directory,
            port=self._port,
            environment={},
            command=["mongod", "--replSet", REPLICA_SET, "--port", str(self._port), "--bind_ip_all"],
        )

    def launch(self) -> None:
        """Make and start the container."""
        self._container.start()

    def wait_ready(self) -> None:
        wait_until(lambda: becomes_primary(self._port), "MongoDB in its container", START_DEADLINE_S)

    def kill(self) -> None:
        self._container.kill()

    def restart(self) -> None:
        self._container.restart()
        self.wait_ready()

    def pause(self) -> None:
        self._container.pause()

    def resume(self) -> None:
        self._container.resume()

    def stop(self) -> None:
        self._container.remove()


def _check() -> None:
    if not docker_answers():
        raise RungUnavailable("no Docker engine answers")


def _launch(directory: Path) -> Mongo:
    mongo = DockerMongo(directory)
    mongo.launch()
    return mongo


RUNG: Final = Rung(_check, _launch)
