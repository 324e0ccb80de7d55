"""A server in a Docker container, where a Docker engine answers.

The container is found again by its record in `running/`, as a child process is.
"""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

import docker.models.containers
from docker.errors import DockerException, NotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from deploy.local.providers import ProviderUnavailable
from deploy.local.server import Server
from deploy.local.waiting import wait_until


def check_docker() -> None:
    """Check that a Docker engine answers.

    Raises:
        ProviderUnavailable: none does; the client alone is no engine.
    """
    if not _docker_answers():
        raise ProviderUnavailable("no Docker engine answers")


def _docker_answers() -> bool:
    try:
        client = docker.from_env(timeout=10)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except (DockerException, OSError):
        return False


class Container:
    """A container of testcontainers, without their reaper: it would remove a stack that `crm up` leaves running.

    The records do the reaper's work.
    """

    def __init__(
        self, name: str, image: str, *, directory: Path, port: int, environment: Mapping[str, str], command: list[str]
    ) -> None:
        """Publish `port` on the loopback address under the same number."""
        self.name = f"crm-{name}-{port}"
        self._record = directory / "running" / f"{self.name}.container"
        self._port = port
        self._image = image
        self._environment = dict(environment)
        self._command = command
        self._container: docker.models.containers.Container | None = None

    def start(self) -> None:
        """Create and start it, or start it again with the data it had, if this or an earlier process made it."""
        if self._container is None and self._record.exists():
            with contextlib.suppress(NotFound):
                self._container = docker.from_env().containers.get(self.name)
        if self._container is not None:
            self._container.start()
            return
        self._record.parent.mkdir(parents=True, exist_ok=True)
        self._record.write_text(self.name)
        testcontainers_config.ryuk_disabled = True
        made = DockerContainer(self._image).with_name(self.name).with_envs(**self._environment)
        if self._command:
            made.with_command(self._command)
        # `with_bind_ports` knows no address and would publish to the whole network.
        made.ports[f"{self._port}/tcp"] = ("127.0.0.1", self._port)  # type: ignore[assignment]  # docker takes a pair
        try:
            made.start()
        except DockerException as error:
            raise ProviderUnavailable(f"{self._image} does not start: {error}") from error
        self._container = made.get_wrapped_container()

    def wait_ready(self, ready: Callable[[], bool], deadline_s: float) -> None:
        """Call `ready` until it returns True.

        Raises:
            NotReady: the deadline passed.
        """
        wait_until(ready, f"the container {self.name}", deadline_s)

    def kill(self) -> None:
        """Send SIGKILL; its data stays."""
        self._running.kill()

    def terminate(self, deadline_s: float) -> None:
        """Send SIGTERM, and SIGKILL when the deadline has passed; its data stays."""
        self._running.stop(timeout=round(deadline_s))

    def pause(self) -> None:
        """Freeze it."""
        self._running.pause()

    def resume(self) -> None:
        """Continue a frozen container."""
        self._running.unpause()

    def remove(self) -> None:
        """Stop it and delete its data."""
        if self._container is not None:
            self._container.remove(force=True, v=True)
        self._record.unlink(missing_ok=True)

    @property
    def _running(self) -> "docker.models.containers.Container":
        if self._container is None:
            raise ProviderUnavailable(f"{self.name} was never started")
        return self._container


class ContainerServer(Server):
    """A server in a Docker container, with its data inside."""

    provider = "docker"
    runner: Container
    stop_deadline_s = 10.0

    def stop(self) -> None:
        self.runner.remove()


def end_containers(directory: Path, *, forget: bool) -> list[str]:
    """Stop the containers that another process left, remove them where they are to be forgotten; return their names."""
    records = sorted((directory / "running").glob("*.container"))
    if records and _docker_answers():
        client = docker.from_env()
        for record in records:
            with contextlib.suppress(NotFound):
                left = client.containers.get(record.stem)
                left.remove(force=True, v=True) if forget else left.stop()
        client.close()
    if forget:
        for record in records:
            record.unlink(missing_ok=True)
    return [record.stem for record in records]
