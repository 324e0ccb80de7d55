"""The broker settings of a local Kafka: one node that is broker and controller.

Note: after kill -9 a broker may return only when its old registration has expired, hence the short broker session:
producing continues after 5 s instead of 13.
"""

from pathlib import Path
from typing import Final

from deploy.local.kafka.broker import ClientSettings

LOCAL_CLIENTS: Final = ClientSettings(heartbeat_interval_ms=1_000, rebalance_timeout_ms=10_000)

_SAME_EVERYWHERE: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    "num.partitions": "6",
    # One node cannot keep three copies.
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # Fifty partitions each would only slow a laptop down.
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "4",
    # A service that was off for a holiday must find its place again: a year.
    "offsets.retention.minutes": "525600",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
}


def server_properties(port: int, controller_port: int, data: Path, *, listen_on: str = "127.0.0.1") -> dict[str, str]:
    """Return all settings of the node; clients always reach it at `127.0.0.1:port`."""
    return {
        **_SAME_EVERYWHERE,
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://{listen_on}:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "log.dirs": str(data),
    }
