"""Supervise a child process, and find it again after its starter was killed.

A child is written to `<directory>/running/<name>.json` with its start time, because a pid alone may by now belong to
another process; it carries the directory as a mark in its environment, too, should the record be missing.
`stop_leftovers` kills what matches one or the other.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from deploy.local.reaper import carriers

STARTED_IN: Final = "CRM_STARTED_IN"
"""The directory of a process's starter."""
_POLL_S: Final = 0.02


class NotReady(Exception):
    """A process ended, or did not answer before its deadline; the message ends with the last lines of its log."""


def start_mark(pid: int) -> str | None:
    """Return when a process started, which tells it from a later one with its pid; None if it is gone or a zombie."""
    with contextlib.suppress(OSError):
        # The command name may hold spaces and parentheses: fields count from the last one.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        if fields[0] in "ZX":
            return None
        return f"{_boot()}:{fields[19]}"
    if Path("/proc/self/stat").exists():
        return None
    listed = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S607
    return listed.stdout.strip() or None


def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


class ChildProcess:
    """One program in a process group of its own, with its output in a log file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        directory: Path,
        environment: Mapping[str, str] | None = None,
        working_directory: Path | None = None,
    ) -> None:
        """Prepare it; `directory` receives `logs/<name>.log` and the record in `running/`."""
        self.name = name
        self.command = list(command)
        self.environment = dict(os.environ if environment is None else environment)
        self.working_directory = working_directory
        self.log = directory / "logs" / f"{name}.log"
        self._directory = directory.resolve()
        self._record = directory / "running" / f"{name}.json"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The pid, also of one that has ended."""
        if self._process is None:
            raise NotReady(f"{self.name} was never started")
        return self._process.pid

    def start(self) -> None:
        """Start it, and append its output to its log."""
        if self.running:
            raise NotReady(f"{self.name} runs already")
        for folder in (self.log.parent, self._record.parent):
            folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**self.environment, STARTED_IN: str(self._directory)},
                cwd=self.working_directory,
                start_new_session=True,
            )
        record = {"pid": self.pid, "started": start_mark(self.pid), "command": self.command[0]}
        self._record.write_text(json.dumps(record))

    def wait_ready(self, ready: Callable[[], bool], deadline_s: float) -> None:
        """Call `ready` until it returns True.

        Raises:
            NotReady: it ended before, or the deadline passed.
        """
        deadline = time.monotonic() + deadline_s
        while not ready():
            if not self.running:
                code = self._process.returncode if self._process else None
                raise NotReady(f"{self.name} ended with code {code}\n{self._log_tail()}")
            if time.monotonic() > deadline:
                raise NotReady(f"{self.name} is not ready after {deadline_s:.0f} s\n{self._log_tail()}")
            time.sleep(_POLL_S)

    def kill(self) -> None:
        """Send SIGKILL, and wait until it is gone."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        self._record.unlink(missing_ok=True)

    def terminate(self, deadline_s: float = 20.0) -> bool:
        """Send SIGTERM, and SIGKILL when the deadline has passed; return whether it ended by itself."""
        if self._process is None:
            return True
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(deadline_s)
        ended = not self.running
        self.kill()
        return ended

    def pause(self) -> None:
        """Send SIGSTOP and wait until no thread runs: it keeps its connections and answers no request."""
        if self.running:
            self._signal(signal.SIGSTOP)
            os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Send SIGCONT."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def _log_tail(self, lines: int = 20) -> str:
        text = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return f"{self.log}:\n" + "\n".join(text[-lines:])


def recorded_processes(directory: Path) -> dict[str, int]:
    """Return name and pid of each recorded process that still runs and is the one that was recorded."""
    alive: dict[str, int] = {}
    for record in sorted((directory / "running").glob("*.json")):
        with contextlib.suppress(ValueError, KeyError):
            entry = json.loads(record.read_text())
            if entry["started"] and start_mark(entry["pid"]) == entry["started"]:
                alive[record.stem] = entry["pid"]
    return alive


def stop_leftovers(directory: Path, *, deadline_s: float = 0.0) -> list[str]:
    """End every process that was started here and still runs, and forget all records; the names of those ended.

    SIGTERM first where `deadline_s` is given, then SIGKILL.
    """
    alive = _started_here(directory)
    # A process that is ending has lost its environment before it is gone: each is waited for by its own mark, too.
    marks = {pid: start_mark(pid) for pid in alive.values()}
    if deadline_s:
        _signal_groups(alive.values(), signal.SIGTERM)
        _signal_groups(alive.values(), signal.SIGCONT)
        _wait_gone(directory, marks, deadline_s)
    _signal_groups(_started_here(directory).values(), signal.SIGKILL)
    _wait_gone(directory, marks, 10.0)
    for record in (directory / "running").glob("*.json"):
        record.unlink(missing_ok=True)
    return list(alive)


def _started_here(directory: Path) -> dict[str, int]:
    """Also those whose starter was killed before it could write them down."""
    alive = recorded_processes(directory)
    leaders = {pid for pid in carriers(STARTED_IN, str(directory.resolve())) if _leads_a_group(pid)}
    return alive | {f"process {pid}": pid for pid in sorted(leaders - set(alive.values()))}


def _leads_a_group(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        return os.getpgid(pid) == pid
    return False


def _signal_groups(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, number)


def _wait_gone(directory: Path, marks: Mapping[int, str | None], deadline_s: float) -> None:
    deadline = time.monotonic() + deadline_s
    while time.monotonic() < deadline:
        ending = any(mark is not None and start_mark(pid) == mark for pid, mark in marks.items())
        if not ending and not _started_here(directory):
            return
        time.sleep(_POLL_S)
