"""An external Kafka, named by `KAFKA_BOOTSTRAP_SERVERS`; client settings that are set in the environment win here."""

import os
from functools import partial
from pathlib import Path
from typing import Final

from deploy.local.kafka.broker import Kafka
from deploy.local.providers import Provider, check_variable
from deploy.local.server import ExternalServer
from shared.kit.settings import KafkaSettings


class ExternalKafka(ExternalServer, Kafka):
    """A cluster that runs already."""

    variable = "KAFKA_BOOTSTRAP_SERVERS"

    def __init__(self, bootstrap_servers: str, replication_factor: int) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.replication_factor = replication_factor

    @property
    def environment(self) -> dict[str, str]:
        """With the settings of TLS and SASL that the environment has."""
        named = {f"KAFKA_{name.upper()}" for name in KafkaSettings.model_fields} & os.environ.keys()
        return {**super().environment, **{name: os.environ[name] for name in named}}


def _make(_directory: Path) -> ExternalKafka:
    """Use it as it is; `CRM_REPLICATION_FACTOR` (default 1) is for topics made there."""
    return ExternalKafka(os.environ[ExternalKafka.variable], int(os.environ.get("CRM_REPLICATION_FACTOR", "1")))


PROVIDER: Final = Provider(partial(check_variable, ExternalKafka.variable), _make)
