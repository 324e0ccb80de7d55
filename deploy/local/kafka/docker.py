"""Apache Kafka in a container, where a Docker engine answers.

Every setting is passed as an environment variable, because the image writes its own properties file.
"""

from pathlib import Path
from typing import Final

from deploy.local.container import Container, ContainerServer, check_docker
from deploy.local.kafka.broker import Kafka
from deploy.local.kafka.properties import LOCAL_CLIENTS, server_properties
from deploy.local.ports import kept_port
from deploy.local.providers import Provider

IMAGE: Final = "apache/kafka:4.4.0"
_CONTROLLER_PORT: Final = 29093


class DockerKafka(ContainerServer, Kafka):
    """One container, its data inside."""

    settings = LOCAL_CLIENTS

    def __init__(self, directory: Path) -> None:
        port = kept_port(directory, "kafka")
        self.bootstrap_servers = f"127.0.0.1:{port}"
        self.properties = _properties(port)
        self.runner = Container(
            "kafka",
            IMAGE,
            directory=directory,
            port=port,
            environment={f"KAFKA_{key.upper().replace('.', '_')}": value for key, value in self.properties.items()},
            command=[],
        )


def _properties(port: int) -> dict[str, str]:
    """Return the properties of any local Kafka, with a quorum named in full: the image formats its disk for that."""
    properties = server_properties(port, _CONTROLLER_PORT, Path("/var/lib/kafka/data"), listen_on="0.0.0.0")  # noqa: S104 - inside the container
    del properties["controller.quorum.bootstrap.servers"]
    return {
        **properties,
        "controller.quorum.voters": f"1@127.0.0.1:{_CONTROLLER_PORT}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
    }


PROVIDER: Final = Provider(check_docker, DockerKafka)
