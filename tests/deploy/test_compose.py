"""The compose file, the images and the local stack give a service the same settings."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.kafka import docker as kafka_docker
from deploy.local.kafka import maven
from deploy.local.kafka.external import ExternalKafka
from deploy.local.kafka.properties import server_properties
from deploy.local.keys import Keys
from deploy.local.mongo import docker as mongo_docker
from deploy.local.mongo.external import ExternalMongo
from deploy.local.services import DEFAULT_PORTS, ROOT, SERVICES, service_environment
from deploy.topics import TOPICS_FILE

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()


def test_a_container_has_the_same_variables_as_a_local_process() -> None:
    local = service_environment(
        8000,
        kafka=ExternalKafka("kafka:9092", 1),
        mongo=ExternalMongo("mongodb://mongo:27017/?replicaSet=rs0"),
        keys=Keys(Path("private.pem"), Path("/keys/public/jwks.json")),
    )
    # A local process inherits these.
    traces = {"CRM_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://jaeger:4318"}
    # It is a fresh installation; the demo and the tests want leads that stay (MODE-01).
    mode = {"CRM_INITIAL_MODE": "simple"}
    for name in SERVICES:
        environment = {key: default_of(value) for key, value in COMPOSE[name]["environment"].items()}
        assert environment == {**local, **traces, **mode, "CRM_HOST": "0.0.0.0"}


def test_the_servers_are_of_the_same_version_everywhere() -> None:
    assert COMPOSE["kafka"]["image"] == kafka_docker.IMAGE == f"apache/kafka:{maven.VERSION}"
    assert COMPOSE["mongo"]["image"] == mongo_docker.IMAGE
    pom = (ROOT / "deploy" / "local" / "kafka" / "pom.xml").read_text()
    assert f"<artifactId>kafka_2.13</artifactId>\n      <version>{maven.VERSION}</version>" in pom


@pytest.mark.parametrize(
    "setting",
    ["auto.create.topics.enable", "offsets.retention.minutes", "offsets.topic.replication.factor", "process.roles"],
)
def test_kafka_keeps_the_same_promises_in_a_container(setting: str) -> None:
    inside = COMPOSE["kafka"]["environment"]["KAFKA_" + setting.upper().replace(".", "_")]
    assert inside == server_properties(1, 2, Path("data"))[setting]


def test_the_topics_of_a_container_are_those_of_the_file() -> None:
    assert COMPOSE["topics"]["command"] == ["python", "-m", "deploy.topics"]
    assert TOPICS_FILE == ROOT / "deploy" / "topics.yaml"
    assert "COPY deploy deploy" in DOCKERFILE


def test_every_service_waits_for_its_servers_its_topics_and_its_keys() -> None:
    for name in SERVICES:
        waits = {on: how["condition"] for on, how in COMPOSE[name]["depends_on"].items()}
        assert waits == {
            "mongo": "service_healthy",
            "topics": "service_completed_successfully",
            "keys": "service_completed_successfully",
        }
    assert COMPOSE["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}


def test_no_port_is_open_to_the_network() -> None:
    published = [port for service in COMPOSE.values() for port in service.get("ports", ())]
    assert len(published) == 10
    assert all(port.startswith("127.0.0.1:") for port in published)


@pytest.mark.parametrize("name", [*SERVICES, "topics", "keys", "metrics-token", "crm"])
def test_our_containers_are_not_root_and_cannot_write_their_image(name: str) -> None:
    service = COMPOSE[name]
    assert not service["user"].startswith(("0", "root"))
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert f"--uid {service['user'].partition(':')[0]} " in DOCKERFILE


@pytest.mark.parametrize("name", COMPOSE)
def test_no_container_can_gain_privileges_or_holds_a_password(name: str) -> None:
    service = COMPOSE[name]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    assert not [key for key in service.get("environment", ()) if "PASSWORD" in key or "SECRET" in key]


@pytest.mark.parametrize("name", ["prometheus", "grafana", "jaeger"])
def test_what_watches_is_asked_for_pinned_not_root_and_cannot_write_its_image(name: str) -> None:
    service = COMPOSE[name]
    assert service["profiles"] == ["observability"]
    assert re.fullmatch(r"\S+:v?\d+\.\d+\.\d+", service["image"])
    assert not service["user"].startswith(("0", "root"))
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


def test_nothing_that_serves_depends_on_what_watches() -> None:
    watching = {name for name, service in COMPOSE.items() if service.get("profiles") == ["observability"]}
    assert watching == {"metrics-token", "prometheus", "grafana", "jaeger"}
    assert all(not watching & set(COMPOSE[name].get("depends_on", ())) for name in COMPOSE.keys() - watching)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_its_default_port_a_health_check_and_time_to_end(name: str) -> None:
    service = COMPOSE[name]
    assert service["ports"] == [f"127.0.0.1:${{CRM_{name.upper()}_PORT:-{DEFAULT_PORTS[name]}}}:8000"]
    assert service["build"]["args"] == {"SERVICE": name, "VERSION": "${CRM_VERSION:-unknown}"}
    assert "/health/live" in service["healthcheck"]["test"][-1]
    assert int(service["stop_grace_period"].removesuffix("s")) > 15


def test_the_private_key_reaches_no_service() -> None:
    holders = [name for name, service in COMPOSE.items() if "private-keys" in str(service.get("volumes"))]
    assert holders == ["keys", "crm", "metrics-token"]  # all of them end when they have done their work


def test_every_variable_of_the_compose_file_is_explained_in_the_example() -> None:
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    explained = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used == explained


def test_the_locks_name_no_host_and_no_path_of_the_machine_that_made_them() -> None:
    line_of_a_lock = r"([a-z0-9._-]+(\[[a-z,]+\])?==\S+( ; .*)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?)"
    for lock in ("requirements.lock", "deploy/requirements.lock", "deploy/operations.lock"):
        for line in (ROOT / lock).read_text().splitlines():
            assert re.fullmatch(line_of_a_lock, line), line


def default_of(value: str) -> str:
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


@pytest.mark.parametrize("name", COMPOSE)
def test_no_container_takes_all_memory_or_fills_the_disk_with_its_log(name: str) -> None:
    service = COMPOSE[name]
    assert re.fullmatch(r"[0-9]+[mg]", default_of(service["mem_limit"]))
    assert service["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "5"}}


@pytest.mark.parametrize("name", [name for name in COMPOSE if not COMPOSE[name]["image"].startswith("crm/")])
def test_the_image_of_a_server_is_pinned_to_its_last_number(name: str) -> None:
    assert re.fullmatch(r"\S+:v?\d+\.\d+\.\d+", COMPOSE[name]["image"])


def test_the_base_of_our_images_is_pinned_to_its_last_number() -> None:
    assert re.search(r"^FROM python:\d+\.\d+\.\d+-slim AS base$", DOCKERFILE, re.MULTILINE)


def test_no_health_check_starts_a_jvm() -> None:
    assert "kafka-" not in str(COMPOSE["kafka"]["healthcheck"]["test"])


def test_every_variable_of_the_compose_file_has_its_default_in_the_example() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    given = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    used = set(re.findall(r"\$\{(\w+):-([^}]*)\}", text))
    assert sorted(name for name, default in used if given.get(name) != default) == []
