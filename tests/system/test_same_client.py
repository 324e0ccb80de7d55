"""Whom a lead is about: by name and phone or e-mail together, told by the caller, and what the client takes of it."""

from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.conversions import LeadConversionRequested

from tests.system.crm import Crm, Json, a_phone, until


def points(*values: str) -> list[Json]:
    return [{"value": value} for value in values]


def a_mailbox(local: str = "x") -> str:
    return f"{local}@{uuid4().hex[:12]}.example"


async def made(crm: Crm, path: str, **fields: Any) -> Json:
    answer = await crm.call("POST", "clients", path, fields)
    assert answer.status_code == 201, answer.text
    created: Json = answer.json()
    return created


async def converted(crm: Crm, lead: str, **wish: Any) -> Json:
    answer = await crm.convert(lead, **wish)
    assert answer.status_code == 200, answer.text
    done: Json = answer.json()
    return done


async def updates_of(crm: Crm, client: str) -> list[Json]:
    entries = await crm.timeline(client)
    return [entry for entry in entries if entry["type"].endswith(".updated.v1")]


async def test_every_phone_and_e_mail_of_a_lead_reaches_the_contact(crm: Crm) -> None:
    """LEAD-12: as typed where it cannot be normalised."""
    phone, mail = a_phone(), a_mailbox()
    phones, emails = ["4711", f"{phone} (private)", "ask for Ada", f"{phone} ext. 12"], ["x@firma.local", mail, "none"]
    lead = await crm.new_lead(last_name="Kept", phones=points(*phones), emails=points(*emails))
    contact = await crm.get("clients", f"/contacts/{(await converted(crm, lead))['contact']['id']}")
    assert [(point["value"], point["normalized"]) for point in contact["phones"]] == [
        ("4711", None),
        (f"{phone} (private)", phone),
        ("ask for Ada", None),
        (f"{phone} ext. 12", phone),
    ]
    assert [point["value"] for point in contact["emails"]] == emails


@pytest.mark.parametrize("kind", ["phone", "email"])
async def test_two_people_with_one_phone_or_address_are_not_made_one_in_silence(crm: Crm, kind: str) -> None:
    """LEAD-12: the refusal says what to do, and "somebody new" and "this one" can both be said."""
    point = {"phones": points(a_phone())} if kind == "phone" else {"emails": points(a_mailbox("home"))}
    anna = await converted(crm, await crm.new_lead(first_name="Anna", last_name="Xaver", **point))
    bruno = await crm.new_lead(first_name="Bruno", last_name="Yilmaz", **point)

    refused = await crm.convert(bruno)

    assert (refused.status_code, refused.json()["code"]) == (409, "conversion_refused"), refused.text
    assert [each["id"] for each in refused.json()["candidates"]] == [anna["contact"]["id"]]
    assert {"contact_id", "on_duplicate"} <= {word.strip("`") for word in refused.json()["detail"].split()}
    new = await converted(crm, bruno, on_duplicate="create")
    assert new["contact"]["id"] != anna["contact"]["id"]
    assert (await crm.get("clients", f"/contacts/{new['contact']['id']}"))["first_name"] == "Bruno"
    twice = await crm.new_lead(last_name="YILMAZ", first_name="bruno", **point)
    assert (await converted(crm, twice))["contact"]["id"] == new["contact"]["id"]


async def test_an_initial_with_another_last_name_is_another_person(crm: Crm) -> None:
    """LEAD-12: a name with a part missing is linked, and so is an initial where nothing else differs."""
    phone = a_phone()
    greta = await made(crm, "/contacts", first_name="Greta", last_name="Sommer", phones=points(phone))
    for first, last in (("G.", "Sommer-Mai"), ("G.", "Winter"), ("Bruno", "Sommer")):
        refused = await crm.convert(await crm.new_lead(first_name=first, last_name=last, phones=points(phone)))
        assert (refused.status_code, refused.json()["code"]) == (409, "conversion_refused"), refused.text
        assert [each["id"] for each in refused.json()["candidates"]] == [greta["id"]]
    for name in ({"last_name": "Sommer"}, {"first_name": "G.", "last_name": "Sommer"}, {"first_name": "Greta"}):
        done = await converted(crm, await crm.new_lead(**name, phones=points(phone)))
        assert done["contact"]["id"] == greta["id"]


