"""`crm mode`, against a service that has a mode and one run, over real HTTP."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli.app import app

CLI = CliRunner()
TERMS = {"client": "both", "pipeline_id": "sales", "activities": "keep_open"}
CHOSEN = {"changed_by": "user:anna", "changed_at": "2026-05-04T12:00:00Z"}


class Leads:
    """Its run is a state further each time it is read."""

    def __init__(self, *states: str, refused: int = 0, has_run: bool = True) -> None:
        self.states, self.refused, self.has_run = list(states), refused, has_run
        self.asked: list[tuple[str, Any]] = []

    def answer(self, asked: str, sent: bytes) -> tuple[int, Any]:
        body: Any = json.loads(sent) if sent else None
        self.asked.append((asked, body))
        if asked == "PUT /v1/settings/mode":
            return 200, self._mode(json.loads(sent)["mode"])
        if asked == "GET /v1/settings/mode":
            return 200, self._mode("classic")
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        counts = {"ok": 3 - self.refused, "denied": 0, "not_found": 0, "refused": self.refused}
        action, times = {"type": "convert", **TERMS}, {"created_at": "2026-05-04T12:00:00Z", "reason": None}
        run = {"id": "r1", "element": "lead", "action": action, "dry_run": asked.endswith("/preview"), "state": state}
        return 200, {**run, **times, "total": None, "handled": 3, "counts": counts, "started_by": "user:anna"}

    def _mode(self, mode: str) -> dict[str, Any]:
        return {"mode": mode, "conversion": TERMS, **CHOSEN, "run_id": "r1" if self.has_run else None}


Serve = Callable[[Leads], Leads]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Make it the CRM that `crm` finds."""
    servers: list[ThreadingHTTPServer] = []

    def start(leads: Leads) -> Leads:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                sent = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, body = leads.answer(f"{self.command} {self.path.partition('?')[0]}", sent)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            do_POST = do_PUT = do_GET  # noqa: N815 - the library asks for these names

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        for name in ("LEADS", "DEALS", "CLIENTS", "CATALOG", "TIMELINE"):
            monkeypatch.setenv(f"CRM_{name}_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("CRM_TOKEN", "token")
        return leads

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_mode_is_shown(serve: Serve) -> None:
    """MODE-01."""
    leads = serve(Leads("done"))
    found = CLI.invoke(app, ["mode"])
    assert found.exit_code == 0, found.output
    assert "classic, chosen by user:anna" in found.stdout
    assert "both and a deal in sales, activities: keep_open" in found.stdout
    assert json.loads(CLI.invoke(app, ["mode", "--json"]).stdout)["mode"] == "classic"
    assert [asked for asked, _ in leads.asked] == ["GET /v1/settings/mode"] * 2


def test_the_switch_to_simple_is_followed_to_its_end(serve: Serve) -> None:
    """MODE-07 to MODE-10."""
    leads = serve(Leads("waiting", "running", "done"))
    given = ["mode", "simple", "--client", "both", "--pipeline", "sales", "--keep-activities"]
    refused = CLI.invoke(app, given, input="n\n")
    assert (refused.exit_code, leads.asked) == (1, [])
    found = CLI.invoke(app, [*given, "--yes"])
    assert found.exit_code == 0, found.output
    assert "r1: convert lead: done, 3 ok" in found.stdout
    assert leads.asked[0] == ("PUT /v1/settings/mode", {"mode": "simple", "conversion": TERMS})
    assert [asked for asked, _ in leads.asked[1:]] == ["GET /v1/runs/r1"] * 3


def test_leads_that_were_not_converted_are_exit_code_1(serve: Serve) -> None:
    serve(Leads("done", refused=1))
    found = CLI.invoke(app, ["mode", "simple", "--yes"])
    assert found.exit_code == 1
    assert "2 ok" in found.stdout
    assert "1 refused" in found.stdout


def test_a_dry_run_writes_nothing(serve: Serve) -> None:
    leads = serve(Leads("running", "done"))
    found = CLI.invoke(app, ["mode", "simple", "--dry-run"])
    assert found.exit_code == 0, found.output
    assert {asked for asked, _ in leads.asked} == {"POST /v1/settings/mode/preview", "GET /v1/runs/r1"}


def test_where_nothing_was_switched_there_is_nothing_to_follow(serve: Serve) -> None:
    serve(Leads("done", has_run=False))
    found = CLI.invoke(app, ["mode", "simple", "--yes"])
    assert (found.exit_code, found.stdout.strip()) == (0, "Nothing was left to do.")


def test_classic_is_chosen_without_a_question(serve: Serve) -> None:
    """MODE-06."""
    leads = serve(Leads("done"))
    found = CLI.invoke(app, ["mode", "classic"])
    assert found.exit_code == 0, found.output
    assert leads.asked == [("PUT /v1/settings/mode", {"mode": "classic"})]
