"""MongoDB 8 in a container, where a Docker engine answers."""

from pathlib import Path
from typing import Final

from deploy.local.container import Container, ContainerServer, check_docker
from deploy.local.mongo.server import REPLICA_SET, LocalMongo
from deploy.local.providers import Provider

IMAGE: Final = "mongo:8.0.17"


class DockerMongo(ContainerServer, LocalMongo):
    """One container, its data inside. It listens on the published port, so that its name in the set is reachable."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.runner = Container(
            "mongo",
            IMAGE,
            directory=directory,
            port=self.port,
            environment={},
            command=["mongod", "--replSet", REPLICA_SET, "--port", str(self.port), "--bind_ip_all"],
        )


PROVIDER: Final = Provider(check_docker, DockerMongo)
