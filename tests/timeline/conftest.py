"""The timeline service, one for all of these tests; each uses elements of its own.

Kafka is away: the reactions are called directly, and write into the service's own collections.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest
from crm_contracts.envelope import Envelope, Event

from deploy.local.mongo import Mongo
from services.timeline.access.store import ACCESSED, AccessedElements
from services.timeline.app import build
from services.timeline.entry.events import reactions
from services.timeline.entry.store.live import LiveEntries
from services.timeline.entry.store.versions import ProjectionVersions
from shared.elements.store.rights import RightsOfUsers
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import by_event
from tests.catalog.running import Api, running
from tests.kit.tokens import Signer

Deliver = Callable[..., Awaitable[None]]


@pytest.fixture(scope="module")
async def timeline(mongo: Mongo, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder: Path = tmp_path_factory.mktemp("keys")
    async with running("timeline", build, mongo, Signer(folder / "jwks.json")) as api:
        yield api


@pytest.fixture(scope="module")
def deliver(timeline: Api) -> Deliver:
    """Deliver events to the service, all at once, as lanes of several partitions would."""
    entries = LiveEntries(ProjectionVersions(timeline.database))
    rights = RightsOfUsers.open(timeline.database.collection)
    accessed = AccessedElements(timeline.database.collection(ACCESSED))
    by_type = by_event(reactions(entries=entries, rights=rights, accessed=accessed))

    async def handle(event: Envelope[Event]) -> None:
        cause = Cause(event.id, event.actor, event.time, event.correlation_id, event.id)
        for reaction in by_type[type(event.data)]:
            await reaction.handle(event, cause)

    async def handle_all(*events: Envelope[Event]) -> None:
        await asyncio.gather(*(handle(event) for event in events))

    return handle_all


@pytest.fixture
def one() -> str:
    """An id that no other test uses."""
    return f"x{uuid4().hex[:12]}"
