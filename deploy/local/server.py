"""A Kafka or MongoDB server of the local stack, whichever provider it comes from."""

from abc import ABC, abstractmethod
from typing import ClassVar, Final, NoReturn

from deploy.local.process import ChildProcess
from deploy.local.waiting import START_DEADLINE_S, wait_until

_EXTERNAL_DEADLINE_S: Final = 60.0


class NotOurs(Exception):
    """The server is external: it is neither killed nor restarted here."""


class Server(ABC):
    """What the stack and the tests may do with a server."""

    provider: str

    @property
    @abstractmethod
    def environment(self) -> dict[str, str]:
        """What a service needs to use it."""

    @abstractmethod
    def answers(self) -> bool:
        """Return whether it serves clients by now."""

    @abstractmethod
    def launch(self) -> None:
        """Start it, without waiting until it serves clients."""

    @abstractmethod
    def wait_ready(self) -> None:
        """Return when it serves clients."""

    @abstractmethod
    def kill(self) -> None:
        """Send SIGKILL; its data on disk stays."""

    @abstractmethod
    def shut_down(self) -> None:
        """Send SIGTERM, so that it ends in good order; its data on disk stays."""

    @abstractmethod
    def restart(self) -> None:
        """Start it again on the same port with the same data, and wait until it serves clients."""

    @abstractmethod
    def pause(self) -> None:
        """Freeze it: it keeps its connections and answers no request."""

    @abstractmethod
    def resume(self) -> None:
        """Let a frozen server continue."""

    @abstractmethod
    def stop(self) -> None:
        """End it for good."""


class ProcessServer(Server):
    """A server in a child process; its data is in the stack's directory."""

    process: ChildProcess
    stop_deadline_s: ClassVar[float] = 20.0

    def launch(self) -> None:
        self.process.start()

    def wait_ready(self) -> None:
        self.process.wait_ready(self.answers, START_DEADLINE_S)

    def kill(self) -> None:
        self.process.kill()

    def shut_down(self) -> None:
        self.process.terminate(self.stop_deadline_s)

    def restart(self) -> None:
        self.launch()
        self.wait_ready()

    def pause(self) -> None:
        self.process.pause()

    def resume(self) -> None:
        self.process.resume()

    def stop(self) -> None:
        self.process.terminate(self.stop_deadline_s)


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
