"""Rung 1: somebody else's Kafka, named by `KAFKA_BOOTSTRAP_SERVERS`.

The surprise: client settings that are set in the environment win here, and it is neither killed nor stopped.
"""

import os
from pathlib import Path
from typing import Final

from deploy.local.kafka.broker import Kafka
from deploy.local.rungs import NotOurs, Rung, RungUnavailable
from deploy.local.waiting import wait_until
from shared.kit.settings import KafkaSettings

_DEADLINE_S: Final = 60.0


class GivenKafka(Kafka):
    """A cluster that was there before."""

    rung = "given"

    def __init__(self, bootstrap_servers: str, replication_factor: int) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.replication_factor = replication_factor

    @property
    def environment(self) -> dict[str, str]:
        """With all that the environment says of TLS and SASL."""
        named = {f"KAFKA_{name.upper()}" for name in KafkaSettings.model_fields} & os.environ.keys()
        return {**super().environment, **{name: os.environ[name] for name in named}}

    def wait_ready(self) -> None:
        wait_until(self.answers, f"Kafka at {self.bootstrap_servers}", _DEADLINE_S)

    def kill(self) -> None:
        raise NotOurs(self.bootstrap_servers)

    def shut_down(self) -> None:
        raise NotOurs(self.bootstrap_servers)

    def restart(self) -> None:
        raise NotOurs(self.bootstrap_servers)

    def pause(self) -> None:
        raise NotOurs(self.bootstrap_servers)

    def resume(self) -> None:
        raise NotOurs(self.bootstrap_servers)

    def stop(self) -> None:
        """Nothing: it goes on."""


def _check() -> None:
    """Whether one is named."""
    if not os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        raise RungUnavailable("KAFKA_BOOTSTRAP_SERVERS is not set")


def _launch(_directory: Path) -> Kafka:
    """Take it as it is; `CRM_REPLICATION_FACTOR` (default 1) is for topics made there."""
    return GivenKafka(os.environ["KAFKA_BOOTSTRAP_SERVERS"], int(os.environ.get("CRM_REPLICATION_FACTOR", "1")))


RUNG: Final = Rung(_check, _launch)
