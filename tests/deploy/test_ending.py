"""Whatever ends a run, everything that it started ends with it: `pytest`, its workers, and a stack of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.process import recorded_processes
from deploy.local.reaper import carriers
from deploy.local.services import ROOT
from tests.deadlines import DEADLINE_S

RUN = "CRM_TRIED_RUN"
"""Whatever a tried run starts inherits it, the reaper too."""

TESTS = """
import asyncio, contextlib, os, time
from pathlib import Path

def begun(stack):
    stack.add_service("catalog").wait_ready()
    # Deaf to everything, in a group of its own, on no record.
    os.spawnlp(os.P_NOWAIT, "setsid", "setsid", "sh", "-c", "trap '' TERM INT HUP; sleep 600")
    Path(os.environ["CRM_TRIED_RUN"], f"begun-{os.getpid()}").touch()

def test_that_hangs(local_stack):
    begun(local_stack)
    time.sleep(600)

async def test_that_waits(local_stack):
    begun(local_stack)
    await asyncio.sleep(600)

def test_that_misses_the_interrupt(local_stack):
    begun(local_stack)
    with contextlib.suppress(KeyboardInterrupt):
        time.sleep(600)
    time.sleep(600)
"""

STARTER = """
import sys, time
from pathlib import Path
from deploy.local.stack import LocalStack
with LocalStack(Path(sys.argv[1]), services=()) as stack:
    if sys.argv[2:] == ["detach"]:
        stack.detach()
    else:
        Path(sys.argv[1], "begun-here").touch()
        time.sleep(600)
"""

pytestmark = pytest.mark.usefixtures("on_tansu")


def start(directory: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**environment, RUN: str(directory), "CRM_LOCAL_DIR": str(directory / "local")},
        stdout=(directory / "told").open("wb"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def tried_tests(directory: Path, *options: str) -> "subprocess.Popen[bytes]":
    planted = directory / "test_planted.py"
    planted.write_text(TESTS)
    ours = [
        "-c",
        str(ROOT / "pyproject.toml"),
        "--rootdir",
        str(ROOT),
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
    ]
    return start(directory, "-m", "pytest", *ours, *options, str(planted))


def wait_until(holds: Callable[[], bool], directory: Path) -> None:
    end = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < end, f"{carriers(RUN, str(directory))}\n{(directory / 'told').read_text()}"
        time.sleep(0.05)


def wait_begun(directory: Path, number: int = 1) -> None:
    wait_until(lambda: len(list(directory.glob("begun-*"))) == number, directory)


def wait_gone(directory: Path) -> None:
    wait_until(lambda: not carriers(RUN, str(directory)), directory)


@pytest.mark.parametrize("hanging", ["test_that_hangs", "test_that_waits", "test_that_misses_the_interrupt"])
def test_a_run_of_tests_that_is_told_to_end_tears_everything_down(tmp_path: Path, hanging: str) -> None:
    run = tried_tests(tmp_path, "-k", hanging)
    wait_begun(tmp_path)
    assert set(recorded_processes(tmp_path / "local" / "test-0")) == {"kafka", "mongo"}
    # As `timeout` does: first the command, then its whole group.
    os.kill(run.pid, signal.SIGTERM)
    os.killpg(run.pid, signal.SIGTERM)
    assert run.wait(DEADLINE_S) == pytest.ExitCode.INTERRUPTED, (tmp_path / "told").read_text()
    wait_gone(tmp_path)
    for directory in ("test-0", "test-0/stack"):
        assert not (tmp_path / "local" / directory / "data").exists(), "a fixture was not torn down"


def test_a_run_of_tests_that_is_killed_leaves_nothing_running(tmp_path: Path) -> None:
    run = tried_tests(tmp_path, "-k", "test_that_waits")
    wait_begun(tmp_path)
    run.kill()
    run.wait()
    wait_gone(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_workers_of_a_run_and_what_they_started_end_with_it(tmp_path: Path, number: signal.Signals) -> None:
    run = tried_tests(tmp_path, "-n", "2", "-k", "test_that_hangs or test_that_waits")
    wait_begun(tmp_path, 2)
    run.send_signal(number)
    run.wait(DEADLINE_S)
    wait_gone(tmp_path)


def test_a_worker_that_is_killed_leaves_nothing_running(tmp_path: Path) -> None:
    run = tried_tests(tmp_path, "-n", "1", "--max-worker-restart", "0", "-k", "test_that_hangs")
    wait_begun(tmp_path)
    (begun,) = tmp_path.glob("begun-*")
    os.kill(int(begun.name.removeprefix("begun-")), signal.SIGKILL)
    run.wait(DEADLINE_S)
    wait_gone(tmp_path)


def test_a_stack_whose_starter_is_killed_ends_with_it(tmp_path: Path) -> None:
    starter = start(tmp_path, "-c", STARTER, str(tmp_path))
    wait_begun(tmp_path)
    assert set(recorded_processes(tmp_path)) == {"kafka", "mongo"}
    starter.kill()
    starter.wait()
    wait_gone(tmp_path)


def test_a_detached_stack_goes_on_and_nobody_watches_it(tmp_path: Path) -> None:
    starter = start(tmp_path, "-c", STARTER, str(tmp_path), "detach")
    assert starter.wait(DEADLINE_S) == 0, (tmp_path / "told").read_text()
    running = recorded_processes(tmp_path)
    assert set(running) == {"kafka", "mongo"}
    time.sleep(1)  # a reaper would have looked ten times
    assert set(carriers(RUN, str(tmp_path))) == set(running.values()) == set(recorded_processes(tmp_path).values())
    ended = subprocess.run(
        [sys.executable, "-m", "deploy.cli.app", "down", "--forget", "--yes"],
        cwd=ROOT,
        check=False,
        env={**os.environ, "CRM_LOCAL_DIR": str(tmp_path)},
    )
    assert ended.returncode == 0
    wait_gone(tmp_path)
