"""The providers of a server, in order of preference: the first that can be used on this machine is used.

An environment variable may force one (`CRM_KAFKA=maven`); if that one cannot be used, it is an error.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from deploy.local.server import Server

S = TypeVar("S", bound=Server)
S_co = TypeVar("S_co", bound=Server, covariant=True)


class ProviderUnavailable(Exception):
    """This provider cannot be used on this machine; the message gives the reason."""


@dataclass(frozen=True)
class Provider(Generic[S_co]):
    """One way to get a server; `check` raises `ProviderUnavailable`, `make` makes one with its data in a directory."""

    check: Callable[[], None]
    make: Callable[[Path], S_co]


@dataclass(frozen=True)
class ProviderOrder(Generic[S]):
    """Providers by name, the preferred one first, and the environment variable that forces one."""

    variable: str
    providers: Mapping[str, Provider[S]]

    def choose(self) -> str:
        """Return the name of the first provider that can be used, or of the forced one.

        Raises:
            ProviderUnavailable: none can be used, or not the forced one; every reason is given.
        """
        forced = os.environ.get(self.variable)
        if forced and forced not in self.providers:
            raise ProviderUnavailable(f"{self.variable} is {forced!r}; the providers are {', '.join(self.providers)}")
        reasons = []
        for name in [forced] if forced else self.providers:
            try:
                self.providers[name].check()
            except ProviderUnavailable as error:
                reasons.append(f"{name}: {error}")
            else:
                return name
        raise ProviderUnavailable(f"no provider of {self.variable} can be used here: " + "; ".join(reasons))

    def launch(self, directory: Path) -> S:
        """Start a server of the chosen provider, without waiting until it serves clients."""
        server = self.providers[self.choose()].make(directory)
        server.launch()
        return server

    def start(self, directory: Path) -> S:
        """Start a server with its data and log in `directory`, and wait until it serves clients."""
        server = self.launch(directory)
        try:
            server.wait_ready()
        except BaseException:
            server.stop()
            raise
        return server


def check_variable(name: str) -> None:
    """Check that an environment variable names an external server.

    Raises:
        ProviderUnavailable: it is not set.
    """
    if not os.environ.get(name):
        raise ProviderUnavailable(f"{name} is not set")
