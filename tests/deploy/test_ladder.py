"""The highest rung that works is taken, a forced one or none."""

from pathlib import Path

import pytest
from pymongo import MongoClient

from deploy.local.kafka import choose_kafka, start_kafka
from deploy.local.kafka.docker import DockerKafka
from deploy.local.mongo import choose_mongo, start_mongo
from deploy.local.ports import free_port, is_free
from deploy.local.providers import NotOurs, Rung, RungUnavailable, choose


def unavailable() -> None:
    raise RungUnavailable("it rains")


def available() -> None: ...


def rung(name: str, check: object = available) -> Rung[str]:
    assert callable(check)
    return Rung(check, lambda _directory: name)


def test_the_first_rung_that_can_be_used_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRM_X", raising=False)
    assert (
        choose({"high": rung("high", unavailable), "middle": rung("middle"), "low": rung("low")}, "CRM_X") == "middle"
    )


def test_a_forced_rung_is_taken_or_refused_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    ladder = {"high": rung("high", unavailable), "low": rung("low")}
    monkeypatch.setenv("CRM_X", "low")
    assert choose(ladder, "CRM_X") == "low"
    monkeypatch.setenv("CRM_X", "high")
    with pytest.raises(RungUnavailable, match="high: it rains"):
        choose(ladder, "CRM_X")
    monkeypatch.setenv("CRM_X", "hihg")
    with pytest.raises(RungUnavailable, match="the rungs are high, low"):
        choose(ladder, "CRM_X")


def test_servers_that_are_given_come_first_and_are_never_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, on_tansu: None
) -> None:
    ours = start_kafka(tmp_path)
    try:
        monkeypatch.delenv("CRM_KAFKA")
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", ours.bootstrap_servers)
        monkeypatch.setenv("KAFKA_ENABLE_IDEMPOTENCE", "false")
        assert choose_kafka() == "given"
        given = start_kafka(tmp_path)
        given.stop()
        given.wait_ready()
        assert given.environment["KAFKA_ENABLE_IDEMPOTENCE"] == "false"
        assert given.environment["KAFKA_SESSION_TIMEOUT_MS"] == "30000"
        with pytest.raises(NotOurs):
            given.kill()
    finally:
        ours.stop()


def test_tansu_is_known_for_what_it_cannot_do(tmp_path: Path, on_tansu: None) -> None:
    kafka = start_kafka(tmp_path)
    kafka.stop()
    assert kafka.rung == "tansu"
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


def test_a_container_of_kafka_is_told_the_same_as_a_process_of_it(tmp_path: Path) -> None:
    properties = DockerKafka(tmp_path).properties
    assert properties["auto.create.topics.enable"] == "false"
    assert properties["offsets.retention.minutes"] == "525600"
    assert properties["advertised.listeners"].startswith("PLAINTEXT://127.0.0.1:")


def test_no_port_is_handed_out_twice() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert is_free(ports[0])
    assert free_port(ports[0]) != ports[0]
