"""The timeline service, one for all of these tests; each tells of elements of its own.

Kafka is away: events are told by the reactions themselves, which write into the service's own collections.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest
from crm_contracts.envelope import Envelope, Event

from deploy.local.mongo import Mongo
from services.timeline.adapters.generations import Generations, LiveEntries
from services.timeline.app import build
from services.timeline.entrypoints.events import REACTIONS
from shared.kit.domain import Cause
from tests.catalog.running import Api, running
from tests.kit.tokens import Signer

Hear = Callable[..., Awaitable[None]]


@pytest.fixture(scope="module")
async def timeline(mongo: Mongo, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder: Path = tmp_path_factory.mktemp("keys")
    async with running("timeline", build, mongo, Signer(folder / "jwks.json")) as api:
        yield api


@pytest.fixture(scope="module")
def deliver(timeline: Api) -> Hear:
    """Let the service hear these events, all at once, as lanes of several partitions would."""
    entries = LiveEntries(Generations(timeline.database))

    async def heard(event: Envelope[Event]) -> None:
        cause = Cause(event.id, event.actor, event.time, event.correlation_id, event.id)
        await REACTIONS[type(event.data)](event, cause, entries=entries)

    async def all_heard(*events: Envelope[Event]) -> None:
        await asyncio.gather(*(heard(event) for event in events))

    return all_heard


@pytest.fixture
def one() -> str:
    """An id that no other test uses."""
    return f"x{uuid4().hex[:12]}"
