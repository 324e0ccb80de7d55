"""The view of dictionaries: in memory for a moment, and current as soon as its own process stores an event."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts.dictionaries import DictionaryValue, DictionaryValueDeleted
from crm_contracts.leads import LeadFields
from crm_contracts.values import ElementRef

from deploy.local.mongo import Mongo
from shared.elements.store.reference import Reference
from shared.kit.storage import kept
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import connect


@pytest_asyncio.fixture(loop_scope="session")
async def stored(mongo: Mongo) -> AsyncIterator[Collection]:
    database = connect(mongo.url, f"reference_{uuid4().hex[:12]}")
    yield database.collection("dictionaries")
    await database.drop()
    database.close()


def only(code: str) -> DictionaryValueDeleted:
    before = DictionaryValue(code="OTHER", name="Other", default_name="Other")
    return DictionaryValueDeleted(dictionary=ElementRef(type="dictionary", id="source"), before=before, codes=(code,))


async def test_codes_are_kept_in_memory_for_a_moment_and_never_longer(
    stored: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DICT-01."""
    moment = 100.0
    monkeypatch.setattr(kept, "FRESH_S", 0.5)
    monkeypatch.setattr(kept, "monotonic", lambda: moment)
    here, other_replica = Reference(stored), Reference(stored)

    async def known() -> list[str]:
        return list((await here.codes(LeadFields)).known["source"])

    await here.apply(only("WEB"), sequence=1)
    assert await known() == ["WEB"]
    await other_replica.apply(only("CALL"), sequence=2)
    assert await known() == ["WEB"]
    moment += 0.5
    assert await known() == ["CALL"]
    await here.apply(only("FAIR"), sequence=3)
    assert await known() == ["FAIR"], "what this process stored is known to it at once"