async def test_a_shared_address_links_nobody_of_another_name_and_hinders_nobody(crm: Crm) -> None:
    """LEAD-12."""
    mail = a_mailbox("info")
    contacts = [
        (await converted(crm, await crm.new_lead(first_name=name, last_name="Shared", emails=points(mail))))["contact"]
        for name in ("Anna", "Bruno", "anna")
    ]
    assert contacts[0]["id"] == contacts[2]["id"] != contacts[1]["id"]


async def test_a_candidate_is_chosen_for_contact_and_company(crm: Crm) -> None:
    """LEAD-12: whatever the others are called, and again with the same result."""
    phone, title = a_phone(), f"Chosen {uuid4().hex[:8]}"
    person = await made(crm, "/contacts", first_name="Anna", last_name="Xaver", phones=points(phone))
    firms = [await made(crm, "/companies", title=f"{title} {form}") for form in ("GmbH", "Ltd.")]
    lead = await crm.new_lead(last_name="Yilmaz", company_title=title.upper(), phones=points(phone))
    refused = await crm.convert(lead, targets=["contact", "company", "deal"])
    candidates = {each["id"] for each in refused.json()["candidates"]}
    assert (refused.status_code, candidates) == (409, {person["id"], *(firm["id"] for firm in firms)})

    wish: Json = {"contact_id": person["id"], "company_id": firms[1]["id"]}
    done = await converted(crm, lead, **wish)

    assert done["targets"] == ["contact", "company", "deal"]
    assert (done["contact"]["id"], done["company"]["id"]) == (person["id"], firms[1]["id"])
    contact = await crm.get("clients", f"/contacts/{person['id']}")
    assert (contact["last_name"], contact["company_id"]) == ("Xaver", firms[1]["id"])
    deal = await crm.get("deals", f"/deals/{done['deal']['id']}")
    assert deal["client"]["company"]["id"] == firms[1]["id"]
    assert await converted(crm, lead, **wish) == done
    other = await crm.convert(lead, contact_id="another", company_id=firms[1]["id"])
    assert (other.status_code, other.json()["code"]) == (409, "lead_already_converted")


async def test_a_chosen_client_must_be_there_be_a_target_and_be_writable(crm: Crm) -> None:
    """LEAD-12."""
    lead = await crm.new_lead(last_name="Nowhere", phones=points(a_phone()))
    for kind in ("contact", "company"):
        wish: Json = {f"{kind}_id": "nada"}
        refused = await crm.convert(lead, **wish)
        assert (refused.status_code, refused.json()["reason"]) == (409, f"{kind}_not_found"), refused.text
        wrong = await crm.convert(lead, targets=["deal"], **wish)
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, f"{kind}_id"), wrong.text
    token = crm.stack.keys.token("seller", scopes=["leads:write", "deals:write"])
    body, allowed = {"contact_id": "nada"}, f"Bearer {token}"
    forbidden = await crm.call("POST", "leads", f"/leads/{lead}/conversion", body, Authorization=allowed)
    assert forbidden.status_code == 403, forbidden.text
    assert (await converted(crm, lead))["contact"]["title"] == "Nowhere"


async def test_a_company_is_linked_by_its_title_without_its_legal_form(crm: Crm) -> None:
    """LEAD-12: or listed, or it stands in the way."""
    title = f"Pumps {uuid4().hex[:8]}"
    known = await made(crm, "/companies", title=f"{title} GmbH")

    async def a_lead() -> str:
        return await crm.new_lead(last_name="Berg", company_title=f"  {title.upper()}  gmbh ", phones=points(a_phone()))

    targets = ["contact", "company", "deal"]
    refused = await crm.convert(await a_lead(), targets=targets, on_duplicate="reject")
    assert (refused.status_code, [each["id"] for each in refused.json()["candidates"]]) == (409, [known["id"]])
    linked = await converted(crm, await a_lead(), targets=targets)
    assert (linked["company"]["id"], [each["id"] for each in linked["duplicates"]]) == (known["id"], [known["id"]])
    created = await converted(crm, await a_lead(), targets=targets, on_duplicate="create")
    assert created["company"]["id"] != known["id"]
    assert known["id"] in [each["id"] for each in created["duplicates"]]


