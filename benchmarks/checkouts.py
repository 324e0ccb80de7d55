"""Make a revision of this repository runnable: a git worktree of it with an environment of its own, from its own lock.

Both stay in `.local/revisions`, named by the commit, so that only the first comparison with a revision pays for them.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local import state
from deploy.local.services import ROOT

# What `make` and an activated environment hand down would make the wrong tree, or the wrong environment in it.
_NOT_HANDED_DOWN: Final = (
    *("MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"),
    *("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "CRM_LOCAL_DIR"),
)
_SHORT: Final = 7


class NoSuchRevision(Exception):
    """Git knows no such commit here, or its environment could not be made; the message ends with what was said."""


@dataclass(frozen=True)
class Checkout:
    """The sources of a revision, and the interpreter of its environment."""

    root: Path
    python: Path
    commit: str
    """Abbreviated, with `+` behind it where there are changes that are not committed."""

    @property
    def crm(self) -> Path:
        """The operator's command of this revision."""
        return self.python.with_name("crm")


def present() -> Checkout:
    """Return the sources that this process runs from, with what is not committed yet."""
    changed = _git(ROOT, "status", "--porcelain", "--untracked-files=no")
    commit = _git(ROOT, "rev-parse", f"--short={_SHORT}", "HEAD")
    return Checkout(ROOT, Path(sys.executable), f"{commit}+" if changed else commit)


def checkout(
    revision: str, *, repository: Path = ROOT, folder: Path | None = None, say: Callable[[str], None] = print
) -> Checkout:
    """Return the worktree of a revision, made if it is not there, with its environment brought up to date.

    Raises:
        NoSuchRevision: git does not know it, or its environment cannot be made.
    """
    commit = _git(repository, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    root = (folder or state.local_directory() / "revisions") / commit[:12]
    if not (root / ".git").exists():
        say(f"Making a worktree of {revision} in {root}")
        root.parent.mkdir(parents=True, exist_ok=True)
        _git(repository, "worktree", "prune")
        _git(repository, "worktree", "add", "--quiet", "--force", "--detach", str(root), commit)
    say(f"Making the environment of {revision}, unless it is there")
    _run(["make", "--silent", "setup", f"PYTHON={sys.executable}"], root)
    return Checkout(root, root / ".venv" / "bin" / "python", commit[:_SHORT])


def environment(given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment variables for a process of another revision: nothing that leads back to this one."""
    return {name: value for name, value in given.items() if name not in _NOT_HANDED_DOWN}


def _git(repository: Path, *arguments: str) -> str:
    return _run(["git", *arguments], repository)


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoSuchRevision(f"{' '.join(command)} in {folder}: {(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()
