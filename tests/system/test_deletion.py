"""A lead or a deal that is deleted is gone everywhere, and what belongs to others stays."""

from functools import partial

import pytest

from tests.system.crm import Crm, until

NOUNS = ("lead", "deal")


async def a_card(crm: Crm, noun: str, company: str) -> str:
    """One that links the company, once its contacts are attached."""
    new = crm.new_deal if noun == "deal" else crm.new_lead
    id_: str = await new(title="Soon gone")
    linked = await crm.call("PUT", f"{noun}s", f"/{noun}s/{id_}/client", {"company_id": company}, Prefer="wait=60")
    assert linked.status_code == 200, linked.text
    return id_


@pytest.mark.parametrize("noun", NOUNS)
async def test_a_deleted_card_is_gone_with_its_timeline_and_its_clients_stay(crm: Crm, noun: str) -> None:
    """DEAL-19, LEAD-21, CLI-01: an entry stays in the timelines of the clients that it is about, too."""
    company, (ada,) = await crm.new_company("Stays GmbH", "Lovelace")
    card = await a_card(crm, noun, company)
    await crm.settle()
    assert await crm.timeline(f"{noun}:{card}")
    links = partial(crm.get, "clients", f"/companies/{company}/elements")
    assert [each["element"]["id"] for each in (await links())["items"]] == [card]

    deleted = await crm.call("DELETE", f"{noun}s", f"/{noun}s/{card}")

    assert deleted.status_code == 204, deleted.text
    assert (await crm.call("GET", f"{noun}s", f"/{noun}s/{card}")).json()["code"] == "gone"
    await until(links, lambda found: not found["items"])
    await crm.settle()
    assert await crm.timeline(f"{noun}:{card}") == []
    for client in (f"company:{company}", f"contact:{ada}"):
        kinds = [entry["kind"] for entry in await crm.timeline(client)]
        assert kinds[0] == "unlinked", client
        assert "linked" in kinds, client
    assert (await crm.get("clients", f"/contacts/{ada}"))["last_name"] == "Lovelace"
    found = await crm.get("timeline", "/search?q=soon+gone")
    assert card not in str(found)


async def test_a_deal_of_a_lead_is_deleted_alone(crm: Crm) -> None:
    """DEAL-19, LEAD-14: the lead stays converted, and is not converted anew."""
    lead = await crm.new_lead(first_name="Ada", last_name="Byron")
    converted = await crm.call("POST", "leads", f"/leads/{lead}/conversion", {}, Prefer="wait=60")
    deal = converted.json()["deal"]["id"]

    assert (await crm.call("DELETE", "deals", f"/deals/{deal}")).status_code == 204

    again = await crm.call("POST", "leads", f"/leads/{lead}/conversion", {}, Prefer="wait=60")
    assert (again.status_code, again.json()["deal"]["id"]) == (200, deal)
    assert (await crm.get("leads", f"/leads/{lead}"))["deal_ids"] == [deal]
