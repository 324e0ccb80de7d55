"""A Kafka that encrypts and asks who is there: with the right settings everything works, without them nothing does."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from crm_contracts.topics import dead_letters
from pydantic import SecretStr, ValidationError

from deploy.local.kafka import choose_kafka
from deploy.local.kafka.maven import MavenKafka, fetch
from deploy.local.ports import free_port
from deploy.topics import Topic, apply
from shared.kit.messaging.publishing import Publisher
from shared.kit.messaging.sending import SendFailed
from shared.kit.settings import KafkaSettings
from tests.kit.certificates import Certificates, make_certificates
from tests.kit.test_subscription import Listener, envelope

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
async def secured(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KafkaSettings]:
    """A broker whose clients need TLS, a name and a password, in every mechanism that we offer."""
    if choose_kafka() not in {"maven", "tansu"}:
        pytest.skip("only the Kafka from Maven can be started with other settings here")
    port, inside, controller = free_port(), free_port(), free_port()
    jaas = "org.apache.kafka.common.security"
    listener = "listener.name.clients"
    scram = f"{jaas}.scram.ScramLoginModule required;"
    kafka = MavenKafka(
        tmp_path_factory.mktemp("secured"),
        fetch(),
        more_properties={
            "listeners": f"CLIENTS://127.0.0.1:{port},INSIDE://127.0.0.1:{inside},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"CLIENTS://127.0.0.1:{port},INSIDE://127.0.0.1:{inside},"
            f"CONTROLLER://127.0.0.1:{controller}",
            "listener.security.protocol.map": "CLIENTS:SASL_SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "INSIDE",
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
            f"{listener}.ssl.keystore.type": "PEM",
            f"{listener}.ssl.keystore.location": str(certificates.server),
            f"{listener}.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            f"{listener}.plain.sasl.jaas.config": f'{jaas}.plain.PlainLoginModule required user_crm="{PASSWORD}";',
            f"{listener}.scram-sha-256.sasl.jaas.config": scram,
            f"{listener}.scram-sha-512.sasl.jaas.config": scram,
        },
        format_options=[
            option
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for option in ("--add-scram", f"{mechanism}=[name=crm,password={PASSWORD}]")
        ],
    )
    kafka.bootstrap_servers = f"127.0.0.1:{inside}"
    await asyncio.to_thread(kafka.format)
    kafka.launch()
    try:
        await asyncio.to_thread(kafka.wait_ready)
        yield KafkaSettings(
            **asdict(kafka.settings),
            bootstrap_servers=f"127.0.0.1:{port}",
            security_protocol="SASL_SSL",
            sasl_username="crm",
            sasl_password=SecretStr(PASSWORD),
            ssl_ca_file=certificates.authority,
            request_timeout_ms=3_000,
        )
    finally:
        await asyncio.to_thread(kafka.stop)


@pytest.mark.real_kafka
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_a_service_says_and_hears_over_an_encrypted_connection(secured: KafkaSettings, mechanism: str) -> None:
    settings = secured.model_copy(update={"sasl_mechanism": mechanism})
    topic = f"kit.{mechanism.lower()}"
    names = (topic, dead_letters(topic, "secured"))
    await apply(settings, replication_factor=1, topics=[Topic(name, 1, {}) for name in names])

    async def nothing(key: str, number: int) -> None:
        pass

    listener = Listener(topic, settings, "secured", nothing)
    publisher = Publisher(settings)
    event = envelope("j1", 7)
    await listener.subscription.start()
    try:
        await publisher.publish(topic, "j1", event.body(), event.headers())
        await listener.has_handled(("j1", 7))
    finally:
        await listener.subscription.stop()
        await publisher.stop(3.0)


@pytest.mark.real_kafka
@pytest.mark.parametrize(
    "wrong",
    [
        {"sasl_password": SecretStr("wrong")},
        {"sasl_username": "mallory"},
        {"security_protocol": "SSL"},
        {"security_protocol": "PLAINTEXT"},
        {"ssl_ca_file": None},
    ],
    ids="".join,
)
async def test_a_client_without_all_credentials_is_refused(
    secured: KafkaSettings, wrong: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does the password stand in any message."""
    settings = secured.model_copy(update={**wrong, "request_timeout_ms": 1_000})
    publisher = Publisher(settings)
    with pytest.raises(SendFailed) as refused:
        await publisher.publish("kit.plain", "j1", b"{}", {})
    assert publisher.is_failing
    admin = AIOKafkaAdminClient(**settings.connection(), request_timeout_ms=1_000)
    with pytest.raises(KafkaError):
        await admin.start()
    await admin.close()
    assert PASSWORD not in f"{refused.value!r} {refused.value.__cause__!r} {caplog.text} {settings!r}"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"security_protocol": "SASL_SSL"}, ["KAFKA_SASL_USERNAME is missing", "KAFKA_SASL_PASSWORD is missing"]),
        ({"sasl_username": "crm"}, ["KAFKA_SASL_USERNAME is not used by PLAINTEXT"]),
        ({"ssl_ca_file": "ca.pem"}, ["KAFKA_SSL_CA_FILE is not used by PLAINTEXT"]),
        ({"security_protocol": "SSL", "ssl_cert_file": "a.pem"}, ["KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE"]),
    ],
)
def test_half_a_security_is_refused_and_every_gap_is_named(given: dict[str, str], named: list[str]) -> None:
    with pytest.raises(ValidationError) as refused:
        KafkaSettings.model_validate(given)
    assert all(text in str(refused.value) for text in named)


def test_a_client_certificate_is_shown_where_one_is_given(certificates: Certificates, tmp_path: Path) -> None:
    settings = KafkaSettings(
        security_protocol="SSL",
        ssl_ca_file=certificates.authority,
        ssl_cert_file=certificates.server,
        ssl_key_file=certificates.server,
    )
    context = settings.tls()
    assert context is not None
    assert [found["subject"] for found in context.get_ca_certs()]
