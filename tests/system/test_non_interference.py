"""What a user may not read changes not one byte of what he is answered (PERM-01 to PERM-04, PERM-08, TL-12).

The CRM is of its own and has few records: among many, a page may end where its budget does (docs/security.md).
"""

import os
from collections.abc import AsyncIterator
from random import Random
from typing import Final
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.system.conftest import a_crm_of_its_own
from tests.system.crm import Crm
from tests.system.interference import SERVICES, answers, change_hidden, questions, write_world

CALLS: Final = int(os.environ.get("CRM_INTERFERENCE_CALLS", "500"))
LEVELS: Final = {
    "own": dict.fromkeys(("read", "add", "update", "delete", "export", "import"), "own"),
    "opened": dict.fromkeys(("read", "add", "update", "delete", "export", "import"), "opened"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crm(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Crm]:
    """A CRM that no other test has written to."""
    async with a_crm_of_its_own(tmp_path_factory.mktemp("non-interference")) as system:
        yield system


@pytest.mark.parametrize("level", LEVELS)
async def test_hidden_values_change_no_byte_of_any_answer(crm: Crm, level: str) -> None:
    user = f"x{uuid4().hex[:12]}"
    role = {"name": "Test", "user_ids": [user], "rights": [{"element": "*", "levels": LEVELS[level]}]}
    assert (await crm.call("PUT", "catalog", f"/roles/{user}", role)).is_success
    world = await write_world(crm, user=user)
    token = crm.stack.keys.token(user, roles=["user"], minutes=30)
    documents = {name: (await crm.http.get(f"{crm.services[name].url}/openapi.json")).json() for name in SERVICES}
    asked = questions(documents, world, Random(17), CALLS)
    assert len(asked) == CALLS

    await crm.settle()
    before = await answers(crm, token, asked)
    await change_hidden(crm, world)
    after = await answers(crm, token, asked)

    differing = [
        f"{question}\n  {one}\n  {other}"
        for question, one, other in zip(asked, before, after, strict=True)
        if one != other
    ]
    assert not differing, "\n".join(differing[:20])
    opened = [str(each) for each, (status, *_) in zip(asked, before, strict=True) if each.is_refused and status < 400]
    assert not opened, opened
    leaked = [str(each) for each, (*_, text) in zip(asked, after, strict=True) if "Vexed" in text]
    assert not leaked, leaked
    shown = sum(status == 200 for status, *_ in before)
    assert shown > CALLS // 4
