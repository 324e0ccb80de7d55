"""A change of many deals goes on where it was when the service is killed, and changes each of them once (DEAL-03)."""

from collections import Counter
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


async def test_a_service_killed_in_a_change_of_many_deals_changes_each_once(crm: Crm) -> None:
    """DEAL-03, DEAL-02: every outcome is there, none is doubled, all events name the run, and nothing else is found."""
    before, after = f"user-{uuid4()}", f"user-{uuid4()}"
    items = [{"title": f"Deal {number}", "responsible_id": before} for number in range(DEALS)]
    made = await crm.call("POST", "deals", "/deals/batch", {"items": items})
    ids = {item["id"] for item in made.json()["items"]}
    assert len(ids) == DEALS
    service = crm.services["deals"]
    action = {"type": "assign", "responsible_id": after}
    started = await crm.call("POST", "deals", "/deals/bulk", {"filter": {"responsible_id": before}, "action": action})
    assert started.status_code == 202, started.text
    run = started.json()["id"]
    try:
        for point in DEATHS:
            await restart(service, point)
            await until(is_dead(service), bool)
    finally:
        await restart(service, None)

    async def now() -> Json:
        found: Json = await crm.get("deals", f"/runs/{run}")
        return found

    done = await until(now, lambda found: found["state"] == "done")
    assert done["counts"] == {"ok": DEALS, "denied": 0, "not_found": 0, "refused": 0}
    outcomes = (await crm.get("deals", f"/runs/{run}/results?limit=200"))["items"]
    assert {each["id"] for each in outcomes} == ids
    assert len(outcomes) == DEALS
    await crm.settle()
    events = await crm.events(topics.DEALS)
    told = [event for event in events if isinstance(event.data, DealResponsibleChanged) and event.subject in ids]
    assert Counter(event.subject for event in told) == dict.fromkeys(ids, 1)
    assert {event.bulk_id for event in told} == {run}
    report = await verify(Target.to(crm.stack.mongo.url, crm.stack.kafka.environment), patience_s=1, pause_s=0.1)
    assert [str(each) for each in report.broken if each.invariant in {"runs", "state", "sequences"}] == []
