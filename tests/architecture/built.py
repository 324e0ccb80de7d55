"""Services as their composition roots put them together, which contacts nothing."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import FastAPI

from shared.kit.messaging.reactions import Reaction
from shared.kit.service.service import Service


@cache
def built_app(name: str) -> FastAPI:
    """The HTTP app of the service of this name."""
    with _signing_keys():
        app, _ = import_module(f"services.{name}.app").build()
    built: FastAPI = app
    return built


def built(name: str) -> Service:
    """The service of this name."""
    service: Service = built_app(name).state.service
    return service


def reactions_of(service: Service) -> Sequence[Reaction]:
    """What a service reacts with; nothing where it does not subscribe."""
    subscription = service.subscription
    found = {} if subscription is None else subscription._handler._reactions
    return [reaction for reactions in found.values() for reaction in reactions]


@contextmanager
def _signing_keys() -> Iterator[None]:
    """A file with no key in it: without one no service is built."""
    before = os.environ.get("CRM_JWKS_FILE")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "jwks.json"
        file.write_text('{"keys": []}')
        os.environ["CRM_JWKS_FILE"] = str(file)
        try:
            yield
        finally:
            os.environ.pop("CRM_JWKS_FILE")
            if before is not None:
                os.environ["CRM_JWKS_FILE"] = before
