"""A known client makes a new request, over the running services (LEAD-05)."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest_asyncio

from tests.system.crm import Crm, Json, a_phone, until


@pytest_asyncio.fixture(loop_scope="session")
async def asked(crm: Crm) -> AsyncIterator[Crm]:
    """The CRM with the setting on, as nobody else has it."""
    await switched(crm, on=True)
    yield crm
    await switched(crm, on=False)


async def switched(crm: Crm, *, on: bool) -> None:
    answer = await crm.call("PUT", "leads", "/settings/leads", {"repeat_leads_enabled": on})
    assert answer.status_code == 200, answer.text


def phone(value: str) -> Json:
    return {"phones": [{"value": value}]}


async def client(crm: Crm, path: str, **fields: Any) -> str:
    answer = await crm.call("POST", "clients", path, {"last_name": "Berg", **fields} if path == "/contacts" else fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def linked(crm: Crm, lead: str) -> Json:
    """The lead, once what it links is confirmed."""
    found: Json = await until(
        lambda: crm.get("leads", f"/leads/{lead}"),
        lambda lead: lead["is_repeat"] and lead["client"]["link_state"] == "done",
    )
    return found


async def test_the_phone_of_a_contact_makes_a_repeat_lead(asked: Crm) -> None:
    """LEAD-05, A-01: linked to the oldest, with the others as candidates; it is converted into a deal alone."""
    number = a_phone()
    contacts = [await client(asked, "/contacts", **phone(number)) for _ in range(3)]
    lead = await linked(asked, await asked.new_lead(title="More pumps", **phone(f"tel: {number}")))
    assert [each["contact_id"] for each in lead["client"]["contacts"]] == contacts[:1]
    assert [each["id"] for each in lead["candidates"]] == contacts[1:]
    done = (await asked.convert(lead["id"])).json()
    assert (done["contact"], done["company"]) == (None, None)
    assert done["deal"] is not None


async def test_the_e_mail_of_a_contact_makes_a_repeat_lead_whichever_way_it_comes_in(asked: Crm) -> None:
    """LEAD-05: alone, in a batch, and by its origin."""
    mail = f"{uuid4().hex}@acme.example"
    contact = await client(asked, "/contacts", emails=[{"value": mail}])
    body = {"emails": [{"value": mail.upper()}]}
    batch = await asked.call("POST", "leads", "/leads/batch", {"items": [body]})
    origin = await asked.call("PUT", "leads", f"/leads/external/shop/{uuid4().hex}", body)
    for id_ in (await asked.new_lead(**body), batch.json()["items"][0]["id"], origin.json()["id"]):
        lead = await linked(asked, id_)
        assert lead["client"]["contact_id"] == contact


async def test_a_contact_goes_before_a_company_and_that_before_a_converted_lead(asked: Crm) -> None:
    """LEAD-05."""
    number = a_phone()
    first = await asked.new_lead(last_name="Erst", **phone(number))
    made = (await asked.convert(first)).json()["contact"]["id"]
    emptied = await asked.call("PATCH", "clients", f"/contacts/{made}", {"phones": [], "last_name": "Erst"})
    assert emptied.status_code == 200, emptied.text
    by_lead = await linked(asked, await asked.new_lead(**phone(number)))
    assert by_lead["client"]["contact_id"] == made, "the client of the converted lead"
    company, (employee,) = await asked.new_company("Firm", "Kraft")
    named = await asked.call("PATCH", "clients", f"/companies/{company}", phone(number))
    assert named.status_code == 200, named.text
    by_company = await linked(asked, await asked.new_lead(**phone(number)))
    assert by_company["client"]["company"]["id"] == company
    assert by_company["client"]["contact_id"] == employee, "with its contacts (CLI-07)"
    contact = await client(asked, "/contacts", **phone(number))
    by_contact = await linked(asked, await asked.new_lead(**phone(number)))
    assert (by_contact["client"]["contact_id"], by_contact["client"]["company"]) == (contact, None)


async def test_with_the_setting_off_it_is_a_normal_lead(crm: Crm) -> None:
    """LEAD-05: the same holds for what came in before it was switched on."""
    number = a_phone()
    await client(crm, "/contacts", **phone(number))
    lead = await crm.new_lead(**phone(number))
    await crm.settle()
    found = await crm.get("leads", f"/leads/{lead}")
    assert (found["is_repeat"], found["client"]["contacts"], found["candidates"]) == (False, [], [])


async def test_a_question_and_its_answer_that_come_again_change_nothing(asked: Crm) -> None:
    """LEAD-05: delivered twice, after the client was unlinked by hand."""
    number = a_phone()
    await client(asked, "/contacts", **phone(number))
    lead = (await linked(asked, await asked.new_lead(**phone(number))))["id"]
    freed = await asked.call("PUT", "leads", f"/leads/{lead}/client", {"contacts": [], "company_id": None})
    assert freed.status_code == 200, freed.text
    await asked.settle()
    mine = [record for record in await asked.log() if record.key == lead.encode()]
    await asked.deliver([*mine, *mine])
    await asked.settle()
    after = await asked.get("leads", f"/leads/{lead}")
    assert (after["client"]["contacts"], after["version"]) == ([], freed.json()["version"])
