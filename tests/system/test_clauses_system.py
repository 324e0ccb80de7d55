"""Clauses that take several services and that no other test shows (docs/requirements)."""

from functools import partial

import pytest

from tests.system.crm import Crm, Json, a_phone, until


async def test_a_later_contact_of_a_company_enters_no_existing_element(crm: Crm) -> None:
    """CLI-07."""
    company, (ann,) = await crm.new_company("Growing GmbH", "Ann")
    old, new = await crm.new_deal(title="Before"), await crm.new_deal(title="After")
    await _link(crm, old, company)
    late = (await crm.call("POST", "clients", "/contacts", {"last_name": "Late"})).json()["id"]
    joined = await crm.call("PUT", "clients", f"/contacts/{late}/companies/{company}", {})
    assert joined.status_code == 200, joined.text
    # That the newer deal has the late contact shows that deals has had its time for the older one.
    assert await _link(crm, new, company) == [ann, late]
    await crm.settle()
    assert _contacts(await crm.get("deals", f"/deals/{old}")) == [ann]


async def _link(crm: Crm, deal: str, company: str) -> list[str]:
    linked = await crm.call("PUT", "deals", f"/deals/{deal}/client", {"company_id": company}, Prefer="wait=60")
    assert linked.status_code == 200, linked.text
    return _contacts(linked.json())


def _contacts(deal: Json) -> list[str]:
    return [link["contact_id"] for link in deal["client"]["contacts"]]


async def test_the_timeline_of_an_element_tells_that_its_client_was_deleted(crm: Crm) -> None:
    """COMP-10: on deals and on leads."""
    contact = (await crm.call("POST", "clients", "/contacts", {"last_name": "Leaving"})).json()["id"]
    places = {"deal": await crm.new_deal(title="Left"), "lead": await crm.new_lead(title="Left, too")}
    for kind, id_ in places.items():
        body = {"contacts": [{"contact_id": contact}]}
        linked = await crm.call("PUT", f"{kind}s", f"/{kind}s/{id_}/client", body, Prefer="wait=60")
        assert linked.status_code == 200, linked.text
    assert (await crm.call("DELETE", "clients", f"/contacts/{contact}")).status_code == 204
    for kind, id_ in places.items():
        told = await until(partial(crm.timeline, f"{kind}:{id_}"), _tells_of_an_end)
        assert (await crm.get(f"{kind}s", f"/{kind}s/{id_}"))["client"]["contacts"] == []
        (end,) = [entry["type"] for entry in told if entry["kind"] == "unlinked"]
        assert end == f"crm.{kind}.client_changed.v1"


def _tells_of_an_end(entries: list[Json]) -> bool:
    return any(entry["kind"] == "unlinked" for entry in entries)


async def test_a_conversion_shows_in_the_timelines_of_the_lead_and_of_what_it_made(crm: Crm) -> None:
    """TL-01."""
    lead = await crm.new_lead(last_name="Shown", company_title="Shows", phones=[{"value": a_phone()}])
    done = (await crm.convert(lead, targets=["contact", "company", "deal"])).json()
    made = [f"{kind}:{done[kind]['id']}" for kind in ("contact", "company", "deal")]
    for element in (f"lead:{lead}", *made):
        await until(partial(crm.timeline, element), _tells_of_the_conversion)


def _tells_of_the_conversion(entries: list[Json]) -> bool:
    return any(entry["kind"] == "converted" and entry["type"] == "crm.lead.converted.v1" for entry in entries)


@pytest.mark.parametrize("target", ["contact", "company", "deal"])
async def test_what_is_asked_for_alone_is_made_alone(crm: Crm, target: str) -> None:
    """LEAD-11."""
    phone = a_phone()
    lead = await crm.new_lead(last_name="Alone", company_title="Alone AG", phones=[{"value": phone}])
    answer = await crm.convert(lead, targets=[target])
    assert answer.status_code == 200, answer.text
    done = answer.json()
    assert [kind for kind in ("contact", "company", "deal") if done[kind]] == [target]
    assert len(await crm.contacts_with(phone)) == (target == "contact")
    assert len(await crm.deals_of(lead)) == (target == "deal")
    companies = await crm.get("clients", f"/companies?phone={phone.replace('+', '%2B')}")
    assert len(companies["items"]) == (target == "company")
    after = await crm.get("leads", f"/leads/{lead}")
    assert (after["stage_id"], after["converted"]) == ("CONVERTED", True)


def _is_of_the_change(entry: Json) -> bool:
    return bool(entry["type"] == "crm.deal.client_changed.v1")


def _tell_of_the_change(entries: list[Json]) -> bool:
    return any(map(_is_of_the_change, entries))


async def test_contacts_that_go_are_told_as_unlinked_and_those_that_come_as_linked(crm: Crm) -> None:
    """TL-01."""
    _, (ann, bob, eve) = await crm.new_company("Changing GmbH", "Ann", "Bob", "Eve")
    deal = await crm.new_deal(title="Changing", contacts=[{"contact_id": ann}, {"contact_id": bob}])
    answer = await crm.call(
        "PUT", "deals", f"/deals/{deal}/contacts", [{"contact_id": bob}, {"contact_id": eve}], Prefer="wait=60"
    )
    assert answer.status_code == 200, answer.text
    for contact, kind in ((ann, "unlinked"), (eve, "linked")):
        entries = await until(partial(crm.timeline, f"contact:{contact}"), _tell_of_the_change)
        assert [entry["kind"] for entry in entries if _is_of_the_change(entry)] == [kind]
    entries = await until(partial(crm.timeline, f"deal:{deal}"), _tell_of_the_change)
    (change,) = [entry["payload"] for entry in entries if _is_of_the_change(entry)]
    assert (change["linked"], change["unlinked"]) == ([f"contact:{eve}"], [f"contact:{ann}"])


async def test_a_new_person_of_a_known_company_becomes_a_contact_before_the_repeat_lead_is_converted(crm: Crm) -> None:
    """LEAD-04, LEAD-15: the refusal says so, and the deal has both."""
    company, () = await crm.new_company("Regular GmbH")
    lead = await crm.new_lead(last_name="New", company_id=company)
    await until(partial(crm.get, "leads", f"/leads/{lead}"), lambda found: found["client"]["link_state"] == "done")
    refused = await crm.call("POST", "leads", f"/leads/{lead}/conversion", {"targets": ["contact", "deal"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "repeat_lead_only_deal")
    assert "`link_to` of POST /v1/contacts" in refused.json()["detail"]
    person = {"last_name": "New", "company_ids": [company], "link_to": {"type": "lead", "id": lead}}
    made = await crm.call("POST", "clients", "/contacts", person, Prefer="wait=60")
    assert (made.status_code, made.json()["link_state"]) == (201, "done"), made.text
    done = (await crm.convert(lead)).json()
    deal = await crm.get("deals", f"/deals/{done['deal']['id']}")
    assert deal["client"]["company"]["id"] == company
    assert _contacts(deal) == [made.json()["id"]]
