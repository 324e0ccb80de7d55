"""Every expected failure of a command is one line and an exit code."""

import json
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import httpx
import jwt
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner, Result

from deploy.cli.app import app
from deploy.cli.client import SERVICES
from deploy.cli.connection import OPERATOR, Connection
from deploy.cli.progress import bar, remote_bar
from deploy.cli.status import ServiceStatus, view
from deploy.local.keys import make_keys
from deploy.local.state import RunningStack, save
from tests.cli.fakes import served
from tests.deadlines import DEADLINE_S

RUN = CliRunner()
SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_LOCAL_DIR", str(tmp_path / "local"))
    for name in (
        *(f"CRM_{service.upper()}_URL" for service in SERVICES),
        "CRM_TOKEN",
        "CRM_PRIVATE_KEY_FILE",
        "CRM_JWKS_FILE",
        "MONGODB_URL",
        "KAFKA_BOOTSTRAP_SERVERS",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["topics", "list"],
        ["topics", "apply"],
        ["status", "--json"],
        ["outbox", "list"],
        ["dead-letters", "list"],
        ["dead-letters", "show", "clients:leads@12"],
        ["dead-letters", "replay", "--all"],
        ["dead-letters", "discard", "--all", "--because", "a test"],
        ["dead-letters", "discard", "clients:leads@12", "--because", "a test"],
        ["timeline", "deal:1"],
        ["timeline", "--limit", "5", "deal:1"],
        ["timeline", "dictionary:source"],
        ["timeline", "rebuild"],
        ["timeline", "rebuild", "--cancel"],
        ["board"],
        ["roles", "list"],
        ["roles", "show", "employee"],
        ["trace", "c"],
        ["convert", "1"],
        ["convert", "--stage", "NEW", "--dry-run"],
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
    shown = json.loads(RUN.invoke(app, ["status", "--json"]).stdout)
    assert [one["readiness"] for one in shown["services"]] == [f"{name} does not answer" for name in SERVICES]


def test_a_second_start_and_the_status_say_where_everything_is(tmp_path: Path) -> None:
    urls = {name: f"http://127.0.0.1:{place}" for place, name in enumerate(SERVICES, start=1)}
    keys = make_keys(tmp_path / "keys")
    kafka = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"}
    mongo = "mongodb://root:secret@127.0.0.1:8/?replicaSet=rs0"
    (tmp_path / "local").mkdir()
    there = RunningStack("tansu", kafka, "wheel", mongo, urls, str(keys.private_key), str(keys.jwks))
    save(tmp_path / "local", there)
    started, status = RUN.invoke(app, ["up"]), RUN.invoke(app, ["status"])
    assert (started.exit_code, status.exit_code) == (0, 1), started.output
    for shown in (started.stdout, status.stdout):
        for address in ("127.0.0.1:9", "127.0.0.1:8", *urls.values()):
            assert address in shown, shown
        assert "secret" not in shown


@pytest.mark.parametrize("token", ["that of anna", None])
def test_the_local_stack_is_used_by_the_user_of_the_token_or_else_by_an_operator(
    token: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CMN-14: what is imported belongs to whom the token is of."""
    urls = dict.fromkeys(SERVICES, "http://127.0.0.1:1")
    keys = make_keys(tmp_path / "keys")
    (tmp_path / "local").mkdir()
    kafka = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"}
    save(tmp_path / "local", RunningStack("tansu", kafka, "wheel", "", urls, str(keys.private_key), str(keys.jwks)))
    if token is not None:
        monkeypatch.setenv("CRM_TOKEN", token)
    used = Connection.find().token
    user = None if used == token else jwt.decode(used, options={"verify_signature": False})["sub"]
    assert user == (None if token else OPERATOR)


def test_a_system_that_was_ended_is_verified_after_it_was_started_again() -> None:
    found = RUN.invoke(app, ["verify"])
    assert (found.exit_code, "with the data that `crm down` kept" in found.stderr) == (1, True)


def test_servers_that_do_not_answer_cannot_be_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_URL", "mongodb://127.0.0.1:1/?replicaSet=rs0")
    monkeypatch.setenv("MONGODB_SERVER_SELECTION_TIMEOUT_MS", "100")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    found = RUN.invoke(app, ["verify"])
    assert found.exit_code == 1
    assert "MongoDB does not answer" in found.stderr


@pytest.mark.parametrize("command", ["list", "apply"])
def test_topics_of_a_kafka_that_does_not_answer_are_not_known(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    found = RUN.invoke(app, ["topics", command])
    assert (found.exit_code, found.stderr) == (1, "Kafka does not answer at 127.0.0.1:1\n")


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
    make_keys(tmp_path / "local" / "keys")
    made = RUN.invoke(app, ["token", "--sub", "bob", "--scope", "leads:read", "--service", "--minutes", "7"]).stdout
    made = made.strip()
    header, said = jwt.get_unverified_header(made), jwt.decode(made, options={"verify_signature": False})
    keys = json.loads((tmp_path / "local" / "keys" / "jwks.json").read_text())["keys"]
    assert header["kid"] == keys[0]["kid"]
    assert (said["sub"], said["kind"], said["roles"], said["scope"]) == ("bob", "service", [], "leads:read")
    assert said["exp"] - said["iat"] == 420


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--role", "boss"], "no service knows the role 'boss'; there are reader, user, admin"),
        (["--role", "reader", "--role", "Admin"], "no service knows the role 'Admin'"),
        (["--scope", "lead:read"], "no service knows the scope 'lead:read'; did you mean leads:read?"),
        (["--scope", "everything"], "there are leads:read, leads:write, leads:admin, leads:dead-letters, deals:read"),
        (["--scope", "leads:read,deals:read"], "no service knows the scope"),
        (["--service", "--role", "admin"], "a service has scopes alone, no roles"),
        (["--service", "--scope", "leads:read", "--department", "hq"], "a service works in no department"),
        (["--service"], "a service has scopes alone: name them, such as --scope leads:read"),
    ],
)
def test_a_token_that_would_allow_nothing_is_refused_with_what_there_is(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    """PERM-09: no service refuses such a token, and none acts on it."""
    make_keys(tmp_path / "local" / "keys")
    found = RUN.invoke(app, ["token", *arguments], env={"COLUMNS": "600", "TERMINAL_WIDTH": "600"})
    assert (found.exit_code, found.stdout) == (2, "")
    assert said in found.stderr, found.stderr


def test_a_token_without_role_and_scope_is_a_users(tmp_path: Path) -> None:
    make_keys(tmp_path / "local" / "keys")
    said = jwt.decode(RUN.invoke(app, ["token"]).stdout.strip(), options={"verify_signature": False})
    assert (said["sub"], said["kind"], said["roles"]) == ("anna", "user", ["user"])


def test_a_token_names_the_department_of_its_user(tmp_path: Path) -> None:
    """PERM-09."""
    make_keys(tmp_path / "local" / "keys")
    made = RUN.invoke(app, ["token", "--department", "hq/sales"]).stdout.strip()
    assert jwt.decode(made, options={"verify_signature": False})["department"] == "hq/sales"
    assert "department" not in jwt.decode(
        RUN.invoke(app, ["token"]).stdout.strip(), options={"verify_signature": False}
    )


def test_without_a_key_there_is_no_token_and_no_new_key_but_a_word_about_what_to_mount(tmp_path: Path) -> None:
    found = RUN.invoke(app, ["token"])
    assert (found.exit_code, found.stdout) == (1, "")
    for said in ("there is no key to sign a token with", "CRM_PRIVATE_KEY_FILE", "docker compose run --rm crm token"):
        assert said in found.stderr
    assert not (tmp_path / "local").exists()


def test_a_mounted_key_signs_tokens_and_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = make_keys(tmp_path / "private", tmp_path / "public")
    monkeypatch.setenv("CRM_PRIVATE_KEY_FILE", str(keys.private_key))
    monkeypatch.setenv("CRM_JWKS_FILE", str(keys.jwks))
    kid = json.loads(keys.jwks.read_text())["keys"][0]["kid"]
    assert jwt.get_unverified_header(RUN.invoke(app, ["token"]).stdout.strip())["kid"] == kid
    for name in SERVICES:
        monkeypatch.setenv(f"CRM_{name.upper()}_URL", "http://127.0.0.1:1")
    assert "leads does not answer" in RUN.invoke(app, ["status"]).stdout


def test_a_key_that_is_named_goes_before_that_of_the_stack_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As whatever else talks to the CRM that the environment names."""
    named, own = make_keys(tmp_path / "named"), make_keys(tmp_path / "local" / "keys")
    stack = RunningStack("maven", {}, "wheel", "", {}, private_key=str(own.private_key), jwks=str(own.jwks))
    save(tmp_path / "local", stack)
    monkeypatch.setenv("CRM_PRIVATE_KEY_FILE", str(named.private_key))
    kid = json.loads(named.jwks.read_text())["keys"][0]["kid"]
    assert jwt.get_unverified_header(RUN.invoke(app, ["token"]).stdout.strip())["kid"] == kid


def test_the_version_is_shown() -> None:
    assert RUN.invoke(app, ["--version"]).stdout.startswith("crm ")


def names_of(group: typer.Typer) -> Iterator[list[str]]:
    for command in group.registered_commands:
        yield [command.name or (command.callback.__name__ if command.callback else "")]
    for below in group.registered_groups:
        assert below.typer_instance is not None
        for name in names_of(below.typer_instance):
            yield [below.name or "", *name]


def test_the_help_has_three_panels_and_each_command_an_example() -> None:
    shown = RUN.invoke(app, ["--help"], env={"COLUMNS": "80"}).stdout
    assert [panel for panel in ("Run", "Operate", "Data") if f"─ {panel} ─" in shown] == ["Run", "Operate", "Data"]
    assert "Exit codes" in shown
    commands = list(names_of(app))
    assert len(commands) > 20
    silent = [name for name in commands if "Example:" not in RUN.invoke(app, [*name, "--help"]).stdout]
    assert silent == []


def test_a_country_that_there_is_not_is_a_wrong_option() -> None:
    command = ["import", "leads", str(SAMPLES / "leads.csv"), "--map", str(SAMPLES / "leads.toml"), "--country", "XX"]
    assert RUN.invoke(app, command).exit_code == 2


def test_the_state_of_five_services_has_room_in_eighty_columns() -> None:
    found = [
        ServiceStatus(name, f"http://127.0.0.1:{port}", "degraded", 12_345, 12, 1_234_567, 1_000, 200_000)
        for port, name in enumerate(SERVICES, start=8101)
    ]
    console = Console(width=80, record=True, file=StringIO())
    console.print(view(found, "Kafka maven, MongoDB wheel", 80))
    told = console.export_text()
    assert "…" not in told
    assert max(map(len, told.splitlines())) <= 80
    for shown in (*SERVICES, "degraded", "12345", "1234567", "1000", "2 d"):
        assert shown in told
    wide = Console(width=120, record=True, file=StringIO())
    wide.print(view(found, "", 120))
    assert "http://127.0.0.1:8101" in wide.export_text()


def test_a_bar_that_ends_is_full() -> None:
    console = Console(width=80, force_terminal=True, file=StringIO())
    with bar("Reading", 100, console) as advance:
        advance(58)
    with remote_bar(console) as report:
        report("Rebuilding", 58, 100)
    file = console.file
    assert isinstance(file, StringIO)
    assert file.getvalue().count("100%") >= 2


class OneDeal(httpx.AsyncBaseTransport):
    """A deal of which the timeline has heard nothing, and two leads in a stage, into which a third one comes."""

    def __init__(self) -> None:
        self.writes = 0
        self.asked: list[str] = []
        self.converted: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.writes += request.method != "GET"
        self.asked.append(request.url.path)
        match request.url.path:
            case "/v1/timeline":
                return httpx.Response(200, json={"items": [], "next_cursor": None})
            case "/v1/deals/1":
                return httpx.Response(200, json={"id": "1"})
            case "/v1/conversions":
                self.converted += json.loads(request.content)["lead_ids"]
                done = {"state": "done", "deal": None, "correlation_id": request.headers["X-Correlation-Id"]}
                items = [{"lead_id": id_, "status": 200, "conversion": done} for id_ in self.converted]
                return httpx.Response(207, json={"items": items})
            case "/v1/lead-stages":
                return httpx.Response(200, json={"items": [{"id": "PROCESSED"}], "next_cursor": None})
            case "/v1/leads":
                ids = ["7", "8", "9"] if self.asked.count("/v1/leads") > 1 else ["7", "8"]
                return httpx.Response(200, json={"items": [{"id": id_} for id_ in ids], "next_cursor": None})
            case _:
                return httpx.Response(404, json={"code": "not_found"})


def test_the_timeline_of_an_element_that_is_not_there_is_an_error() -> None:
    with served(OneDeal()) as environment:
        gone = RUN.invoke(app, ["timeline", "deal:nope"], env=environment)
        there = RUN.invoke(app, ["timeline", "deal:1", "--json"], env=environment)
    assert (gone.exit_code, gone.stdout, gone.stderr) == (1, "", "there is no deal:nope\n")
    assert (there.exit_code, json.loads(there.stdout)["items"]) == (0, [])


def test_a_whole_stage_is_converted_only_after_a_yes() -> None:
    command = ["convert", "--stage", "PROCESSED"]
    asked: list[Result] = []
    for more, answer in (([], "n\n"), (["--dry-run"], ""), (["--dry-run", "--json"], "")):
        services = OneDeal()
        with served(services) as environment:
            asked.append(RUN.invoke(app, [*command, *more], input=answer, env=environment))
        assert services.writes == 0
    refused, dry, listed = asked
    assert refused.exit_code == 1
    assert "2 leads of PROCESSED would be converted. Go on?" in refused.stderr
    assert (dry.exit_code, dry.stdout) == (0, "2 leads of PROCESSED would be converted. Nothing was done.\n")
    assert json.loads(listed.stdout) == {"convert": 2, "move": 0, "converted_before": 0, "leads": ["7", "8"]}


def test_a_yes_is_for_the_leads_that_were_asked_about() -> None:
    services = OneDeal()
    with served(services) as environment:
        RUN.invoke(app, ["convert", "--stage", "PROCESSED"], input="y\n", env=environment)
    assert services.converted == ["7", "8"]
