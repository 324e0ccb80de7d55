"""An installation whose timeline was stored with a document for each event and element is updated (0047).

The topics and the group are those of the service, on the real Kafka: its group has passed all of the events before.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from crm_contracts.timeline import TimelineEntryBound
from fastapi import FastAPI
from pymongo import MongoClient

from deploy.local.kafka import Kafka
from deploy.local.mongo import Mongo
from services.timeline.app import build
from services.timeline.entry.store.versions import EARLIER, POINTERS, ProjectionVersions
from shared.kit.settings import ServiceSettings
from shared.kit.storage.connection import Database, connect
from shared.kit.storage.documents import Document
from tests.builders.passed import passed
from tests.builders.running import Api, read_rights, running
from tests.kit.waiting import eventually
from tests.stack import DropLater
from tests.timeline.events import contacts_attached, lead_renamed, ref, said

pytestmark = pytest.mark.real_kafka

GROUP = "timeline.reactions"
POINTER = {"_id": EARLIER, "live": 2, "next": None, "last": 3}


@pytest.fixture
async def database(mongo: Mongo, drop_later: DropLater) -> AsyncIterator[Database]:
    database = connect(mongo.url, f"test_{uuid4().hex[:8]}_timeline")
    yield database
    drop_later(database.name)
    database.close()


async def test_at_first_there_is_nothing_of_an_earlier_form(database: Database) -> None:
    versions = ProjectionVersions(database)
    await versions.ensure_live()
    assert ((await versions.pointer()).live, await versions.has_earlier()) == (1, False)


async def test_both_forms_are_kept_apart(database: Database) -> None:
    """Replicas of both run beside one another while a new version is rolled out, and either may rebuild its own."""
    pointers = database.collection(POINTERS)
    await pointers.insert(dict(POINTER))
    replicas = [ProjectionVersions(database) for _ in range(5)]
    await asyncio.gather(*(replica.ensure_live() for replica in replicas))
    (number,) = {(await replica.pointer()).live for replica in replicas}
    earlier = await pointers.get(EARLIER)
    assert earlier is not None
    assert (earlier["live"], earlier["next"]) == (2, None)
    assert 3 < number <= earlier["last"]
    assert await replicas[0].has_earlier()
    await replicas[0].ensure_live()
    assert await pointers.get(EARLIER) == earlier


async def test_what_was_projected_in_the_earlier_form_is_read_again_from_the_topics(
    kafka: Kafka, mongo: Mongo, tmp_path: Path
) -> None:
    """TL-11: entries and what was bound by hand; the former documents stay for replicas that are not updated yet."""
    one = f"x{uuid4().hex[:12]}"
    event, attached = lead_renamed(one, subject=one), contacts_attached(one, "ada", seconds=1, subject=one)
    bound = TimelineEntryBound(entry_event_id=event.id, element=ref(f"deal:{one}"))
    await passed(kafka, GROUP, [said(bound, seconds=2, source="/crm/timeline", subject=one), event, attached])
    former = {"_id": f"{event.id}:lead:{one}", "event_id": event.id, "element": {"type": "lead", "id": one}}

    def build_beside() -> tuple[FastAPI, ServiceSettings]:
        app, settings = build()
        with MongoClient[Document](mongo.url) as client:
            stored = client[f"{settings.database_prefix}timeline"]
            stored[POINTERS].insert_one({**POINTER, "live": 1})
            stored["entries"].insert_one(dict(former))
        return app, settings

    async with running("timeline", build_beside, mongo, tmp_path, kafka=kafka.environment) as timeline:
        await read_rights(timeline.database)

        async def has_all() -> bool:
            found = await _events(timeline, f"deal:{one}")
            return {event.id, attached.id} <= found and event.id in await _events(timeline, f"lead:{one}")

        await eventually(has_all, "the timeline is filled")
        assert await timeline.database.collection("entries").find({}) == [former]


async def _events(timeline: Api, element: str) -> set[str]:
    return {entry["event_id"] for entry in (await timeline.read(f"/timeline?element={element}"))["items"]}
