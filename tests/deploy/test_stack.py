"""Whatever way a stack ends, nothing of it is left running."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import state
from deploy.local.process import recorded_processes, start_mark
from deploy.local.stack import LocalStack
from tests.deadlines import DEADLINE_S

pytestmark = pytest.mark.usefixtures("on_tansu")

STARTER = """
import sys, time
from pathlib import Path
from deploy.local.stack import LocalStack
with LocalStack(Path(sys.argv[1]), services=()) as stack:
    print("STARTED", flush=True)
    time.sleep(600)
"""


def started_elsewhere(directory: Path) -> subprocess.Popen[str]:
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(directory)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    assert any(line == "STARTED\n" for line in starter.stdout), "the stack did not start"
    return starter


def ended(starter: subprocess.Popen[str]) -> int:
    code = starter.wait(DEADLINE_S)
    assert starter.stdout is not None
    starter.stdout.close()
    return code


def test_a_stack_reports_its_providers_and_ends_with_its_block(tmp_path: Path) -> None:
    said: list[str] = []
    with LocalStack(tmp_path, services=(), say=said.append) as stack:
        pids = recorded_processes(tmp_path)
        assert set(pids) == {"kafka", "mongo"}
        assert f"tansu   {stack.kafka.bootstrap_servers}" in stack.describe()
        assert stack.describe() in said
        assert stack.mongo.provider in stack.describe()
    assert [start_mark(pid) for pid in pids.values()] == [None, None]
    assert not (tmp_path / "data").exists()


def test_a_stack_that_fails_half_way_leaves_nothing_running(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), LocalStack(tmp_path, services=(), say=fails_at_the_end):
        pass
    assert recorded_processes(tmp_path) == {}
    with LocalStack(tmp_path, services=()):
        pass


def fails_at_the_end(line: str) -> None:
    if line.startswith("Kafka"):
        raise ZeroDivisionError


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, -signal.SIGINT)])
def test_a_stack_ends_with_its_interrupted_starter(tmp_path: Path, number: int, code: int) -> None:
    starter = started_elsewhere(tmp_path)
    pids = recorded_processes(tmp_path)
    starter.send_signal(number)
    assert ended(starter) == code
    assert [start_mark(pid) for pid in pids.values()] == [None, None]


def test_the_next_start_ends_what_a_killed_one_left(tmp_path: Path) -> None:
    starter = started_elsewhere(tmp_path)
    left = recorded_processes(tmp_path)
    for pid in (*reapers_of(starter.pid), starter.pid):
        os.kill(pid, signal.SIGKILL)
    ended(starter)
    assert recorded_processes(tmp_path) == left, "only the reaper ends the children of a killed starter"

    said: list[str] = []
    with LocalStack(tmp_path, services=(), say=said.append):
        assert [start_mark(pid) for pid in left.values()] == [None, None]
    assert said[0] == "Ended what a killed run had left: kafka, mongo"


def reapers_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = [int(child) for child in children if "reaper.py" in Path(f"/proc/{child}/cmdline").read_text()]
    assert found
    return found


def test_two_starts_do_not_share_a_directory(tmp_path: Path) -> None:
    with LocalStack(tmp_path, services=()):
        with pytest.raises(state.StackBusy), LocalStack(tmp_path, services=()):
            pass
        assert set(recorded_processes(tmp_path)) == {"kafka", "mongo"}, "the second start must not end the first"
        with pytest.raises(state.StackBusy):
            LocalStack.down(tmp_path)


def test_a_detached_stack_is_found_refused_and_ended(tmp_path: Path) -> None:
    handles_sigterm = signal.getsignal(signal.SIGTERM)
    with LocalStack(tmp_path, services=()) as stack:
        stack.detach()
        bootstrap_servers = stack.kafka.bootstrap_servers
    assert signal.getsignal(signal.SIGTERM) is handles_sigterm
    found = LocalStack.load(tmp_path)
    assert found is not None
    assert found.bootstrap_servers == bootstrap_servers
    assert found.kafka_provider == "tansu"
    with pytest.raises(state.StackBusy, match="make down"), LocalStack(tmp_path, services=()):
        pass

    with pytest.raises(state.NotKept, match="in memory alone"):
        LocalStack.down(tmp_path)
    assert LocalStack.down(tmp_path, forget=True) == ["kafka", "mongo"]
    assert LocalStack.load(tmp_path) is None
    assert [start_mark(pid) for pid in found.processes.values()] == [None, None]


@pytest.mark.parametrize("written", ['{"kafka_rung": "tansu", "mongo_rung": "wheel"}', "[]", "", '{"kafka'])
def test_a_stack_that_older_code_left_is_named_and_ended(tmp_path: Path, written: str) -> None:
    (tmp_path / "stack.json").write_text(written)
    with pytest.raises(state.OlderStack, match="older code: `crm down` ends it"):
        LocalStack.load(tmp_path)
    with pytest.raises(state.OlderStack), LocalStack(tmp_path, services=()):
        pass
    LocalStack.down(tmp_path)
    assert LocalStack.load(tmp_path) is None


def test_a_detached_stack_that_lost_a_process_is_cleaned_up_by_the_next_start(tmp_path: Path) -> None:
    with LocalStack(tmp_path, services=()) as stack:
        left = stack.detach()
    os.kill(left.processes["mongo"], signal.SIGKILL)
    os.waitpid(left.processes["mongo"], 0)
    assert LocalStack.load(tmp_path) is None
    with LocalStack(tmp_path, services=()):
        assert start_mark(left.processes["kafka"]) is None


def test_a_stack_leaves_servers_that_it_was_given_alone(tmp_path: Path) -> None:
    with LocalStack(tmp_path / "outer", services=()) as outer:
        with LocalStack(tmp_path / "inner", services=(), kafka=outer.kafka, mongo=outer.mongo) as inner:
            assert inner.kafka is outer.kafka
        outer.kafka.wait_ready()
        outer.mongo.wait_ready()
