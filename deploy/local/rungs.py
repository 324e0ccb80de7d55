"""What the rungs of the ladder have in common: a rung is tried, says why it cannot be used, or is used.

The surprise: forcing a rung (`CRM_KAFKA=maven`) turns "cannot be used here" from a step down into an error.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

Server = TypeVar("Server")


class RungUnavailable(Exception):
    """This rung cannot be used on this machine; the message says why."""


class NotOurs(Exception):
    """The server was given to us: we neither kill nor restart it."""


@dataclass(frozen=True)
class Rung(Generic[Server]):
    """One way to come by a server; `check` raises `RungUnavailable`, `launch` starts without waiting."""

    check: Callable[[], None]
    launch: Callable[[Path], Server]


def choose(ladder: Mapping[str, Rung[Server]], variable: str) -> str:
    """The highest rung that can be used, or the one that the environment variable forces.

    Raises:
        RungUnavailable: there is none; every reason is named.
    """
    forced = os.environ.get(variable)
    if forced and forced not in ladder:
        raise RungUnavailable(f"{variable} is {forced!r}; the rungs are {', '.join(ladder)}")
    reasons = []
    for rung in [forced] if forced else ladder:
        try:
            ladder[rung].check()
        except RungUnavailable as error:
            reasons.append(f"{rung}: {error}")
        else:
            return rung
    raise RungUnavailable(f"no rung of {variable} can be used here: " + "; ".join(reasons))


def docker_answers() -> bool:
    """Whether a Docker engine answers; the client alone is no engine."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    try:
        asked = subprocess.run([docker, "info"], capture_output=True, timeout=10, check=False)
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


class Container:
    """A container that is found again by its record in `running/`, as a child process is."""

    def __init__(
        self, name: str, image: str, *, directory: Path, port: int, options: list[str], arguments: list[str]
    ) -> None:
        """`port` is published on the loopback address under the same number."""
        self.name = f"crm-{name}-{port}"
        self._image = image
        self._record = directory / "running" / f"{self.name}.container"
        self._options = ["--publish", f"127.0.0.1:{port}:{port}", *options]
        self._arguments = arguments

    def start(self) -> None:
        """Make and start it."""
        self._record.parent.mkdir(parents=True, exist_ok=True)
        self._record.write_text(self.name)
        _docker("run", "--detach", "--name", self.name, *self._options, self._image, *self._arguments)

    def kill(self) -> None:
        """SIGKILL; its data stays."""
        _docker("kill", self.name)

    def restart(self) -> None:
        """Start it again with the data it had."""
        _docker("start", self.name)

    def remove(self) -> None:
        """Stop it and forget its data."""
        _docker("rm", "--force", "--volumes", self.name)
        self._record.unlink(missing_ok=True)


def remove_containers(directory: Path) -> list[str]:
    """Remove the containers that a killed starter left; their names."""
    removed = []
    for record in sorted((directory / "running").glob("*.container")):
        if docker_answers():
            subprocess.run(["docker", "rm", "--force", "--volumes", record.stem], capture_output=True, check=False)  # noqa: S607
            removed.append(record.stem)
        record.unlink(missing_ok=True)
    return removed


def _docker(*arguments: str) -> None:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode:
        raise RungUnavailable(f"docker {arguments[0]}: {done.stderr.strip()}")
