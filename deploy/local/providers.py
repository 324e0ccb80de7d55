"""What the rungs of the ladder have in common: a rung is tried, says why it cannot be used, or is used.

The surprise: forcing a rung (`CRM_KAFKA=maven`) turns "cannot be used here" from a step down into an error.
"""

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import docker
import docker.models.containers
from docker.errors import DockerException, NotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

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
    try:
        client = docker.from_env(timeout=10)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except (DockerException, OSError):
        return False


class Container:
    """A container of testcontainers that is found again by its record in `running/`, as a child process is.

    Testcontainers' reaper stays out: it would remove a stack that `crm up` leaves running. The records do its work.
    """

    def __init__(
        self, name: str, image: str, *, directory: Path, port: int, environment: Mapping[str, str], command: list[str]
    ) -> None:
        """`port` is published on the loopback address under the same number."""
        self.name = f"crm-{name}-{port}"
        self._record = directory / "running" / f"{self.name}.container"
        self._port = port
        self._image = image
        self._environment = dict(environment)
        self._command = command
        self._made: DockerContainer | None = None

    def start(self) -> None:
        """Make and start it."""
        self._record.parent.mkdir(parents=True, exist_ok=True)
        self._record.write_text(self.name)
        testcontainers_config.ryuk_disabled = True
        made = DockerContainer(self._image).with_name(self.name).with_envs(**self._environment)
        if self._command:
            made.with_command(self._command)
        # `with_bind_ports` knows no address and would publish to the whole network.
        made.ports[f"{self._port}/tcp"] = ("127.0.0.1", self._port)  # type: ignore[assignment]  # docker takes a pair
        self._made = made
        try:
            made.start()
        except DockerException as error:
            raise RungUnavailable(f"{self._image} does not start: {error}") from error

    def kill(self) -> None:
        """SIGKILL; its data stays."""
        self._running.kill()

    def shut_down(self) -> None:
        """SIGTERM, and SIGKILL after a while; its data stays."""
        self._running.stop()

    def pause(self) -> None:
        """Freeze it."""
        self._running.pause()

    def resume(self) -> None:
        """Let it go on."""
        self._running.unpause()

    def restart(self) -> None:
        """Start it again with the data it had."""
        self._running.start()

    def remove(self) -> None:
        """Stop it and forget its data."""
        if self._made is not None:
            self._made.stop(force=True, delete_volume=True)
        self._record.unlink(missing_ok=True)

    @property
    def _running(self) -> "docker.models.containers.Container":
        if self._made is None:
            raise RungUnavailable(f"{self.name} was never started")
        return self._made.get_wrapped_container()


def remove_containers(directory: Path) -> list[str]:
    """Remove the containers that a killed starter left; their names."""
    records = sorted((directory / "running").glob("*.container"))
    if records and docker_answers():
        client = docker.from_env()
        for record in records:
            with contextlib.suppress(NotFound):
                client.containers.get(record.stem).remove(force=True, v=True)
        client.close()
    for record in records:
        record.unlink(missing_ok=True)
    return [record.stem for record in records]
