"""The board follows the events of deals, over the whole system (DEAL-04)."""

from typing import Any
from uuid import uuid4

from tests.system.crm import Crm, until


async def test_counts_and_sums_follow_changes_by_themselves_and_events_that_come_again_change_nothing(crm: Crm) -> None:
    """DEAL-04: within a second in the quiet, and counted, not added up."""
    id_ = uuid4().hex[:8]
    made = await crm.call("POST", "deals", "/pipelines", {"id": id_, "name": "Board"})
    assert made.status_code == 201, made.text
    amount = {"value": "10.50", "currency": "EUR"}
    ids = [await crm.new_deal(pipeline_id=id_, amount=amount) for _ in range(3)]

    async def totals() -> dict[str, Any]:
        columns = (await crm.get("deals", f"/pipelines/{id_}/board"))["columns"]
        counted = [each for each in columns if each["count"]["value"]]
        return {
            each["stage"]["id"].partition(":")[2]: (each["count"]["value"], [one["value"] for one in each["sums"]])
            for each in counted
        }

    await until(totals, lambda found: found == {"NEW": (3, ["31.50"])})
    for deal in ids[:2]:
        await crm.call("PUT", "deals", f"/deals/{deal}/stage", {"stage_id": "WON"})
    await crm.call("PATCH", "deals", f"/deals/{ids[0]}", {"responsible_id": "bob"})
    await crm.call("DELETE", "deals", f"/deals/{ids[1]}")
    expected = {"NEW": (1, ["10.50"]), "WON": (1, ["10.50"])}
    await until(totals, lambda found: found == expected)
    ours = [each for each in await crm.log() if (each.key or b"").decode() in ids]
    await crm.deliver([*ours, *reversed(ours)])
    await crm.settle()
    await until(totals, lambda found: found == expected)
