"""Settings that every service shares, read from the environment.

No default is a secret, and no setting turns authentication off. Any setting may be a file of its name in `/run/secrets`
instead. Validation errors do not quote the input, which may be a password (`hide_input_in_errors`).
"""

import ssl
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, PrivateAttr, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.kit.telemetry.logs import log
from shared.kit.telemetry.tracing import Exporter

_SECRETS: Final = Path("/run/secrets")


def _from(prefix: str) -> SettingsConfigDict:
    secrets = _SECRETS if _SECRETS.is_dir() else None
    return SettingsConfigDict(env_prefix=prefix, secrets_dir=secrets, hide_input_in_errors=True)


class KafkaSettings(BaseSettings):
    """Connection to Kafka, and how to consume; the local stack sets the values that differ between brokers."""

    model_config = _from("KAFKA_")

    bootstrap_servers: str = "127.0.0.1:9092"
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_ca_file: Path | None = Field(default=None, description="PEM; the system's authorities where it is not given")
    ssl_cert_file: Path | None = Field(default=None, description="PEM; of the client, where the broker asks for one")
    ssl_key_file: Path | None = None
    enable_idempotence: bool = True
    fetch_max_wait_ms: int = 500
    session_timeout_ms: int = Field(
        default=6_000, description="until another replica takes over what a dead one consumed; a broker's least is 6 s"
    )
    heartbeat_interval_ms: int = 1_500
    rebalance_timeout_ms: int = 30_000
    max_poll_interval_ms: int = 300_000
    batch_timeout_ms: int = Field(default=10, ge=5, le=20)
    max_batch: int = 500
    parallel_keys: int = 32
    request_timeout_ms: int = 10_000
    metadata_max_age_ms: int = Field(
        default=10_000, gt=0, description="until a client without errors sees a new leader, or a topic made anew"
    )
    redelivery_pause_s: float = Field(default=0.5, description="before a batch is taken again; doubles each time")
    redelivery_pause_max_s: float = 20.0
    standstill_s: float = Field(
        default=20.0, gt=0, description="with something to read and nothing read, before the consumer is restarted"
    )
    stalled_s: float = Field(
        default=30.0, gt=0, description="with something to handle and nothing handled, before readiness says so"
    )
    redeliveries_while_waiting: int = Field(
        default=15,
        description="tries of a reaction that waits for another event, before it gives up or is dead-lettered",
    )

    _last_tls: ssl.SSLContext | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings from these variables instead of the process's own."""
        ours = {name: text for name, text in environment.items() if name.startswith("KAFKA_")}
        return cls.model_validate({name.removeprefix("KAFKA_").lower(): text for name, text in ours.items()})

    @property
    def uses_sasl(self) -> bool:
        """Whether the broker gets a name and a password."""
        return self.security_protocol.startswith("SASL")

    @property
    def uses_tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.security_protocol.endswith("SSL")

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        """Check that no part of the security settings is missing or unused."""
        credentials = {"KAFKA_SASL_USERNAME": self.sasl_username, "KAFKA_SASL_PASSWORD": self.sasl_password}
        files = {
            "KAFKA_SSL_CA_FILE": self.ssl_ca_file,
            "KAFKA_SSL_CERT_FILE": self.ssl_cert_file,
            "KAFKA_SSL_KEY_FILE": self.ssl_key_file,
        }
        wrong = [f"{name} is missing" for name, given in credentials.items() if self.uses_sasl and not given]
        unused = (credentials if not self.uses_sasl else {}) | (files if not self.uses_tls else {})
        wrong += [f"{name} is not used by {self.security_protocol}" for name, given in unused.items() if given]
        if (self.ssl_cert_file is None) != (self.ssl_key_file is None):
            wrong.append("KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE are needed together")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def tls(self) -> ssl.SSLContext | None:
        """Make the TLS context: it checks the broker's certificate and name, and presents the client's own.

        The files are read for each new client, so they may be replaced at any time. Where one of them is away or half
        written, the context is the last good one.

        Raises:
            OSError: they were never readable.
        """
        if not self.uses_tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ssl_ca_file)
            if self.ssl_cert_file is not None:
                context.load_cert_chain(self.ssl_cert_file, self.ssl_key_file)
        except OSError as error:
            if self._last_tls is None:
                raise
            log.warning("files of KAFKA_SSL_* cannot be read", error=type(error).__name__)
            return self._last_tls
        self._last_tls = context
        return context

    def connection(self) -> dict[str, Any]:
        """Return the connection as keyword arguments of any aiokafka client."""
        connection = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
            "ssl_context": self.tls(),
            "metadata_max_age_ms": self.metadata_max_age_ms,
        }
        if not self.uses_sasl or self.sasl_password is None:
            return connection
        return {
            **connection,
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username,
            "sasl_plain_password": self.sasl_password.get_secret_value(),
        }


class MongoSettings(BaseSettings):
    """Connection to MongoDB, always a replica set."""

    model_config = _from("MONGODB_")

    url: SecretStr = Field(
        default=SecretStr("mongodb://127.0.0.1:27017/?replicaSet=rs0"), description="with name and password, if any"
    )
    server_selection_timeout_ms: int = 3_000
    tls_ca_file: Path | None = Field(default=None, description="PEM; given, connections are encrypted")
    tls_certificate_key_file: Path | None = Field(default=None, description="PEM; the client's certificate and key")

    def options(self) -> dict[str, Any]:
        """Return all but the address as keyword arguments of `connect`."""
        return self.model_dump(exclude={"url"})


def installed_version() -> str:
    """Return the installed version; images, which install no package, set `CRM_VERSION`."""
    try:
        return version("crm")
    except PackageNotFoundError:
        return "unknown"


class ServiceSettings(BaseSettings):
    """Settings of every service; a service adds its own in its `settings.py`."""

    model_config = _from("CRM_")

    host: str = "127.0.0.1"
    port: int = 8000
    database_prefix: str = "crm_"
    jwks_file: Path | None = None
    jwks_url: str | None = None
    jwks_lifetime_s: float = Field(default=300.0, gt=0, description="how long a withdrawn key may still be trusted")
    jwks_cooldown_s: float = Field(default=10.0, gt=0, description="between two requests to the issuer, at least")
    jwt_issuer: str = "crm-local"
    jwt_audience: str = "crm"
    default_country: str = Field(default="DE", pattern=r"^[A-Z]{2}$")
    base_currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    open_to_all: bool = Field(default=True, description="whether a new record is, where its request does not say so")
    users_need_role: bool = Field(default=False, description="whether a user without a role of the CRM may do nothing")
    log_level: str = "INFO"
    max_body_bytes: int = Field(default=1024 * 1024, gt=0)
    max_header_bytes: int = Field(default=16 * 1024, gt=0, description="of all headers together, and of the address")
    max_receive_s: float = Field(default=60.0, gt=0, description="from the begin of a request to its last byte")
    max_connections: int = Field(default=800, gt=0, description="of callers; below the usual 1024 open files")
    version: str = Field(default_factory=installed_version)
    traces_exporter: Exporter = Field(default="none", description="none, otlp or console; the rest by `OTEL_*`")
    sweep_interval_s: float = 1.0
    sweep_grace_s: float = 3.0
    outbox_cap: int = Field(default=200, description="pending events of one document")
    backlog_cap: int = Field(default=200_000, description="documents with pending events")
    max_waiters: int = 256
    shutdown_flush_s: float = 5.0
    dead_letter_interval_s: float = Field(default=1.0, description="between reads of the dead-letter topics")
    dead_letter_lease_s: float = Field(default=30.0, description="until a replay that died may be started again")
