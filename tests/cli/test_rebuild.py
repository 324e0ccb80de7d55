"""`crm timeline rebuild`, against a service that goes through the states it is given, over real HTTP."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli.app import app
from deploy.cli.client import SERVICES
from deploy.local.services import ROOT
from tests.deadlines import DEADLINE_S

RUN = CliRunner()
EQUAL = {"entries": 7, "marks": 1, "missing": 0, "extra": 0, "different": 0, "examples": []}
EXAMPLE = {"collection": "entries", "id": "e1:lead:l1", "kind": "different", "fields": ["text"]}
OTHER = {**EQUAL, "different": 1, "examples": [EXAMPLE]}


class Service:
    """One rebuild, a state further each time it is read; `asked` are the requests."""

    def __init__(self, states: Sequence[str], comparison: Any = None, *, is_open: bool = False) -> None:
        self.states = list(states)
        self.comparison = comparison
        self.is_open = is_open
        self.asked: list[str] = []
        self.on_look: Callable[[], None] = lambda: None

    def answer(self, asked: str) -> tuple[int, Any]:
        self.asked.append(asked)
        if asked == "GET /r1":
            self.on_look()
        if asked == "POST /" and self.is_open:
            return 409, {"code": "rebuild_running", "rebuild_id": "r1"}
        if asked == "GET /":
            return 200, {"items": [self._now()] if self.is_open else [], "next_cursor": None}
        if asked == "POST /r1/switch":
            self.states = ["switching", "switched"]
        if asked == "DELETE /r1":
            self.states = ["cancelled"]
        return 200, self._now()

    def _now(self) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {
            "id": "r1",
            "state": state,
            "read": 5,
            "total": 9,
            "unreadable": 2,
            "unknown": 0,
            "untold": 0,
            "comparison": self.comparison,
            "requested_at": "2026-05-04T12:00:00Z",
            "ended_at": "2026-05-04T12:00:04.500Z" if state in {"switched", "failed", "cancelled"} else None,
            "reason": "Broken" if state == "failed" else None,
        }


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Service], Service]]:
    """Make it the CRM that `crm` finds."""
    servers: list[ThreadingHTTPServer] = []

    def start(service: Service) -> Service:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0].removeprefix("/v1/timeline/rebuilds") or "/"
                status, body = service.answer(f"{self.command} {path}")
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            do_POST = do_DELETE = do_GET  # noqa: N815 - the library asks for these names

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


Serve = Callable[[Service], Service]


def test_a_rebuild_is_followed_until_it_is_switched(serve: Serve) -> None:
    service = serve(Service(["building", "building", "comparing", "switching", "switched"], EQUAL))
    found = RUN.invoke(app, ["timeline", "rebuild"])
    assert found.exit_code == 0, found.output
    for told in ("switched", "5 of 9", "2 unreadable", "7", "4.5"):
        assert told in found.stdout
    assert service.asked[0] == "POST /"


def test_a_rebuild_that_is_not_over_is_looked_at_again(serve: Serve) -> None:
    service = serve(Service(["building", "switched"], EQUAL, is_open=True))
    assert RUN.invoke(app, ["timeline", "rebuild"]).exit_code == 0
    assert service.asked == ["POST /", "GET /r1", "GET /r1"]


def test_a_difference_is_shown_and_nothing_is_switched(serve: Serve) -> None:
    service = serve(Service(["building", "differs"], OTHER))
    found = RUN.invoke(app, ["timeline", "rebuild"])
    assert found.exit_code == 1
    assert "different in entries: e1:lead:l1: text" in found.stdout
    assert "Nothing was switched" in found.stderr
    assert "POST /r1/switch" not in service.asked


@pytest.mark.parametrize("is_open", [False, True])
def test_differences_are_switched_where_they_are_accepted(serve: Serve, *, is_open: bool) -> None:
    service = serve(Service(["differs"], OTHER, is_open=is_open))
    found = RUN.invoke(app, ["timeline", "rebuild", "--accept-differences"])
    assert (found.exit_code, "switched" in found.stdout) == (0, True)
    assert "POST /r1/switch" in service.asked


def test_a_failed_rebuild_is_a_failure_with_its_reason(serve: Serve) -> None:
    serve(Service(["building", "failed"]))
    found = RUN.invoke(app, ["timeline", "rebuild"])
    assert (found.exit_code, "Broken" in found.stdout) == (1, True)


def test_a_rebuild_is_given_up(serve: Serve) -> None:
    service = serve(Service(["building"], is_open=True))
    found = RUN.invoke(app, ["timeline", "rebuild", "--cancel"])
    assert (found.exit_code, "cancelled" in found.stdout) == (0, True)
    assert service.asked == ["GET /", "DELETE /r1"]


def test_where_no_rebuild_is_open_none_is_given_up(serve: Serve) -> None:
    service = serve(Service(["building"]))
    found = RUN.invoke(app, ["timeline", "rebuild", "--cancel"])
    assert (found.exit_code, found.stderr.strip()) == (1, "No rebuild is open.")
    assert service.asked == ["GET /"]


def test_an_operator_who_stops_watching_learns_how_to_look_again(serve: Serve) -> None:
    """Ctrl-C ends the watching alone."""
    service = serve(Service(["building"]))
    looked = threading.Event()
    service.on_look = looked.set
    command = [sys.executable, "-m", "deploy.cli.app", "timeline", "rebuild"]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ, stderr=subprocess.PIPE, text=True) as watching:
        assert looked.wait(DEADLINE_S)
        watching.send_signal(signal.SIGINT)
        _, said = watching.communicate(timeout=DEADLINE_S)
    assert watching.returncode == 1
    assert "`crm timeline rebuild` shows it again" in said
    assert "DELETE /r1" not in service.asked
