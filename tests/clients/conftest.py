"""One database for all use cases, one running service for all of HTTP: each test has names and numbers of its own."""

from collections.abc import AsyncIterator, Sequence
from itertools import count
from uuid import uuid4

import pytest
import pytest_asyncio

from deploy.local.mongo import Mongo
from services.clients.app import build
from services.clients.conversion.store import CLAIM_INDEXES
from services.clients.records.store.collections import COMPANY_INDEXES, CONTACT_INDEXES
from shared.kit.storage.connection import connect
from tests.builders.running import Api, running
from tests.clients.office import Office
from tests.kit.topics import Record

SERIAL = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def office(mongo: Mongo) -> AsyncIterator[Office]:
    database = connect(mongo.url, f"clients_{uuid4().hex[:12]}")
    for name, indexes in (("contacts", CONTACT_INDEXES), ("companies", COMPANY_INDEXES), ("claims", CLAIM_INDEXES)):
        await database.collection(name).ensure(indexes)
    yield Office(database)
    await database.drop()
    database.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(
    mongo: Mongo, dictionaries: Sequence[Record], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Api]:
    """The clients service, started once for the tests that speak HTTP with it."""
    async with running("clients", build, mongo, tmp_path_factory.mktemp("clients"), told=dictionaries) as api:
        yield api


@pytest.fixture
def name() -> str:
    """A lead of this test alone; its phone and e-mail follow from it."""
    return f"lead-{next(SERIAL)}"
