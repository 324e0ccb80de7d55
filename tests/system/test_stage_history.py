"""The stage history over Kafka: each service hears what it publishes itself (PIPE-08)."""

from functools import partial
from operator import eq

from tests.system.crm import Crm, Json, until


async def test_where_a_lead_and_its_deal_have_been_is_kept(crm: Crm) -> None:
    """PIPE-08, LEAD-07: also what a conversion moved."""
    lead = await crm.new_lead(title="Pumps")
    await crm.convert(lead)
    (deal,) = await crm.deals_of(lead)
    moved = await crm.call("PUT", "deals", f"/deals/{deal['id']}/stage", {"stage_id": "WON"})
    assert moved.status_code == 200, moved.text

    async def history(service: str, owner: str) -> list[tuple[int, str]]:
        page: Json = await crm.get(service, f"/stage-history?owner_id={owner}")
        return [(each["type_id"], each["stage_id"]) for each in page["items"]]

    expected = {("leads", lead): [(3, "CONVERTED"), (1, "NEW")], ("deals", deal["id"]): [(3, "WON"), (1, "NEW")]}
    for (service, owner), stages in expected.items():
        await until(partial(history, service, owner), partial(eq, stages))
