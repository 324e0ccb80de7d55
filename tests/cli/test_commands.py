"""Every expected failure of a command is one line and an exit code."""

import json
import subprocess
import sys
from pathlib import Path

import jwt
import pytest
from typer.testing import CliRunner

from deploy.cli.app import app
from deploy.cli.client import SERVICES
from tests.deadlines import DEADLINE_S

RUN = CliRunner()
SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_LOCAL_DIR", str(tmp_path / "local"))
    for name in (
        *(f"CRM_{service.upper()}_URL" for service in SERVICES),
        "CRM_TOKEN",
        "MONGODB_URL",
        "KAFKA_BOOTSTRAP_SERVERS",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["topics"],
        ["outbox", "list"],
        ["dead-letters", "list"],
        ["dead-letters", "show", "clients:leads@12"],
        ["dead-letters", "replay", "--all"],
        ["dead-letters", "discard", "clients:leads@12", "--because", "a test"],
        ["timeline", "deal:1"],
        ["timeline", "--limit", "5", "deal:1"],
        ["timeline", "dictionary:source"],
        ["timeline", "rebuild"],
        ["timeline", "rebuild", "--cancel"],
        ["trace", "c"],
        ["convert", "1"],
        ["verify"],
        ["export", "contacts", "contacts.csv"],
        ["import", "leads", str(SAMPLES / "leads.csv"), "--map", str(SAMPLES / "leads.toml")],
    ],
)
def test_without_a_running_stack_a_command_fails_with_that_reason(command: list[str]) -> None:
    found = RUN.invoke(app, command)
    assert found.exit_code == 1
    assert "no stack runs here: `crm up` starts one" in found.stderr


def test_no_command_waits_for_services_that_it_does_not_need() -> None:
    looking = "import sys, deploy.cli.app; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", looking], capture_output=True, text=True, check=True, timeout=DEADLINE_S
    )
    assert "deploy" in loaded.stdout.split()
    assert "services" not in loaded.stdout.split()


def test_all_five_addresses_and_a_token_are_needed_for_another_crm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_LEADS_URL", "http://127.0.0.1:1")
    found = RUN.invoke(app, ["status"])
    assert found.exit_code == 1
    for name in ("CRM_DEALS_URL", "CRM_CLIENTS_URL", "CRM_CATALOG_URL", "CRM_TIMELINE_URL", "CRM_TOKEN"):
        assert name in found.stderr


def test_a_crm_that_does_not_answer_is_shown_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SERVICES:
        monkeypatch.setenv(f"CRM_{name.upper()}_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("CRM_TOKEN", "token")
    found = RUN.invoke(app, ["status"])
    assert found.exit_code == 1
    assert "leads does not answer" in found.stdout


def test_servers_that_do_not_answer_cannot_be_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_URL", "mongodb://127.0.0.1:1/?replicaSet=rs0")
    monkeypatch.setenv("MONGODB_SERVER_SELECTION_TIMEOUT_MS", "100")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    found = RUN.invoke(app, ["verify"])
    assert found.exit_code == 1
    assert "MongoDB does not answer" in found.stderr


def test_down_without_a_stack_is_no_error() -> None:
    found = RUN.invoke(app, ["down"])
    assert (found.exit_code, found.stdout) == (0, "Nothing was running.\n")


def test_an_element_without_a_type_is_refused() -> None:
    assert "write it as deal:ID" in RUN.invoke(app, ["timeline", "0199f2a4"]).stderr


def test_convert_wants_either_a_lead_or_a_stage() -> None:
    assert RUN.invoke(app, ["convert"]).exit_code == 2
    assert RUN.invoke(app, ["convert", "1", "--stage", "NEW"]).exit_code == 2


def test_a_data_set_without_its_files_is_refused(tmp_path: Path) -> None:
    found = RUN.invoke(app, ["dataset", str(tmp_path)])
    assert found.exit_code == 1
    assert "there is no accounts.csv or companies.csv" in found.stderr


def test_a_token_has_the_requested_claims_and_names_the_key(tmp_path: Path) -> None:
    made = RUN.invoke(app, ["token", "--sub", "bob", "--scope", "leads:read", "--service", "--minutes", "7"]).stdout
    made = made.strip()
    header, said = jwt.get_unverified_header(made), jwt.decode(made, options={"verify_signature": False})
    keys = json.loads((tmp_path / "local" / "keys" / "jwks.json").read_text())["keys"]
    assert header["kid"] == keys[0]["kid"]
    assert (said["sub"], said["kind"], said["roles"], said["scope"]) == ("bob", "service", [], "leads:read")
    assert said["exp"] - said["iat"] == 420


def test_a_token_without_role_and_scope_is_a_users() -> None:
    said = jwt.decode(RUN.invoke(app, ["token"]).stdout.strip(), options={"verify_signature": False})
    assert (said["sub"], said["kind"], said["roles"]) == ("anna", "user", ["user"])
