"""Deals of clients whose leads another service keeps (DEAL-17)."""

from typing import Any
from uuid import uuid4

from tests.system.crm import Crm, Json, a_phone, until


async def markers_of_new_deal(crm: Crm, **client: Any) -> tuple[bool, bool]:
    return markers(await crm.get("deals", f"/deals/{await crm.new_deal(**client)}"))


def markers(deal: Json) -> tuple[bool, bool]:
    return deal["is_return_customer"], deal["is_repeated_approach"]


async def test_a_deal_is_marked_by_the_deals_and_leads_that_its_client_had_before(crm: Crm) -> None:
    contact = (await crm.call("POST", "clients", "/contacts", {"last_name": f"R{uuid4().hex}"})).json()["id"]
    client = {"contacts": [{"contact_id": contact}]}
    lead = await crm.new_lead(title="Asks again", **client)

    async def of_its_own_lead() -> Json:
        assert (await crm.convert(lead)).json()["state"] == "done"
        (deal,) = await crm.deals_of(lead)
        return dict(deal)

    assert markers(await of_its_own_lead()) == (False, False)

    other = (await crm.call("POST", "clients", "/contacts", {"last_name": f"R{uuid4().hex}"})).json()["id"]
    client = {"contacts": [{"contact_id": other}]}
    await crm.new_lead(title="Asked once", **client)
    await crm.settle()
    assert await markers_of_new_deal(crm, **client) == (False, True)
    won = await crm.new_deal(stage_id="WON", **client)
    assert markers(await crm.get("deals", f"/deals/{won}")) == (False, True)
    assert await markers_of_new_deal(crm, **client) == (True, False)


async def test_the_lead_of_a_return_customer_becomes_a_deal_that_says_so(crm: Crm) -> None:
    phone = a_phone()
    first = await crm.new_lead(last_name="Again", phones=[{"value": phone}])
    assert (await crm.convert(first)).json()["state"] == "done"
    (deal,) = await crm.deals_of(first)
    assert markers(deal) == (False, False)
    moved = await crm.call("PUT", "deals", f"/deals/{deal['id']}/stage", {"stage_id": "WON"})
    assert moved.status_code == 200, moved.text
    second = await crm.new_lead(last_name="Again", phones=[{"value": phone}])
    assert (await crm.convert(second)).json()["state"] == "done"
    (later,) = await until(lambda: crm.deals_of(second), bool)
    assert later["client"]["contacts"][0]["contact_id"] == deal["client"]["contacts"][0]["contact_id"]
    assert markers(later) == (True, False)
