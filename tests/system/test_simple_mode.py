"""Simple mode over the running services: an enquiry becomes a deal and a client at once (LEAD-16, MODE-05)."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.system.conftest import a_crm_of_its_own
from tests.system.crm import Crm, Json, a_phone


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def simple(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Crm]:
    """A CRM of its own without leads that stay: the switch would convert those of other tests."""
    async with a_crm_of_its_own(tmp_path_factory.mktemp("simple")) as crm:
        await choose(crm, "simple", client="contact")
        yield crm


async def choose(crm: Crm, mode: str, **conversion: str) -> Json:
    answer = await crm.call("PUT", "leads", "/settings/mode", {"mode": mode, "conversion": conversion})
    assert answer.is_success, answer.text
    chosen: Json = answer.json()
    return chosen


async def enquiry(crm: Crm, **fields: object) -> Json:
    answer = await crm.call("POST", "leads", "/leads", fields, Prefer="wait=60")
    assert answer.status_code == 201, answer.text
    lead: Json = answer.json()
    return lead


async def test_an_enquiry_is_answered_with_its_deal_and_its_contact(simple: Crm) -> None:
    """MODE-05: in one answer; the next enquiry with the contact makes a deal alone."""
    phone = a_phone()
    lead = await enquiry(simple, last_name="Berg", phones=[{"value": phone}])
    assert (lead["stage_id"], lead["converted"], lead["conversion_state"]) == ("CONVERTED", True, "done")
    (deal,) = lead["deal_ids"]
    (contact,) = await simple.contacts_with(phone)
    assert lead["client"]["contacts"][0]["contact_id"] == contact["id"]
    assert (await simple.get("deals", f"/deals/{deal}"))["lead_id"] == lead["id"]
    again = await enquiry(simple, title="Once more", contacts=[{"contact_id": contact["id"]}])
    assert (again["conversion_state"], again["is_repeat"]) == ("done", True)
    assert again["deal_ids"] != [deal]
    assert len(await simple.contacts_with(phone)) == 1


async def test_an_enquiry_becomes_both_as_the_mode_says(simple: Crm) -> None:
    """MODE-05, MODE-08."""
    await choose(simple, "simple", client="both")
    lead = await enquiry(simple, last_name="Berg", company_title=f"Pumps {uuid4().hex[:12]} Ltd")
    assert lead["client"]["company"]["title"] == lead["company_title"]
    assert len(lead["client"]["contacts"]) == 1


async def test_an_enquiry_with_duplicates_to_decide_stays_until_that_is_decided(simple: Crm) -> None:
    """MODE-05: it is listed with its reason; nothing is made of it before."""
    phone = a_phone()
    for name in ("Amsel", "Drossel"):
        made = await simple.call("POST", "clients", "/contacts", {"last_name": name, "phones": [{"value": phone}]})
        assert made.status_code == 201, made.text
    lead = await enquiry(simple, last_name="Fink", phones=[{"value": phone}])
    assert (lead["conversion_state"], lead["deal_ids"], lead["stage_semantic"]) == ("refused", [], "P")
    conversion = await simple.conversion(lead["id"])
    assert (conversion["code"], len(conversion["candidates"])) == ("duplicates_found", 2)
    listed = await simple.get("leads", "/leads")
    assert lead["id"] in {each["id"] for each in listed["items"]}
    assert (await simple.convert(lead["id"], on_duplicate="create")).status_code == 200
