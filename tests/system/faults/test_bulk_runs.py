"""A change of many deals, and its undo, go on where they were when the service is killed (DEAL-03)."""

from collections import Counter
from collections.abc import Sequence
from uuid import uuid4

import pytest
from crm_contracts import topics
from crm_contracts.deals import DealResponsibleChanged

from deploy.verify.run import verify
from deploy.verify.target import Target
from tests.system.crm import Crm, Json, until
from tests.system.faults.test_deaths import is_dead, restart

pytestmark = pytest.mark.real_kafka

DEALS = 90
DEATHS = ("run:changed", "run:stored", "written:deals", "run:changed")
"""After records were changed, after what became of them was stored, and among the changes."""


async def test_a_service_killed_in_a_change_of_many_deals_and_in_its_undo_does_each_once(crm: Crm) -> None:
    """DEAL-03, DEAL-02: every outcome is there, none is doubled, all events name the run; so it is with the undo."""
    before, after = f"user-{uuid4()}", f"user-{uuid4()}"
    items = [{"title": f"Deal {number}", "responsible_id": before} for number in range(DEALS)]
    made = await crm.call("POST", "deals", "/deals/batch", {"items": items})
    ids = {item["id"] for item in made.json()["items"]}
    assert len(ids) == DEALS
    action = {"type": "assign", "responsible_id": after}
    body = {"filter": {"responsible_id": before}, "action": action}
    run = await _ended_in_spite_of(DEATHS, crm, "/deals/bulk", body)
    outcomes = (await crm.get("deals", f"/runs/{run}/results?limit=200"))["items"]
    assert {each["id"] for each in outcomes} == ids
    assert len(outcomes) == DEALS
    undo = await _ended_in_spite_of(DEATHS[:2], crm, f"/runs/{run}/undo", {})
    await crm.settle()
    events = await crm.events(topics.DEALS)
    told = [event for event in events if isinstance(event.data, DealResponsibleChanged) and event.subject in ids]
    assert Counter((event.subject, event.bulk_id) for event in told) == {
        (id_, by): 1 for id_ in ids for by in (run, undo)
    }
    found = await crm.call("POST", "deals", "/deals/query", {"filter": {"responsible_id": before}, "limit": 200})
    assert {each["id"] for each in found.json()["items"]} == ids
    report = await verify(Target.to(crm.stack.mongo.url, crm.stack.kafka.environment), patience_s=1, pause_s=0.1)
    assert [str(each) for each in report.broken if each.invariant in {"runs", "state", "sequences"}] == []


async def _ended_in_spite_of(deaths: Sequence[str], crm: Crm, path: str, body: Json) -> str:
    """Start a run, kill the service at each point, and return the id of the run when all is done."""
    service = crm.services["deals"]
    started = await crm.call("POST", "deals", path, body)
    assert started.status_code == 202, started.text
    run = str(started.json()["id"])
    try:
        for point in deaths:
            await restart(service, point)
            await until(is_dead(service), bool)
    finally:
        await restart(service, None)

    async def now() -> Json:
        found: Json = await crm.get("deals", f"/runs/{run}")
        return found

    done = await until(now, lambda found: found["state"] == "done")
    assert done["counts"] == {"ok": DEALS, "denied": 0, "not_found": 0, "refused": 0}
    return run
