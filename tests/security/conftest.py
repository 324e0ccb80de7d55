"""All five services as their composition roots build them, and every command that they send to MongoDB."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

import httpx
import pytest
from bson import Code, Regex
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pymongo import monitoring

from deploy.local.mongo import Mongo
from deploy.local.services import SERVICES
from tests.catalog.running import Api, running
from tests.kit.tokens import Signer

_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


class Commands(monitoring.CommandListener):
    """What the driver sent while somebody listened."""

    def __init__(self) -> None:
        self.sent: list[Mapping[str, Any]] = []
        self.listening = False

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if self.listening:
            self.sent.append(event.command)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...

    def names(self) -> set[str]:
        """The names of all fields and operators, however deep."""
        return {key for command in self.sent for key, _ in _entries(command)}

    def code(self) -> list[Any]:
        """Patterns and scripts among the values: nothing that we send is any, but for the beginning of a plain text."""
        values = [value for command in self.sent for _, value in _entries(command)]
        found = [value for value in values if isinstance(value, (Regex, Code, re.Pattern))]
        return [value for value in found if not (isinstance(value, Regex) and _is_beginning(value))]


def _is_beginning(value: Regex[str]) -> bool:
    """Whether a pattern is a text alone, in which no character means anything else, at the beginning."""
    text = re.sub(r"\\(.)", r"\1", value.pattern.removeprefix("^"))
    return value.pattern == "^" + re.escape(text) and not value.flags


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key, inner
            yield from _entries(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield "", inner
            yield from _entries(inner)


_COMMANDS: Final = Commands()
# Only clients that are made from now on tell it, and there is no way back; hence it has to be told to listen.
monitoring.register(_COMMANDS)


@dataclass(frozen=True)
class Operation:
    """One thing that a service can be asked, as its routes say."""

    service: str
    method: str
    path: str
    parameters: tuple[Mapping[str, Any], ...] = field(compare=False, default=())

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def address(self) -> str:
        """Its path with something in every place."""
        return re.sub(r"\{[^}]*\}", "x", self.path)


class System:
    """The services, and one signer whom all of them trust."""

    def __init__(self, apis: Mapping[str, Api], apps: Mapping[str, FastAPI], signer: Signer) -> None:
        self.apis, self.apps, self.signer = apis, apps, signer

    def operations(self, service: str) -> list[Operation]:
        """All routes but static files, whether OpenAPI shows them or not."""
        described = self.apps[service].openapi()["paths"]
        found: list[Operation] = []
        for route in iter_route_contexts(self.apps[service].routes):
            path = str(route.path).replace(":path}", "}")
            for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
                parameters = described.get(path, {}).get(method.lower(), {}).get("parameters", ())
                found.append(Operation(service, method, path, tuple(parameters)))
        return found

    async def ask(self, operation: Operation, authorization: str | None) -> httpx.Response:
        headers = {} if authorization is None else {"authorization": authorization}
        body: dict[str, Any] = {"json": {}} if operation.method in _BODY else {}
        address = f"http://{operation.service}{operation.address}"
        return await self.apis[operation.service].client.request(operation.method, address, headers=headers, **body)


@pytest.fixture(scope="module")
async def system(mongo: Mongo, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    signer, apps = Signer(tmp_path_factory.mktemp("keys") / "jwks.json"), dict[str, FastAPI]()
    async with AsyncExitStack() as stack:
        apis = {}
        for name in SERVICES:

            def build(name: str = name) -> Any:
                app, settings = import_module(f"services.{name}.app").build()
                apps[name] = app
                return app, settings

            apis[name] = await stack.enter_async_context(running(name, build, mongo, signer))
        yield System(apis, apps, signer)


@pytest.fixture
def commands() -> Iterator[Commands]:
    """Listens during a test."""
    _COMMANDS.sent.clear()
    _COMMANDS.listening = True
    yield _COMMANDS
    _COMMANDS.listening = False
