"""A stack that is held for a measurement obeys, is still while it is paused, and ends whatever way its user ends."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.checkouts import present
from benchmarks.system import running
from deploy.local.process import recorded_processes, start_mark
from deploy.local.services import SERVICES, answers_ok
from deploy.local.waiting import wait_until
from tests.deadlines import DEADLINE_S

USER = """
import sys, time
from benchmarks.checkouts import present
from benchmarks.system import running
with running(present(), say=lambda line: None) as (stack,):
    print(stack.directory, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def in_a_directory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the broker that starts fastest: nothing here is about delivery."""
    monkeypatch.setenv("CRM_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("CRM_KAFKA", "tansu")


def states(pids: dict[str, int]) -> set[str]:
    return {Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in pids.values()}


def test_a_held_stack_obeys_and_is_frozen_as_a_whole_while_another_one_is_measured() -> None:
    with running(present(), say=print) as (stack,):
        pids = recorded_processes(stack.directory)
        assert set(pids) == {"kafka", "mongo", *SERVICES}
        leads = f"{stack.target.urls['leads']}/health/ready"
        assert answers_ok(leads)
        stack.pause()
        assert states(pids) == {"T"}
        stack.resume()
        assert "T" not in states(pids)
        assert answers_ok(leads)
        stack.stop_service("timeline")
        assert "timeline" not in recorded_processes(stack.directory)
        stack.start_service("timeline")
        stack.wait_ready()
        with stack.replicas() as urls:
            assert set(urls) == set(SERVICES)
            assert all(answers_ok(f"{url}/health/ready") for url in urls.values())
            assert set(urls.values()) & set(stack.target.urls.values()) == set()
        assert set(recorded_processes(stack.directory)) == set(pids)
        stack.pause()  # it can end in good order all the same
    assert recorded_processes(stack.directory) == {}
    assert not (stack.directory / "data").exists()


def test_a_stack_ends_with_a_user_that_is_killed() -> None:
    user = subprocess.Popen([sys.executable, "-c", USER], stdout=subprocess.PIPE, text=True)
    assert user.stdout is not None
    directory = Path(user.stdout.readline().strip())
    user.stdout.close()
    pids = recorded_processes(directory)
    assert len(pids) == len(SERVICES) + 2
    user.send_signal(signal.SIGKILL)
    user.wait(DEADLINE_S)
    wait_until(lambda: not any(start_mark(pid) for pid in pids.values()), "the end of all processes", DEADLINE_S)
