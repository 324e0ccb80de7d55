"""What is wrong with a setting is said without repeating what it was set to: it may be a password."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.kit.messaging.broker import subscribe
from shared.kit.settings import KafkaSettings, ServiceSettings
from shared.kit.storage.connection import connect
from shared.kit.storage.errors import UnsafeDeployment
from tests.kit.certificates import make_certificates

PASSWORD = "hunter2-and-more"


@pytest.mark.parametrize(
    "wrong",
    [
        {"KAFKA_SASL_PASSWORD": PASSWORD},
        {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_PASSWORD": PASSWORD},
        {"KAFKA_SECURITY_PROTOCOL": PASSWORD},
        {"KAFKA_SASL_MECHANISM": PASSWORD},
    ],
    ids=str,
)
def test_a_refused_setting_of_kafka_is_named_and_not_repeated(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        KafkaSettings.of(wrong)
    assert PASSWORD not in str(refused.value)
    assert re.search(r"(?i)sasl|security_protocol", str(refused.value))


def test_a_refused_setting_of_a_service_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_PORT", PASSWORD)
    with pytest.raises(ValidationError, match="port") as refused:
        ServiceSettings()
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize("url", [f"mongodb://crm:{PASSWORD}:{PASSWORD}@db:27017/", f"mongodb://db:{PASSWORD}/"])
async def test_an_address_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(UnsafeDeployment, match="MONGODB_URL") as refused:
        connect(url, "kit")
    assert PASSWORD not in str(refused.value)
    assert refused.value.__suppress_context__


async def test_the_subscription_knows_every_broker_that_is_named() -> None:
    async def handle(_: object) -> None: ...

    broker = subscribe("g", ["t"], handle, KafkaSettings(bootstrap_servers="a:9092,b:9093"))
    assert broker.specification.url == ["a:9092", "b:9093"]


@pytest.mark.parametrize(
    "spoilt", [b"", b"-----BEGIN CERTIFICATE-----\nMIID", None], ids=["empty", "half written", "away"]
)
def test_files_of_certificates_that_cannot_be_read_leave_the_last_good_ones(
    tmp_path: Path, spoilt: bytes | None
) -> None:
    """Each new client of Kafka reads them, in the middle of a request as well."""
    file = make_certificates(tmp_path).authority
    whole = file.read_bytes()
    settings = KafkaSettings(security_protocol="SSL", ssl_ca_file=file)
    good = settings.tls()
    file.unlink() if spoilt is None else file.write_bytes(spoilt)
    assert settings.tls() is good
    with pytest.raises(OSError, match=r"\S"):
        KafkaSettings(security_protocol="SSL", ssl_ca_file=file).tls()
    file.write_bytes(whole)
    assert settings.tls() is not good
