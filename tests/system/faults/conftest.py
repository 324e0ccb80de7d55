"""A site for faults, shared by the tests that break it: each leaves it whole."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.system.faults.site import Site, open_site


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(test_directory: Path) -> AsyncIterator[Site]:
    """Five services, three of them twice, on a Kafka and a MongoDB of their own."""
    async with open_site(test_directory / "faults") as site:
        yield site
