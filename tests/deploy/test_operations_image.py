"""`docker compose run --rm crm ...` works: the same files, packages, entry point and environment, without an engine."""

import json
import os
import re
import shutil
import subprocess
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.services import ROOT, SERVICES
from deploy.local.stack import LocalStack
from deploy.topics import read_topics
from tests.deadlines import DEADLINE_S

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
STAGES = re.split(r"(?m)^FROM ", (ROOT / "deploy" / "Dockerfile").read_text())
BASE, OPERATIONS = (next(stage for stage in STAGES if f" AS {name}\n" in stage) for name in ("base", "operations"))

Crm = Callable[..., "subprocess.CompletedProcess[str]"]


def copied(stage: str, app: Path) -> None:
    """What the stage copies, as .dockerignore lets it."""
    for source, target in re.findall(r"^COPY (\S+) (\S+)$", stage, re.MULTILINE):
        if (ROOT / source).is_dir():
            left_out = shutil.ignore_patterns("__pycache__", "samples" if source == "deploy" else "")
            shutil.copytree(ROOT / source, app / target, ignore=left_out)
        else:
            shutil.copy(ROOT / source, app / target)


def locks(stage: str) -> list[str]:
    return re.findall(r"--require-hashes -r (\S+)", stage)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder /app of the image, and its Python."""
    app, home = tmp_path_factory.mktemp("app"), tmp_path_factory.mktemp("python")
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    for stage in (BASE, OPERATIONS):
        copied(stage, app)
        for lock in locks(stage):
            install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*install, "--require-hashes", "-r", str(app / lock)], check=True, timeout=DEADLINE_S)
    return app, python


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


def environment_of(app: Path, stack: LocalStack) -> dict[str, str]:
    """The variables of the container, with what this stack has in place of its network and its volumes."""
    here = {
        **{f"http://{name}:8000": service.url for name, service in stack.services.items()},
        "kafka:9092": stack.kafka.bootstrap_servers,
        "mongodb://mongo:27017/?replicaSet=rs0": stack.mongo.url,
        "/keys/private/private.pem": str(stack.keys.private_key),
        "/keys/public/jwks.json": str(stack.keys.jwks),
        "/tmp/local": str(stack.directory / "nothing"),
    }
    given = {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in COMPOSE["crm"]["environment"].items()}
    paths = re.search(r"PYTHONPATH=(\S+)", BASE)
    assert paths is not None
    fixed = {"PYTHONPATH": paths[1].replace("/app", str(app)), "CRM_VERSION": "1.2.3", "PATH": os.environ["PATH"]}
    return {**fixed, **{name: here.get(value, value) for name, value in given.items()}}


@pytest.fixture(scope="module")
def crm(image: tuple[Path, Path], stack: LocalStack) -> Crm:
    app, python = image
    program, *entry = COMPOSE["crm"]["entrypoint"]
    assert program == "python"

    def run(*command: str, **changed: str) -> "subprocess.CompletedProcess[str]":
        environment = {**environment_of(app, stack), **changed}
        return subprocess.run(
            [str(python), *entry, *command],
            cwd=app,
            env=environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

    return run


def test_the_door_shows_the_state_of_all_services(crm: Crm) -> None:
    found = crm("status", "--json")
    assert found.returncode == 0, found.stderr
    shown = json.loads(found.stdout)["services"]
    assert {one["name"]: one["readiness"] for one in shown} == dict.fromkeys(SERVICES, "ok")


def test_the_door_makes_a_token_that_the_services_accept(crm: Crm, stack: LocalStack) -> None:
    token = crm("token", "--role", "reader").stdout.strip()
    asked = ["curl", "-s", "-o", os.devnull, "-w", "%{http_code}", "-H", f"Authorization: Bearer {token}"]
    told = subprocess.run(
        [*asked, f"{stack.services['leads'].url}/v1/leads"], capture_output=True, text=True, check=True
    )
    assert told.stdout == "200"


def test_the_door_verifies_and_lists_dead_letters_and_topics(crm: Crm) -> None:
    verified = crm("verify", "--patience", "60", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)["broken"] == []
    letters = crm("dead-letters", "list")
    assert (letters.returncode, letters.stdout) == (0, "No dead letters.\n")
    topics = json.loads(crm("topics", "list", "--json").stdout)
    assert len(topics) == len(read_topics())


def test_without_the_mounted_key_the_door_says_what_to_mount(crm: Crm) -> None:
    found = crm("token", CRM_PRIVATE_KEY_FILE="/nowhere/private.pem")
    assert (found.returncode, found.stdout) == (1, "")
    assert "/nowhere/private.pem" in found.stderr
    assert "mount" in found.stderr


def test_the_image_starts_no_stack_and_says_so(crm: Crm) -> None:
    found = crm("up")
    assert found.returncode == 1
    assert "A stack is started from the repository" in found.stderr
    assert "Traceback" not in found.stderr


def test_the_image_shows_its_version_and_has_the_help(crm: Crm) -> None:
    assert crm("--version").stdout == "crm 1.2.3\n"
    assert "dead-letters" in crm("--help").stdout


def test_the_image_of_a_service_has_nothing_of_the_command() -> None:
    names = {line.partition("==")[0] for line in (ROOT / "deploy" / "requirements.lock").read_text().splitlines()}
    assert names.isdisjoint({"typer", "rich", "openpyxl", "vobject"})
    assert locks(BASE) == ["requirements.lock"]
