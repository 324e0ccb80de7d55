"""Rung 2: Apache Kafka in a container, where a Docker engine answers.

The surprise: every setting is passed as an environment variable, because the image writes its own properties file.
"""

from pathlib import Path
from typing import Final

from deploy.local.kafka.broker import Kafka
from deploy.local.kafka.properties import LOCAL_CLIENTS, server_properties
from deploy.local.ports import free_port
from deploy.local.rungs import Container, Rung, RungUnavailable, docker_answers
from deploy.local.waiting import START_DEADLINE_S, wait_until

IMAGE: Final = "apache/kafka:4.4.0"
_CONTROLLER_PORT: Final = 29093


class DockerKafka(Kafka):
    """One container, its data inside."""

    rung = "docker"
    settings = LOCAL_CLIENTS

    def __init__(self, directory: Path) -> None:
        port = free_port()
        self.bootstrap_servers = f"127.0.0.1:{port}"
        self.properties = _properties(port)
        self._container = Container(
            "kafka",
            IMAGE,
            directory=directory,
            port=port,
            environment={f"KAFKA_{key.upper().replace('.', '_')}": value for key, value in self.properties.items()},
            command=[],
        )

    def launch(self) -> None:
        """Make and start the container."""
        self._container.start()

    def wait_ready(self) -> None:
        wait_until(self.answers, "Kafka in its container", START_DEADLINE_S)

    def kill(self) -> None:
        self._container.kill()

    def shut_down(self) -> None:
        self._container.shut_down()

    def restart(self) -> None:
        self._container.restart()
        self.wait_ready()

    def pause(self) -> None:
        self._container.pause()

    def resume(self) -> None:
        self._container.resume()

    def stop(self) -> None:
        self._container.remove()


def _properties(port: int) -> dict[str, str]:
    """As of any local Kafka, except that the image formats its disk for a quorum that is named in full."""
    properties = server_properties(port, _CONTROLLER_PORT, Path("/var/lib/kafka/data"), listen_on="0.0.0.0")  # noqa: S104 - inside the container
    del properties["controller.quorum.bootstrap.servers"]
    return {
        **properties,
        "controller.quorum.voters": f"1@127.0.0.1:{_CONTROLLER_PORT}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
    }


def _check() -> None:
    """Whether an engine answers."""
    if not docker_answers():
        raise RungUnavailable("no Docker engine answers")


def _launch(directory: Path) -> Kafka:
    """Start one container."""
    kafka = DockerKafka(directory)
    kafka.launch()
    return kafka


RUNG: Final = Rung(_check, _launch)
