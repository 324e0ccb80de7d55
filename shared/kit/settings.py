"""Settings that every service shares, read from the environment.

Nothing here has a secret as its default, and there is no switch that turns authentication off.
"""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class KafkaSettings(BaseSettings):
    """How to reach Kafka; the values that differ between brokers come with the rung of the local ladder."""

    model_config = SettingsConfigDict(env_prefix="KAFKA_")

    bootstrap_servers: str = "127.0.0.1:9092"
    enable_idempotence: bool = True
    fetch_max_wait_ms: int = 500
    session_timeout_ms: int = 30_000
    heartbeat_interval_ms: int = 3_000
    rebalance_timeout_ms: int = 30_000
    max_poll_interval_ms: int = 300_000
    batch_timeout_ms: int = Field(default=10, ge=5, le=20)
    max_batch: int = 200
    parallel_keys: int = 32
    request_timeout_ms: int = 10_000
    redelivery_pause_s: float = Field(default=0.5, description="before a batch is taken again; doubles each time")
    redelivery_pause_max_s: float = 20.0
    redeliveries_while_waiting: int = Field(default=10, description="before what somebody never finishes is parked")

    def connection(self) -> dict[str, Any]:
        """How any aiokafka client reaches the cluster, as its keyword arguments."""
        return {"bootstrap_servers": self.bootstrap_servers}


class MongoSettings(BaseSettings):
    """How to reach MongoDB; always a replica set."""

    model_config = SettingsConfigDict(env_prefix="MONGODB_")

    url: SecretStr = SecretStr("mongodb://127.0.0.1:27017/?replicaSet=rs0")
    server_selection_timeout_ms: int = 3_000


def installed_version() -> str:
    """The version that is installed; images, which install nothing of ours, are told theirs."""
    try:
        return version("crm")
    except PackageNotFoundError:
        return "unknown"


class ServiceSettings(BaseSettings):
    """What any service needs to start; a service adds its own in its `settings.py`."""

    model_config = SettingsConfigDict(env_prefix="CRM_")

    host: str = "127.0.0.1"
    port: int = 8000
    database_prefix: str = "crm_"
    jwks_file: Path | None = None
    jwks_url: str | None = None
    jwt_issuer: str = "crm-local"
    jwt_audience: str = "crm"
    default_country: str = Field(default="DE", pattern=r"^[A-Z]{2}$")
    base_currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    log_level: str = "INFO"
    version: str = Field(default_factory=installed_version)
    sweep_interval_s: float = 1.0
    sweep_grace_s: float = 3.0
    outbox_cap: int = Field(default=200, description="pending events of one document")
    backlog_cap: int = Field(default=200_000, description="documents with pending events")
    max_waiters: int = 256
    shutdown_flush_s: float = 5.0
    dead_letter_interval_s: float = Field(default=1.0, description="between looks at what was parked")
    dead_letter_lease_s: float = Field(default=30.0, description="until a replay that died may be begun anew")
