"""Chooses the highest rung that this machine offers."""

from pathlib import Path
from typing import Final

from deploy.local.kafka import docker, given, maven, tansu
from deploy.local.kafka.broker import Kafka
from deploy.local.providers import Rung, choose

_LADDER: Final[dict[str, Rung[Kafka]]] = {
    "given": given.RUNG,
    "docker": docker.RUNG,
    "maven": maven.RUNG,
    "tansu": tansu.RUNG,
}


def choose_kafka() -> str:
    """The rung that `start_kafka` will use, found without starting anything.

    Raises:
        RungUnavailable: none can be used, or not the one that `CRM_KAFKA` forces; every reason is named.
    """
    return choose(_LADDER, "CRM_KAFKA")


def launch_kafka(directory: Path) -> Kafka:
    """Start it, without waiting until it serves clients."""
    return _LADDER[choose_kafka()].launch(directory)


def start_kafka(directory: Path) -> Kafka:
    """Start it with its data and log in `directory`, and wait until it serves clients."""
    kafka = launch_kafka(directory)
    try:
        kafka.wait_ready()
    except BaseException:
        kafka.stop()
        raise
    return kafka
