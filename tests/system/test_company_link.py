"""A company is linked to a deal or a lead, and its contacts attach themselves (CLI-06, CLI-07)."""

import random
from functools import partial
from uuid import uuid4

import pytest
from crm_contracts.client_answers import ElementContactsResolved

from tests.system.crm import Crm, Json, until


async def test_the_contacts_of_a_linked_company_attach_themselves(crm: Crm) -> None:
    """CLI-07, TL-01: and the deal, the company and each contact tell of it."""
    company, contacts = await crm.new_company("Attached GmbH", "One", "Two", "Three")
    deal = await crm.new_deal(title="Big order")

    answer = await crm.call("PUT", "deals", f"/deals/{deal}/client", {"company_id": company}, Prefer="wait=60")

    assert answer.status_code == 200, answer.text
    links = answer.json()["client"]["contacts"]
    assert [link["contact_id"] for link in links] == contacts
    assert [link["is_primary"] for link in links] == [True, False, False]
    assert {link["auto_linked_from"] for link in links} == {company}
    for element in (f"deal:{deal}", f"company:{company}", *(f"contact:{contact}" for contact in contacts)):
        await until(partial(crm.timeline, element), _tells_of_the_attachment)


def _tells_of_the_attachment(entries: list[Json]) -> bool:
    return any(entry["type"] == "crm.deal.contacts_attached.v1" for entry in entries)


async def test_the_same_holds_for_a_lead(crm: Crm) -> None:
    """CLI-07, LEAD-03: and the lead is a repeat lead from then on."""
    company, contacts = await crm.new_company("Led GmbH", "Uno", "Due")
    lead = await crm.new_lead(title="Call back")

    answer = await crm.call("PUT", "leads", f"/leads/{lead}/client", {"company_id": company}, Prefer="wait=60")

    assert answer.status_code == 200, answer.text
    assert [link["contact_id"] for link in answer.json()["client"]["contacts"]] == contacts
    assert answer.json()["is_repeat"] is True


async def test_who_is_deleted_leaves_deals_leads_and_contacts(crm: Crm) -> None:
    """COMP-10: and their timelines tell of it."""
    company, (ann, bob) = await crm.new_company("Leaving GmbH", "Ann", "Bob")
    deal, lead = await crm.new_deal(title="Left"), await crm.new_lead(title="Left, too")
    for service, element in (("deals", f"/deals/{deal}"), ("leads", f"/leads/{lead}")):
        linked = await crm.call("PUT", service, f"{element}/client", {"company_id": company}, Prefer="wait=60")
        assert linked.status_code == 200, linked.text

    for gone in (f"/contacts/{ann}", f"/companies/{company}"):
        assert (await crm.call("DELETE", "clients", gone)).status_code == 204

    for service, element in (("deals", f"/deals/{deal}"), ("leads", f"/leads/{lead}")):
        found = await until(partial(crm.get, service, element), lambda found: _is_left_to(found, bob))
        assert found["client"]["link_state"] == "none"
    await until(lambda: crm.get("clients", f"/contacts/{bob}"), lambda found: not found["companies"])
    for element in (f"contact:{ann}", f"company:{company}"):
        await until(partial(crm.timeline, element), lambda told: any(e["type"].endswith(".deleted.v1") for e in told))
    elements = await crm.get("clients", f"/contacts/{bob}/elements")
    assert {item["element"]["id"] for item in elements["items"]} == {deal, lead}


def _is_left_to(found: Json, contact: str) -> bool:
    client = found["client"]
    return client["company"] is None and [link["contact_id"] for link in client["contacts"]] == [contact]


async def test_an_unknown_company_is_unlinked_again(crm: Crm) -> None:
    """CLI-07."""
    deal = await crm.new_deal(title="Mistaken")

    answer = await crm.call("PUT", "deals", f"/deals/{deal}/client", {"company_id": "nobody"}, Prefer="wait=60")

    assert (answer.status_code, answer.json()["code"]) == (409, "company_not_found")
    client = (await crm.get("deals", f"/deals/{deal}"))["client"]
    assert (client["company"], client["link_state"]) == (None, "refused")


@pytest.mark.parametrize(("method", "path"), [("PUT", "/client"), ("PATCH", "")])
@pytest.mark.parametrize("kind", ["lead", "deal"])
async def test_an_unknown_company_takes_the_place_of_none_that_is_linked(
    crm: Crm, kind: str, method: str, path: str
) -> None:
    """CLI-07: company, contacts and what the clients know of it are as before."""
    company, contacts = await crm.new_company("Kept GmbH", "Kay", "Ken")
    card = await (crm.new_deal if kind == "deal" else crm.new_lead)(title="Kept")
    element = f"/{kind}s/{card}"
    linked = await crm.call("PUT", f"{kind}s", f"{element}/client", {"company_id": company}, Prefer="wait=60")
    assert linked.status_code == 200, linked.text

    answer = await crm.call(method, f"{kind}s", f"{element}{path}", {"company_id": "nobody"}, Prefer="wait=60")

    assert (answer.status_code, answer.json()["code"]) == (409, "company_not_found")
    client = (await crm.get(f"{kind}s", element))["client"]
    assert (client["company"]["id"], client["link_state"]) == (company, "refused")
    before = linked.json()["client"]
    assert [client[name] for name in ("company", "contacts")] == [before[name] for name in ("company", "contacts")]
    elements = partial(crm.get, "clients", f"/companies/{company}/elements")
    await until(elements, lambda found: [item["element"]["id"] for item in found["items"]] == [card])
    assert [link["contact_id"] for link in client["contacts"]] == contacts
    assert kind == "deal" or (await crm.get("leads", element))["is_repeat"] is True


