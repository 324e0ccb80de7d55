"""What operators and their tools ask every service: health, metrics, and what the relay keeps back.

The surprise: a service is ready without Kafka. Its events wait in their documents; only where writes cannot be accepted
is the answer 503.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.kit.domain import NotFound
from shared.kit.messaging.outbox import Relay
from shared.kit.storage.connection import Database
from shared.kit.telemetry.metrics import READY
from shared.kit.web.call import reads, writes
from shared.kit.web.routes import router

_PARTS: Final[dict[str, Any]] = {"model": dict[str, str], "description": "Which part refuses writes."}


def build_operations(service: str, *, database: Database, relay: Relay, reaches_kafka: Callable[[], bool]) -> APIRouter:
    """The routes that are the same in every service."""
    operations = APIRouter(tags=["operations"])

    @operations.get("/health/live", summary="The process runs")
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    @operations.get("/health/ready", summary="503 only where writes cannot be accepted", responses={503: _PARTS})
    async def ready(response: Response) -> dict[str, str]:
        parts = {
            "database": await _database(database),
            "kafka": "ok" if reaches_kafka() else "degraded",
            "backlog": "full" if relay.is_full else "ok",
        }
        refusing = parts["database"] != "ok" or parts["backlog"] != "ok"
        response.status_code = 503 if refusing else 200
        return {"status": "unavailable" if refusing else parts["kafka"], **parts}

    @operations.get(
        "/metrics",
        summary="Prometheus metrics",
        dependencies=[reads("metrics:read")],
        response_class=Response,
        responses={200: {"content": {CONTENT_TYPE_LATEST: {"schema": {"type": "string"}}}}},
    )
    async def metrics() -> Response:
        READY.labels("database").set(not database.is_away)
        READY.labels("kafka").set(reaches_kafka())
        READY.labels("backlog").set(not relay.is_full)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    operations.include_router(_outbox(service, relay))
    return operations


async def _database(database: Database) -> str:
    """`ok`, or what is wrong with it."""
    if database.is_away:
        return "away"
    try:
        async with asyncio.timeout(2):
            await database.check()
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is that it is away
        return type(error).__name__
    return "ok"


def _outbox(service: str, relay: Relay) -> APIRouter:
    admin = router()

    @admin.get("/outbox/quarantined", dependencies=[reads(f"{service}:admin")])
    async def quarantined() -> list[dict[str, str]]:
        """Documents whose event Kafka refuses, and which are kept back therefore."""
        return await relay.quarantined()

    @admin.post("/outbox/{collection}/{id}/release", status_code=204, dependencies=[writes(f"{service}:admin")])
    async def release(collection: str, id: str) -> None:  # noqa: A002
        """Let a quarantined document be published again, once the cause is gone."""
        if not await relay.release(collection, id):
            message = f"Nothing is kept back as {collection} {id}."
            raise NotFound(message)

    return admin
