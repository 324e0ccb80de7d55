"""Children are ended, found again, and never mistaken for another process."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.process import ChildProcess, NotReady, recorded_processes, start_mark, stop_leftovers
from tests.deadlines import DEADLINE_S

SLEEPER = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(600)"]
LARGE = [
    sys.executable,
    "-c",
    "import time; held = bytearray(b'x') * 2**28; print('here', flush=True); time.sleep(600)",
]
"""It takes a while to end, and has no environment any more meanwhile."""
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('here', flush=True); time.sleep(600)",
]


def child(directory: Path, command: list[str] = SLEEPER) -> ChildProcess:
    process = ChildProcess("child", command, directory=directory)
    process.start()
    process.wait_ready(lambda: "here" in process.log.read_text(), DEADLINE_S)
    return process


def test_a_killed_child_is_gone_and_off_the_record(tmp_path: Path) -> None:
    process = child(tmp_path)
    assert recorded_processes(tmp_path) == {"child": process.pid}
    process.kill()
    assert not process.running
    assert start_mark(process.pid) is None
    assert recorded_processes(tmp_path) == {}


def test_a_child_that_ignores_sigterm_is_killed_at_the_deadline(tmp_path: Path) -> None:
    process = child(tmp_path, DEAF)
    assert not process.terminate(deadline_s=0.2)
    assert not process.running


def test_a_paused_child_can_be_terminated(tmp_path: Path) -> None:
    process = child(tmp_path)
    process.pause()
    assert process.terminate(deadline_s=DEADLINE_S)
    assert process._process is not None
    assert process._process.returncode == -signal.SIGTERM


def test_a_paused_child_goes_on_when_resumed(tmp_path: Path) -> None:
    process = child(tmp_path)
    process.pause()
    process.wait_ready(lambda: state_of(process.pid) == "T", DEADLINE_S)
    process.resume()
    process.wait_ready(lambda: state_of(process.pid) != "T", DEADLINE_S)
    process.kill()


def test_a_child_starts_again_after_it_was_killed(tmp_path: Path) -> None:
    process = child(tmp_path)
    first = process.pid
    process.kill()
    process.start()
    assert process.running
    assert process.pid != first
    process.kill()


def test_a_child_that_ends_early_shows_its_log(tmp_path: Path) -> None:
    process = ChildProcess("child", [sys.executable, "-c", "raise SystemExit('no room')"], directory=tmp_path)
    process.start()
    with pytest.raises(NotReady, match=r"(?s)ended with code 1.*no room"):
        process.wait_ready(lambda: False, DEADLINE_S)


def test_a_child_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    process = child(tmp_path)
    with pytest.raises(NotReady, match="not ready after 0 s"):
        process.wait_ready(lambda: False, 0.1)
    process.kill()


def test_the_children_of_a_killed_starter_are_ended_by_the_next(tmp_path: Path) -> None:
    starter = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import time; from pathlib import Path; from deploy.local.process import ChildProcess\n"
                f"ChildProcess('orphan', {SLEEPER!r}, directory=Path({str(tmp_path)!r})).start()\n"
                "print('started', flush=True); time.sleep(600)"
            ),
        ],
        stdout=subprocess.PIPE,
    )
    assert starter.stdout is not None
    assert starter.stdout.readline() == b"started\n"
    starter.kill()
    starter.wait()
    starter.stdout.close()
    (orphan,) = recorded_processes(tmp_path).values()

    assert stop_leftovers(tmp_path) == ["orphan"]
    assert start_mark(orphan) is None
    assert stop_leftovers(tmp_path) == []


def test_a_process_that_only_has_the_recorded_pid_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEPER, stdout=subprocess.DEVNULL, start_new_session=True) as stranger:
        (tmp_path / "running").mkdir()
        record = {"pid": stranger.pid, "started": "another boot:1", "command": SLEEPER[0]}
        (tmp_path / "running" / "child.json").write_text(json.dumps(record))

        assert stop_leftovers(tmp_path) == []
        assert stranger.poll() is None
        stranger.kill()


def test_a_child_that_was_not_written_down_is_ended_by_the_next_start_in_its_directory_alone(tmp_path: Path) -> None:
    """Its starter was killed in between."""
    process = child(tmp_path / "one")
    (tmp_path / "one" / "running" / "child.json").unlink()

    assert stop_leftovers(tmp_path) == stop_leftovers(tmp_path / "two") == []
    assert process.running
    assert stop_leftovers(tmp_path / "one") == [f"process {process.pid}"]
    assert start_mark(process.pid) is None


def test_a_child_that_takes_a_while_to_end_is_waited_for(tmp_path: Path) -> None:
    process = child(tmp_path, LARGE)
    (tmp_path / "running" / "child.json").unlink()
    assert stop_leftovers(tmp_path) == [f"process {process.pid}"]
    assert start_mark(process.pid) is None


def test_a_record_cut_short_by_a_crash_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "running").mkdir()
    (tmp_path / "running" / "half.json").write_text('{"pid": 1')
    assert stop_leftovers(tmp_path) == []


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
