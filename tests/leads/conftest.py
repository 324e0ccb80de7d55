"""The leads service, started once for the tests that speak HTTP with it."""

from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from deploy.local.mongo import Mongo
from services.leads.app import build
from tests.builders.running import Api, running
from tests.kit.topics import Record


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(
    mongo: Mongo, dictionaries: Sequence[Record], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Api]:
    async with running("leads", build, mongo, tmp_path_factory.mktemp("leads"), told=dictionaries) as api:
        yield api