@pytest.mark.parametrize("kind", ["lead", "deal"])
async def test_a_contact_that_does_not_exist_is_never_linked_for_ever(crm: Crm, kind: str) -> None:
    """CLI-02, CLI-06, TL-01: the one that exists gets its name; whoever waits is told which one does not."""
    _, (ada,) = await crm.new_company("Confirming GmbH", "Lovelace")
    contacts = [{"contact_id": f"nada-{uuid4()}"}, {"contact_id": ada}]
    card = await (crm.new_deal if kind == "deal" else crm.new_lead)(title="Who?", contacts=contacts)
    path = f"/{kind}s/{card}"

    client = (await until(partial(crm.get, f"{kind}s", path), _is_answered))["client"]
    assert [(link["contact_id"], link["title"]) for link in client["contacts"]] == [(ada, "Lovelace")]
    assert (client["link_state"], client["refused_contacts"]) == ("refused", [contacts[0]["contact_id"]])

    other = {"contact_id": f"nada-{uuid4()}"}
    asked = {"PUT": [other, {"contact_id": ada}], "POST": other}
    for method, field in (("PUT", "0.contact_id"), ("POST", "contact_id")):
        refused = await crm.call(method, f"{kind}s", f"{path}/contacts", asked[method], Prefer="wait=60")
        assert (refused.status_code, refused.json()["code"]) == (409, "contact_not_found"), refused.text
        assert [error["field"] for error in refused.json()["errors"]] == [field]
    told = await until(
        partial(crm.timeline, f"contact:{other['contact_id']}"), lambda entries: _kinds(entries)[:1] == ["unlinked"]
    )
    assert "linked" in _kinds(told)
    assert "unlinked" in _kinds(await crm.timeline(f"{kind}:{card}"))
    found = await crm.get(f"{kind}s", path)
    assert [link["contact_id"] for link in found["client"]["contacts"]] == [ada]


@pytest.mark.parametrize("kind", ["lead", "deal"])
async def test_a_list_with_a_contact_that_does_not_exist_takes_the_place_of_none(crm: Crm, kind: str) -> None:
    """CLI-02, CLI-06: the refused request has unlinked nobody."""
    _, (ada,) = await crm.new_company("Keeping GmbH", "Lovelace")
    card = await (crm.new_deal if kind == "deal" else crm.new_lead)(title="Kept", contacts=[{"contact_id": ada}])
    path = f"/{kind}s/{card}"
    before = (await until(partial(crm.get, f"{kind}s", path), _is_answered))["client"]

    refused = await crm.call("PUT", f"{kind}s", f"{path}/contacts", [{"contact_id": "nada"}], Prefer="wait=60")

    assert (refused.status_code, refused.json()["code"]) == (409, "contact_not_found"), refused.text
    assert refused.json()["client"]["contacts"] == before["contacts"]
    assert (await crm.get(f"{kind}s", path))["client"]["contacts"] == before["contacts"]


def _is_answered(found: Json) -> bool:
    return bool(found["client"]["link_state"] != "pending")


def _kinds(entries: list[Json]) -> list[str]:
    return [entry["kind"] for entry in entries]


@pytest.mark.real_kafka
async def test_a_then_b_then_a_ends_with_the_contacts_of_a_alone(crm: Crm) -> None:
    """CLI-07: in quick succession, and also when all answers come again, shuffled and doubled."""
    first, of_first = await crm.new_company("A AG", "A1", "A2")
    second, _ = await crm.new_company("B AG", "B1", "B2", "B3")
    deal = await crm.new_deal(title="Undecided")

    for company in (first, second, first):
        answer = await crm.call("PUT", "deals", f"/deals/{deal}/client", {"company_id": company})
        assert answer.status_code in {200, 202}, answer.text

    def settled(found: Json) -> bool:
        return bool(found["client"]["link_state"] == "done")

    found = await until(lambda: crm.get("deals", f"/deals/{deal}"), settled)
    assert [link["contact_id"] for link in found["client"]["contacts"]] == of_first
    await crm.settle()
    answers = [
        record
        for record in await crm.log()
        if dict(record.headers).get("ce_type") == ElementContactsResolved.ce_type.encode()
        and record.key == deal.encode()
    ]
    assert len(answers) >= 3
    await crm.deliver(random.Random(7).sample(answers * 2, len(answers) * 2))
    await crm.settle()
    assert await crm.get("deals", f"/deals/{deal}") == found
