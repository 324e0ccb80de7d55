"""A revision is made runnable beside the present one: its own sources, its own environment, and nothing handed down."""

import subprocess
from pathlib import Path

import pytest

from benchmarks.checkouts import NoSuchRevision, checkout, environment, present
from deploy.local.services import ROOT

SETUP = "setup:\n\t@mkdir -p .venv/bin && cp version.txt .venv/bin/python && echo made >> .venv/made\n"


def git(folder: Path, *arguments: str) -> str:
    by = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    done = subprocess.run(
        ["git", *by, *arguments], cwd=folder, env=environment(), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits; `make setup` stands for the one that takes a network and half a minute."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "Makefile").write_text(SETUP)
    for version in ("one", "two"):
        (folder / "version.txt").write_text(version)
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "--message", version)
    return folder


def quiet(_: str) -> None:
    pass


def test_a_revision_gets_its_own_sources_and_environment(repository: Path, tmp_path: Path) -> None:
    found = checkout("HEAD~1", repository=repository, folder=tmp_path / "revisions", say=quiet)
    assert found.commit == git(repository, "rev-parse", "HEAD~1")[:7]
    assert (found.root / "version.txt").read_text() == "one"
    assert found.python.read_text() == "one"
    assert found.crm == found.root / ".venv" / "bin" / "crm"
    assert (repository / "version.txt").read_text() == "two"


def test_a_revision_is_made_once_and_brought_up_to_date_each_time(repository: Path, tmp_path: Path) -> None:
    for _ in range(2):
        found = checkout("HEAD~1", repository=repository, folder=tmp_path / "revisions", say=quiet)
    assert (found.root / ".venv" / "made").read_text() == "made\n" * 2
    assert len(git(repository, "worktree", "list").splitlines()) == 2


def test_a_worktree_that_was_deleted_by_hand_is_made_again(repository: Path, tmp_path: Path) -> None:
    folder = tmp_path / "revisions"
    found = checkout("HEAD~1", repository=repository, folder=folder, say=quiet)
    found.root.rename(tmp_path / "elsewhere")
    assert checkout("HEAD~1", repository=repository, folder=folder, say=quiet).root.exists()


@pytest.mark.parametrize("revision", ["0000000", "--help", ""])
def test_a_revision_that_is_not_there_is_named(repository: Path, tmp_path: Path, revision: str) -> None:
    with pytest.raises(NoSuchRevision, match="rev-parse"):
        checkout(revision, repository=repository, folder=tmp_path / "revisions", say=quiet)


def test_an_environment_that_cannot_be_made_says_why(repository: Path, tmp_path: Path) -> None:
    (repository / "Makefile").write_text("setup:\n\t@echo no network >&2; exit 3\n")
    git(repository, "commit", "--quiet", "--all", "--message", "three")
    with pytest.raises(NoSuchRevision, match="no network"):
        checkout("HEAD", repository=repository, folder=tmp_path / "revisions", say=quiet)


def test_nothing_that_leads_back_to_this_environment_is_handed_down() -> None:
    given = {"PATH": "/bin", "PYTHONPATH": "/here", "VIRTUAL_ENV": "/here/.venv", "MAKEFLAGS": "PYTHON=x"}
    assert environment(given) == {"PATH": "/bin"}


def test_the_present_sources_are_those_of_this_process() -> None:
    found = present()
    assert found.root == ROOT
    assert found.python.exists()
    assert found.commit.rstrip("+") == git(ROOT, "rev-parse", "--short=7", "HEAD")
