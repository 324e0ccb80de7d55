"""The catalog service, one for all of these tests; each makes products of its own."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.mongo import Mongo
from services.catalog.app import build
from tests.catalog.running import Api, running
from tests.kit.tokens import Signer


@pytest.fixture(scope="module")
async def catalog(mongo: Mongo, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder: Path = tmp_path_factory.mktemp("keys")
    async with running("catalog", build, mongo, Signer(folder / "jwks.json")) as api:
        yield api


@pytest.fixture
def name() -> str:
    """A name, an external id or a catalog that no other test uses."""
    return f"x{uuid4().hex[:12]}"
