"""Changed roles and departments act on every replica of a service, whichever of them the event was given to."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from uuid import uuid4

import pytest
import pytest_asyncio

from deploy.local.services import ServiceProcess
from tests.builders.granted import ROLES_ACT_WITHIN_S
from tests.deadlines import DEADLINE_S
from tests.system.conftest import QUICK
from tests.system.crm import Crm

pytestmark = pytest.mark.real_kafka


@pytest_asyncio.fixture(loop_scope="session")
async def replicas(crm: Crm) -> AsyncIterator[tuple[ServiceProcess, ServiceProcess]]:
    """The session's replica of deals, and a second one for this test."""
    second = crm.stack.add_service("deals", replica="2", extra_environment=QUICK)
    await asyncio.to_thread(second.wait_ready)
    yield crm.services["deals"], second
    await asyncio.to_thread(second.terminate)
    del crm.stack.services["deals-2"]


async def test_a_changed_role_or_department_acts_on_both_replicas_within_two_seconds(
    crm: Crm, replicas: tuple[ServiceProcess, ServiceProcess]
) -> None:
    """PERM-01, PERM-09: over catalog, Kafka and two processes; each change turns around what the user is shown."""
    mark = uuid4().hex[:12]
    anna, ben = f"anna-{mark}", f"ben-{mark}"
    deal = await crm.new_deal(responsible_id=ben, open_to_all=False)
    token = crm.stack.keys.token(anna, roles=["user"])

    async def shown() -> list[int]:
        """How each replica answers the user who asks for the deal."""
        headers = {"Authorization": f"Bearer {token}"}
        answers = [await crm.http.get(f"{each.url}/v1/deals/{deal}", headers=headers) for each in replicas]
        return [answer.status_code for answer in answers]

    async def acts(method: str, path: str, body: object, status: int, within_s: float = ROLES_ACT_WITHIN_S) -> None:
        """A change in catalog acts on both replicas before the time is over."""
        changed = await crm.call(method, "catalog", path, body)
        assert changed.is_success, changed.text
        end = monotonic() + within_s
        while (found := await shown()) != [status, status]:
            assert monotonic() < end, f"{method} {path}: not within {within_s} s; last seen: {found}"
            await asyncio.sleep(0.02)

    def reading(level: str) -> object:
        return {"name": "Sales", "user_ids": [anna], "rights": [{"element": "deal", "levels": {"read": level}}]}

    role, department = f"/roles/r{mark}", f"/departments/d{mark}"
    assert await shown() == [200, 200], "no role names the user, so none restricts him"
    # Until it acts, the group is still to give the second replica its partitions.
    await acts("PUT", role, reading("department"), 404, DEADLINE_S)
    await acts("PUT", department, {"name": "Sales", "member_ids": [anna, ben]}, 200)
    await acts("PATCH", department, {"member_ids": [anna]}, 404)
    await acts("PATCH", department, {"member_ids": [anna, ben]}, 200)
    await acts("DELETE", department, None, 404)
    await acts("PATCH", role, {"rights": [{"element": "deal", "levels": {"read": "all"}}]}, 200)
    await acts("PATCH", role, {"rights": [{"element": "deal", "levels": {"read": "own"}}]}, 404)
    await acts("DELETE", role, None, 200)