async def test_a_linked_contact_is_filled_and_its_lists_are_joined(crm: Crm) -> None:
    """LEAD-12: as in a merge; the answer says so, and the next lead by the new e-mail is hers."""
    first, second, mail = a_phone(), a_phone(), a_mailbox()
    carla = await made(crm, "/contacts", first_name="Carla", position="Owner", phones=points(first), open_to_all=False)
    lead = await crm.new_lead(
        first_name="Carla",
        last_name="Costa",
        birth_date="1980-02-01",
        position="Buyer",
        phones=points(f"{first} (office)", second, "4711"),
        emails=points(mail),
        responsible_id="bob",
    )

    done = await converted(crm, lead)

    after = await crm.get("clients", f"/contacts/{carla['id']}")
    assert (after["first_name"], after["last_name"], after["birth_date"]) == ("Carla", "Costa", "1980-02-01")
    assert [point["value"] for point in after["phones"]] == [first, second, "4711"]
    assert [point["value"] for point in after["emails"]] == [mail]
    kept = ("position", "responsible_id", "open_to_all", "source_id")
    assert {name: after[name] for name in kept} == {name: carla[name] for name in kept}
    (told,) = done["linked"]
    assert told["client"] == {"type": "contact", "id": carla["id"], "title": "Carla Costa"}
    assert set(told["enriched"]) == {"last_name", "birth_date", "phones", "emails"}
    assert told["left_out"] == ["position"]
    assert done["contact"]["title"] == "Carla Costa"
    await until(lambda: updates_of(crm, f"contact:{carla['id']}"), bool)
    again = await converted(crm, await crm.new_lead(last_name="Costa", emails=points(mail)))
    assert again["contact"]["id"] == carla["id"]


async def test_a_linked_contact_without_requisites_takes_the_address(crm: Crm) -> None:
    """LEAD-12, REQ-03: one with others keeps them, and the answer says what is left out."""
    phone = a_phone()
    carla = await made(crm, "/contacts", last_name="Costa", phones=points(phone))
    for city, taken in (("Berlin", ["address"]), ("Bonn", [])):
        lead = await crm.new_lead(last_name="Costa", phones=points(phone), address={"city": city})
        (told,) = (await converted(crm, lead))["linked"]
        assert (told["client"]["id"], told["enriched"]) == (carla["id"], taken)
        assert told["left_out"] == ([] if taken else ["address"])
        (requisite,) = (await crm.get("clients", f"/contacts/{carla['id']}"))["requisites"]
        assert [address["city"] for address in requisite["addresses"]] == ["Berlin"]


@pytest.mark.real_kafka
async def test_a_linked_contact_is_filled_once_however_often_it_is_asked(crm: Crm) -> None:
    """LEAD-12, LEAD-13: what a user has taken out since stays out."""
    phone = a_phone()
    carla = await made(crm, "/contacts", first_name="Carla", last_name="Costa", phones=points(phone))
    lead = await crm.new_lead(first_name="Carla", last_name="Costa", position="Buyer", phones=points(phone))
    await converted(crm, lead)
    await crm.call("PATCH", "clients", f"/contacts/{carla['id']}", {"position": None})
    await crm.settle()
    before = await crm.get("clients", f"/contacts/{carla['id']}")
    type_ = LeadConversionRequested.ce_type.encode()
    asked = [record for record in await crm.log() if dict(record.headers).get("ce_type") == type_]
    await crm.deliver([record for record in asked if lead.encode() in (record.value or b"")] * 2)
    await crm.settle()
    assert await crm.get("clients", f"/contacts/{carla['id']}") == before
    assert len(await updates_of(crm, f"contact:{carla['id']}")) == 2


async def test_what_was_corrected_here_is_not_filled_again(crm: Crm) -> None:
    """LEAD-12, CONT-08: a field that a user has emptied."""
    phone = a_phone()
    path = f"/contacts/external/erp/{uuid4().hex}"
    body = {"first_name": "Carla", "last_name": "Costa", "position": "Clerk", "phones": points(phone)}
    carla = (await crm.call("PUT", "clients", path, body)).json()
    assert (await crm.call("PATCH", "clients", f"/contacts/{carla['id']}", {"position": None})).status_code == 200
    lead = await crm.new_lead(last_name="Costa", position="Buyer", phones=points(phone))
    (told,) = (await converted(crm, lead))["linked"]
    assert told["left_out"] == ["position"]
    assert (await crm.get("clients", f"/contacts/{carla['id']}"))["position"] is None
