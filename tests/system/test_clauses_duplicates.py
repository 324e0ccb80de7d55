"""Clauses about clients that a conversion finds or has to name, over the running services (LEAD-12)."""

from tests.system.crm import Crm, Json, a_phone


async def _known(crm: Crm, phone: str, *, number: int = 1) -> list[str]:
    """Contacts of one name with this phone; their ids."""
    body = {"first_name": "Ada", "last_name": "Known", "phones": [{"value": phone}]}
    made = [await crm.call("POST", "clients", "/contacts", body) for _ in range(number)]
    assert {answer.status_code for answer in made} == {201}
    return [answer.json()["id"] for answer in made]


async def _lead(crm: Crm, phone: str) -> str:
    return await crm.new_lead(first_name="Ada", last_name="Known", phones=[{"value": phone}])


def _ids(refs: list[Json]) -> set[str]:
    return {ref["id"] for ref in refs}


async def test_one_match_is_linked_by_default_and_told(crm: Crm) -> None:
    """LEAD-12: it is the contact of the lead and of the deal."""
    phone = a_phone()
    known = await _known(crm, phone)
    done = await crm.convert(await _lead(crm, phone))
    assert (done.status_code, done.json()["contact"]["id"]) == (200, known[0]), done.text
    assert _ids(done.json()["duplicates"]) == set(known)
    assert _ids(await crm.contacts_with(phone)) == set(known)
    deal = await crm.get("deals", f"/deals/{done.json()['deal']['id']}")
    assert [link["contact_id"] for link in deal["client"]["contacts"]] == known


async def test_several_matches_refuse_by_default_and_nothing_is_created(crm: Crm) -> None:
    """LEAD-12: they are the candidates."""
    phone = a_phone()
    known = await _known(crm, phone, number=2)
    lead = await _lead(crm, phone)
    refused = await crm.convert(lead, targets=["contact", "company", "deal"])
    assert (refused.status_code, refused.json()["code"]) == (409, "conversion_refused")
    assert _ids(refused.json()["candidates"]) == set(known)
    assert _ids(await crm.contacts_with(phone)) == set(known)
    assert await crm.deals_of(lead) == []
    assert (await crm.get("leads", f"/leads/{lead}"))["stage_id"] == "NEW"


async def test_a_second_record_is_created_where_it_is_asked_for(crm: Crm) -> None:
    """LEAD-12: and the match is told."""
    phone = a_phone()
    known = await _known(crm, phone)
    done = await crm.convert(await _lead(crm, phone), on_duplicate="create")
    assert done.status_code == 200, done.text
    assert _ids(done.json()["duplicates"]) == set(known)
    assert _ids(await crm.contacts_with(phone)) == {*known, done.json()["contact"]["id"]}
    assert done.json()["contact"]["id"] not in known


async def test_the_lead_of_a_merged_contact_is_kept(crm: Crm) -> None:
    """DUP-02: where the survivor came from none."""
    survivor = await crm.call("POST", "clients", "/contacts", {"last_name": "Kept"})
    lead = await crm.new_lead(last_name="Kept", phones=[{"value": a_phone()}])
    made = (await crm.convert(lead, targets=["contact"])).json()["contact"]["id"]
    path = f"/contacts/{survivor.json()['id']}"
    merged = await crm.call("POST", "clients", f"{path}/merge", {"others": [made]})
    assert merged.status_code == 200, merged.text
    assert (await crm.get("clients", path))["lead_id"] == lead
