"""End what a process started when that process is gone, whatever way it went: also by kill -9.

A second process, the reaper, watches the first one and kills what carries its mark, an environment variable that all
descendants inherit. Where there is no `/proc` nothing watches, and the next start cleans up.

Note: `PR_SET_PDEATHSIG` would not do. It acts when the thread that started a child ends, and stacks are started from
threads.
"""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from typing import Final

STARTED_BY: Final = "CRM_STARTED_BY"
"""The marks of all living starters of a process, outermost first, with spaces between them."""
_WATCH_S: Final = 0.1
_KILL_DEADLINE_S: Final = 60.0


class Reaper:
    """Watches this process from now on, until it is released."""

    def __init__(self) -> None:
        self._mark = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._process: subprocess.Popen[bytes] | None = None
        if not os.path.exists("/proc/self/environ"):  # noqa: PTH110 - pathlib would double the time to start
            return
        # It carries no mark itself, or the reaper of an outer process would kill it before its work is done.
        environment = {name: value for name, value in os.environ.items() if name != STARTED_BY}
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(os.getpid()), self._mark],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        os.environ[STARTED_BY] = " ".join([*_marks(), self._mark])

    def release(self) -> None:
        """Watch no longer: what runs may outlive this process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            os.environ[STARTED_BY] = " ".join(mark for mark in _marks() if mark != self._mark)


def _marks() -> list[str]:
    return os.environ.get(STARTED_BY, "").split()


def carriers(variable: str, value: str) -> list[int]:
    """Pids of the other processes that were started with this value, or with it among several, in a variable."""
    found = []
    for name in os.listdir("/proc") if sys.platform == "linux" else ():  # noqa: PTH208 - as above
        if name.isdecimal() and int(name) != os.getpid():
            # Gone by now, or somebody else's.
            with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123 - as above
                for entry in file.read().split(b"\0"):
                    key, _, told = os.fsdecode(entry).partition("=")
                    if key == variable and (told == value or value in told.split(" ")):
                        found.append(int(name))
    return found


def _kill_all(mark: str) -> None:
    """Until two looks in a row find nothing: what is about to be started carries its mark a moment later."""
    deadline, quiet = time.monotonic() + _KILL_DEADLINE_S, 0
    while quiet < 2 and time.monotonic() < deadline:  # noqa: PLR2004 - as said
        found = carriers(STARTED_BY, mark)
        quiet = 0 if found else quiet + 1
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_WATCH_S / 2)


def _watch(starter: int, mark: str) -> None:
    # An orphan is given to another parent.
    while os.getppid() == starter:
        time.sleep(_WATCH_S)
    _kill_all(mark)


if __name__ == "__main__":
    _watch(int(sys.argv[1]), sys.argv[2])
