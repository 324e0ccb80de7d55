"""A Kafka or MongoDB server of the local stack, whichever provider it comes from."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Final, NoReturn, Protocol

from deploy.local.waiting import START_DEADLINE_S, wait_until

_EXTERNAL_DEADLINE_S: Final = 60.0


class NotOurs(Exception):
    """The server is external: it is neither killed nor restarted here."""


class Runner(Protocol):
    """What runs a server: a child process or a container."""

    def start(self) -> None: ...
    def wait_ready(self, ready: Callable[[], bool], deadline_s: float) -> None: ...
    def kill(self) -> None: ...
    def terminate(self, deadline_s: float) -> object: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


class Server(ABC):
    """What the stack and the tests may do with a server."""

    provider: str
    runner: Runner
    stop_deadline_s: ClassVar[float] = 20.0

    @property
    @abstractmethod
    def environment(self) -> dict[str, str]:
        """What a service needs to use it."""

    @abstractmethod
    def answers(self) -> bool:
        """Return whether it serves clients by now."""

    def launch(self) -> None:
        """Start it, without waiting until it serves clients."""
        self.runner.start()

    def wait_ready(self) -> None:
        """Return when it serves clients."""
        self.runner.wait_ready(self.answers, START_DEADLINE_S)

    def kill(self) -> None:
        """Send SIGKILL; its data on disk stays."""
        self.runner.kill()

    def shut_down(self) -> None:
        """Send SIGTERM, so that it ends in good order; its data on disk stays."""
        self.runner.terminate(self.stop_deadline_s)

    def restart(self) -> None:
        """Start it again on the same port with the same data, and wait until it serves clients."""
        self.launch()
        self.wait_ready()

    def pause(self) -> None:
        """Freeze it: it keeps its connections and answers no request."""
        self.runner.pause()

    def resume(self) -> None:
        """Continue it after a pause."""
        self.runner.resume()

    def stop(self) -> None:
        """End it for good."""
        self.shut_down()


class ExternalServer(Server):
    """A server that runs already; it is neither started nor stopped here."""

    provider = "given"
    variable: ClassVar[str]
    """The environment variable that names it."""

    def launch(self) -> None:
        """Do nothing: it runs."""

    def wait_ready(self) -> None:
        wait_until(self.answers, f"the server named by {self.variable}", _EXTERNAL_DEADLINE_S)

    def kill(self) -> NoReturn:
        raise NotOurs(self.variable)

    def shut_down(self) -> NoReturn:
        raise NotOurs(self.variable)

    def restart(self) -> NoReturn:
        raise NotOurs(self.variable)

    def pause(self) -> NoReturn:
        raise NotOurs(self.variable)

    def resume(self) -> NoReturn:
        raise NotOurs(self.variable)

    def stop(self) -> None:
        """Do nothing: it continues to run."""
