"""The first provider that works is used, or the forced one, or none."""

from pathlib import Path

import pytest
from pymongo import MongoClient

from deploy.local.kafka import choose_kafka, start_kafka
from deploy.local.kafka.docker import DockerKafka
from deploy.local.mongo import choose_mongo, start_mongo
from deploy.local.ports import free_port, is_free
from deploy.local.providers import Provider, ProviderOrder, ProviderUnavailable
from deploy.local.server import NotOurs, Server


def unavailable() -> None:
    raise ProviderUnavailable("it rains")


def available() -> None: ...


def never(directory: Path) -> Server:
    raise AssertionError(directory)


FIRST, SECOND, THIRD = Provider(unavailable, never), Provider(available, never), Provider(available, never)


def test_the_first_provider_that_can_be_used_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRM_X", raising=False)
    assert ProviderOrder("CRM_X", {"high": FIRST, "middle": SECOND, "low": THIRD}).choose() == "middle"


def test_a_forced_provider_is_chosen_or_refused_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    order = ProviderOrder("CRM_X", {"high": FIRST, "low": THIRD})
    monkeypatch.setenv("CRM_X", "low")
    assert order.choose() == "low"
    monkeypatch.setenv("CRM_X", "high")
    with pytest.raises(ProviderUnavailable, match="high: it rains"):
        order.choose()
    monkeypatch.setenv("CRM_X", "hihg")
    with pytest.raises(ProviderUnavailable, match="the providers are high, low"):
        order.choose()


def test_an_external_server_comes_first_and_is_never_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, on_tansu: None
) -> None:
    ours = start_kafka(tmp_path)
    try:
        monkeypatch.delenv("CRM_KAFKA")
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", ours.bootstrap_servers)
        monkeypatch.setenv("KAFKA_ENABLE_IDEMPOTENCE", "false")
        assert choose_kafka() == "given"
        external = start_kafka(tmp_path)
        external.stop()
        external.wait_ready()
        assert external.environment["KAFKA_ENABLE_IDEMPOTENCE"] == "false"
        assert external.environment["KAFKA_SESSION_TIMEOUT_MS"] == "6000"
        with pytest.raises(NotOurs):
            external.kill()
    finally:
        ours.stop()


def test_tansu_is_known_for_what_it_cannot_do(tmp_path: Path, on_tansu: None) -> None:
    kafka = start_kafka(tmp_path)
    kafka.stop()
    assert kafka.provider == "tansu"
    assert not kafka.verifies_topic_configs
    assert kafka.environment["KAFKA_ENABLE_IDEMPOTENCE"] == "false"


def test_a_killed_mongod_comes_back_with_its_data(tmp_path: Path) -> None:
    if choose_mongo() == "given":
        pytest.skip("this MongoDB is not ours to kill")
    mongo = start_mongo(tmp_path)
    client: MongoClient[dict[str, object]] = MongoClient(mongo.url, w="majority", journal=True)
    try:
        client.get_database("tried").get_collection("things").insert_one({"_id": "kept"})
        mongo.kill()
        mongo.restart()
        assert client.get_database("tried").get_collection("things").count_documents({}) == 1
    finally:
        client.close()
        mongo.stop()


def test_a_container_of_kafka_has_the_same_settings_as_a_process_of_it(tmp_path: Path) -> None:
    properties = DockerKafka(tmp_path).properties
    assert properties["auto.create.topics.enable"] == "false"
    assert properties["offsets.retention.minutes"] == "525600"
    assert properties["advertised.listeners"].startswith("PLAINTEXT://127.0.0.1:")


def test_no_port_is_handed_out_twice() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert is_free(ports[0])
    assert free_port(ports[0]) != ports[0]
