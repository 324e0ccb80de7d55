"""`crm bulk` and `crm runs`, against services that have one run, over real HTTP."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli.app import app
from deploy.cli.client import SERVICES

RUN = CliRunner()
ASSIGN = {"type": "assign", "responsible_id": "bob"}


class Service:
    """One run, a state further each time it is read; `asked` are the requests, `sent` their bodies."""

    def __init__(self, *states: str, denied: int = 0) -> None:
        self.states, self.denied = list(states), denied
        self.asked: list[str] = []
        self.sent: list[Any] = []

    def answer(self, asked: str, sent: bytes) -> tuple[int, Any]:
        self.asked.append(asked)
        self.sent.append(json.loads(sent) if sent else None)
        if asked.startswith("GET /v1/runs/") and not asked.endswith("/r1"):
            return 404, {"code": "not_found"}
        if asked == "GET /v1/runs":
            return 200, {"items": [self._now()], "next_cursor": None}
        return 200, self._now()

    def _now(self) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {
            "id": "r1",
            "element": "deal",
            "action": ASSIGN,
            "dry_run": False,
            "state": state,
            "reason": None,
            "total": 3,
            "handled": 3,
            "counts": {"ok": 3 - self.denied, "denied": self.denied, "not_found": 0, "refused": 0},
            "started_by": "user:anna",
            "created_at": "2026-05-04T12:00:00Z",
        }


Serve = Callable[[Service], Service]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Make it the CRM that `crm` finds."""
    servers: list[ThreadingHTTPServer] = []

    def start(service: Service) -> Service:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                sent = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, body = service.answer(f"{self.command} {self.path.partition('?')[0]}", sent)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            do_POST = do_GET  # noqa: N815 - the library asks for this name

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        for name in SERVICES:
            monkeypatch.setenv(f"CRM_{name.upper()}_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("CRM_TOKEN", "token")
        return service

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_bulk_change_is_followed_to_its_end(serve: Serve) -> None:
    service = serve(Service("waiting", "running", "done"))
    given = ["bulk", "deals", json.dumps(ASSIGN), "--filter", '{"responsible_id": "anna"}']
    found = RUN.invoke(app, given)
    assert found.exit_code == 0, found.output
    assert "r1: assign deal: done, 3 ok" in found.stdout
    assert service.asked == ["POST /v1/deals/bulk", "GET /v1/runs/r1", "GET /v1/runs/r1"]
    assert service.sent[0] == {"action": ASSIGN, "dry_run": False, "filter": {"responsible_id": "anna"}}


def test_records_that_were_not_changed_are_exit_code_1(serve: Serve) -> None:
    serve(Service("done", denied=1))
    found = RUN.invoke(app, ["bulk", "deals", json.dumps(ASSIGN), "--id", "d1", "--id", "d2", "--dry-run"])
    assert found.exit_code == 1
    assert "2 ok, 1 denied" in found.stdout


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["bulk", "products", "{}"], "products"),
        (["bulk", "deals", "{"], "ACTION is no JSON"),
        (["bulk", "deals", "[]"], "ACTION is no object"),
        (["bulk", "deals", "{}", "--filter", "x"], "--filter is no JSON"),
        (["runs", "show", "r2"], "there is no run r2"),
    ],
)
def test_what_is_used_wrongly_says_so(serve: Serve, given: list[str], told: str) -> None:
    serve(Service("done"))
    found = RUN.invoke(app, given)
    assert found.exit_code == 1
    assert told in found.stderr


def test_runs_are_listed_newest_first(serve: Serve) -> None:
    serve(Service("running"))
    found = RUN.invoke(app, ["runs", "list", "--json"])
    assert [(run["service"], run["id"]) for run in json.loads(found.stdout)] == [
        ("leads", "r1"),
        ("deals", "r1"),
        ("clients", "r1"),
    ]
    assert "r1" in RUN.invoke(app, ["runs", "list"]).stdout


@pytest.mark.parametrize("how", ["pause", "resume", "cancel"])
def test_a_run_is_controlled(serve: Serve, how: str) -> None:
    service = serve(Service("running"))
    found = RUN.invoke(app, ["runs", how, "r1"])
    assert found.exit_code == 0, found.output
    assert service.asked == ["GET /v1/runs/r1", f"POST /v1/runs/r1/{how}"]


def test_a_run_is_undone_where_that_is_wished(serve: Serve) -> None:
    service = serve(Service("done"))
    assert RUN.invoke(app, ["runs", "undo", "r1"], input="n\n").exit_code == 1
    assert service.asked == ["GET /v1/runs/r1"]
    found = RUN.invoke(app, ["runs", "undo", "r1", "--yes"])
    assert found.exit_code == 0, found.output
    assert (service.asked[-1], service.sent[-1]) == ("POST /v1/runs/r1/undo", {"dry_run": False})


def test_the_undo_of_a_run_is_rehearsed_without_a_question(serve: Serve) -> None:
    service = serve(Service("done", denied=1))
    found = RUN.invoke(app, ["runs", "undo", "r1", "--dry-run"])
    assert (found.exit_code, "2 ok, 1 denied" in found.stdout) == (1, True)
    assert service.sent[-1] == {"dry_run": True}


def test_a_run_is_shown_until_it_is_paused(serve: Serve) -> None:
    serve(Service("running", "running", "paused"))
    found = RUN.invoke(app, ["runs", "show", "r1"])
    assert found.exit_code == 1
    assert "paused" in found.stdout
