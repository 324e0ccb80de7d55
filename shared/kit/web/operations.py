"""HTTP API for operators, the same in every service: health, metrics, quarantined documents.

A service is ready without Kafka, since its events wait in their documents; 503 means that it cannot accept writes, or
that a view without which no user can be answered was not read yet.
`degraded` means that events are not published, or not handled.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.kit.domain import NotFound
from shared.kit.messaging.relay import Relay
from shared.kit.storage.connection import Database
from shared.kit.telemetry.metrics import READY
from shared.kit.web.call import needs
from shared.kit.web.routes import CheckedRoute, router
from shared.kit.web.schemas import Page

_PARTS: Final[dict[str, Any]] = {"model": dict[str, str], "description": "The part that refuses writes."}


def build_operations(
    service: str,
    *,
    database: Database,
    relay: Relay,
    reaches_kafka: Callable[[], bool],
    handles_events: Callable[[], bool],
    has_views: Callable[[], Awaitable[bool]],
) -> APIRouter:
    """Build the endpoints."""
    operations = APIRouter(tags=["operations"])

    @operations.get("/health/live", operation_id="checkLiveness", summary="Check that the process runs")
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    @operations.get(
        "/health/ready",
        operation_id="checkReadiness",
        summary="Check that writes are accepted",
        description="503 only where writes cannot be accepted.",
        responses={503: _PARTS},
    )
    async def ready(response: Response) -> dict[str, str]:
        parts = {
            "database": await _database(database),
            "kafka": "ok" if reaches_kafka() else "degraded",
            "backlog": "full" if relay.is_full else "ok",
            "consumer": "ok" if handles_events() else "stalled",
        }
        # It is asked last, since it waits for the database.
        has_all = parts["database"] == "ok" and await has_views()
        parts["views"] = "ok" if has_all else "unread"
        refusing = not has_all or parts["backlog"] != "ok"
        response.status_code = 503 if refusing else 200
        degraded = any(part != "ok" for part in parts.values())
        return {"status": "unavailable" if refusing else "degraded" if degraded else "ok", **parts}

    measured = APIRouter(route_class=CheckedRoute)

    @measured.get(
        "/metrics",
        operation_id="readMetrics",
        summary="Read Prometheus metrics",
        dependencies=[needs("metrics:read")],
        response_class=Response,
        responses={200: {"content": {CONTENT_TYPE_LATEST: {"schema": {"type": "string"}}}}},
    )
    async def metrics() -> Response:
        READY.labels("database").set(not database.is_away)
        READY.labels("kafka").set(reaches_kafka())
        READY.labels("backlog").set(not relay.is_full)
        READY.labels("consumer").set(handles_events())
        READY.labels("views").set(not database.is_away and await has_views())
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    operations.include_router(measured)
    operations.include_router(_outbox(service, relay))
    return operations


async def _database(database: Database) -> str:
    """Check the database: `ok`, or the name of its failure."""
    if database.is_away:
        return "away"
    try:
        async with asyncio.timeout(2):
            await database.check()
    except Exception as error:  # noqa: BLE001 - any error is an answer
        return type(error).__name__
    return "ok"


def _outbox(service: str, relay: Relay) -> APIRouter:
    admin = router()

    @admin.get("/outbox/quarantined", operation_id="listQuarantinedDocuments", dependencies=[needs(f"{service}:admin")])
    async def quarantined() -> Page[dict[str, str]]:
        """List documents whose events Kafka rejects."""
        return Page(items=await relay.quarantined())

    @admin.post(
        "/outbox/{collection}/{document_id}/release",
        operation_id="releaseQuarantinedDocument",
        status_code=204,
        dependencies=[needs(f"{service}:admin")],
    )
    async def release(collection: str, document_id: str) -> None:
        """Publish a quarantined document again, after its cause was removed."""
        if not await relay.release(collection, document_id):
            message = f"Nothing is kept back as {collection} {document_id}."
            raise NotFound(message)

    return admin
