"""A whole service as its composition root builds it, on the real MongoDB, called over HTTP in this process.

Kafka is away: no HTTP request needs it, and the events to publish stay in the documents, where tests read them.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from crm_contracts import registry
from crm_contracts.envelope import Envelope, Event
from fastapi import FastAPI

from deploy.local.mongo import Mongo
from deploy.local.ports import free_port
from shared.kit.settings import ServiceSettings
from shared.kit.storage.connection import Database, connect
from tests.builders.running import read_rights
from tests.kit.tokens import Signer

Build = Callable[[], tuple[FastAPI, ServiceSettings]]


@dataclass(frozen=True)
class Api:
    """The service's API and its database."""

    client: httpx.AsyncClient
    signer: Signer
    database: Database

    async def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = "", **headers: str
    ) -> httpx.Response:
        """Ask as a user; with `token=None` without authentication. `if_match="1"` sends `If-Match`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            named["authorization"] = f"Bearer {token or self.signer.token()}"
        return await self.client.request(method, path, json=body, headers=named)

    async def pending(self, collection: str, id_: str) -> list[Envelope[Event]]:
        """The events of a document, in order; none is ever published here."""
        document = await self.database.collection(collection).get(id_)
        assert document is not None
        parsed = [registry.parse(entry["headers"], entry["value"]) for entry in document["outbox"]]
        return [envelope for envelope in parsed if envelope is not None]


@asynccontextmanager
async def running(name: str, build: Build, mongo: Mongo, signer: Signer) -> AsyncIterator[Api]:
    """The service, on a database of its own."""
    prefix = f"test_{uuid4().hex[:8]}_"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MONGODB_URL", mongo.url)
        environment.setenv("KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{free_port()}")
        environment.setenv("CRM_DATABASE_PREFIX", prefix)
        environment.setenv("CRM_JWKS_FILE", str(signer.jwks_file))
        environment.setenv("CRM_SHUTDOWN_FLUSH_S", "0.1")
        environment.setenv("CRM_INITIAL_MODE", "classic")
        app, _ = build()
    database = connect(mongo.url, f"{prefix}{name}")
    await read_rights(database)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url=f"http://{name}/v1"
    )
    try:
        async with app.router.lifespan_context(app), client:
            yield Api(client, signer, database)
    finally:
        await database.drop()
        database.close()


def wrong_fields(answer: httpx.Response) -> set[str]:
    """The fields that a refusal names."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {wrong["field"] for wrong in answer.json()["errors"]}
