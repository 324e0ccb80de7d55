"""Contacts and companies are merged, and everything that links them follows, in every service (DUP-02)."""

import asyncio
from functools import partial

from tests.system.crm import Crm, Json, until


async def test_deals_leads_contacts_and_timelines_follow_whoever_was_merged(crm: Crm) -> None:
    """DUP-02, CLI-01."""
    old, (ann, bob) = await crm.new_company("Old GmbH", "Ann", "Bob")
    new, (eve,) = await crm.new_company("Old GmbH", "Ann")
    deal, lead = await crm.new_deal(title="Kept"), await crm.new_lead(title="Kept, too")
    places = {"deals": f"/deals/{deal}", "leads": f"/leads/{lead}"}
    for service, element in places.items():
        linked = await crm.call("PUT", service, f"{element}/client", {"company_id": old}, Prefer="wait=60")
        assert linked.status_code == 200, linked.text
    before = {entry["event_id"] for entry in await crm.timeline(f"contact:{ann}")}

    for survivor, gone in ((f"/companies/{new}", old), (f"/contacts/{eve}", ann)):
        merged = await crm.call("POST", "clients", f"{survivor}/merge", {"others": [gone]})
        assert merged.status_code == 200, merged.text

    for service, element in places.items():
        await until(partial(crm.get, service, element), lambda found: _links(found) == (new, {eve, bob}))
    await until(partial(crm.get, "clients", f"/contacts/{bob}"), lambda found: _works_for(found) == [new])
    assert _works_for(await crm.get("clients", f"/contacts/{eve}")) == [new]
    for plural, survivor in (("companies", new), ("contacts", eve)):
        elements = partial(crm.get, "clients", f"/{plural}/{survivor}/elements")
        await until(elements, lambda page: {item["element"]["id"] for item in page["items"]} == {deal, lead})
    for plural, gone, survivor in (("companies", old, new), ("contacts", ann, eve)):
        answer = (await crm.call("GET", "clients", f"/{plural}/{gone}")).json()
        assert (answer["code"], answer["merged_into"]) == ("gone", survivor)
    told = await until(partial(crm.timeline, f"contact:{eve}"), lambda told: "crm.contact.merged.v1" in _types(told))
    assert before <= {entry["event_id"] for entry in told}


async def test_a_company_that_is_merged_while_it_is_linked_is_linked_as_the_survivor(crm: Crm) -> None:
    """DUP-02, CLI-07: whichever is heard first. Whose contacts come depends on that; nobody is asked for ever."""
    for _ in range(3):
        old, _people = await crm.new_company("Twice GmbH")
        new, (ann,) = await crm.new_company("Twice GmbH", "Ann")
        deal = await crm.new_deal(title="In between")
        linked, merged = await asyncio.gather(
            crm.call("PUT", "deals", f"/deals/{deal}/client", {"company_id": old}),
            crm.call("POST", "clients", f"/companies/{new}/merge", {"others": [old]}),
        )
        assert (linked.status_code, merged.status_code) in {(200, 200), (202, 200)}
        found = await until(partial(crm.get, "deals", f"/deals/{deal}"), partial(_is_settled, new))
        assert _links(found) in ((new, {ann}), (new, set()))


def _is_settled(company: str, deal: Json) -> bool:
    return _links(deal)[0] == company and deal["client"]["link_state"] == "done"


def _links(element: Json) -> tuple[str | None, set[str]]:
    client = element["client"]
    return (client["company"] or {}).get("id"), {link["contact_id"] for link in client["contacts"]}


def _works_for(contact: Json) -> list[str]:
    return [link["company_id"] for link in contact["companies"]]


def _types(entries: list[Json]) -> set[str]:
    return {entry["type"] for entry in entries}
