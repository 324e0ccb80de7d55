"""What happens to a client between its resolution and its deal, while deals is down (LEAD-13, COMP-10, DUP-02).

The deal is opened with what clients had found; it looks afterwards itself, and so does the lead.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from crm_contracts.client_answers import LeadClientResolved
from crm_contracts.registry import parse

from tests.system.crm import Crm, Json, a_phone, until
from tests.system.faults.test_deaths import restart
from tests.system.late_refusal import refused_late

pytestmark = pytest.mark.real_kafka


@asynccontextmanager
async def without_deals(crm: Crm) -> AsyncIterator[None]:
    await asyncio.to_thread(crm.services["deals"].terminate)
    try:
        yield
    finally:
        await restart(crm.services["deals"], None)


async def resolved(crm: Crm, lead: str) -> LeadClientResolved:
    """The answer of clients, which waits for deals."""

    async def answers() -> list[LeadClientResolved]:
        events = [parse(record.headers, record.value) for record in await crm.log()]
        told = [event.data for event in events if event and isinstance(event.data, LeadClientResolved)]
        return [answer for answer in told if answer.lead.id == lead]

    return (await until(answers, bool))[0]


async def a_lead_of(crm: Crm, company: str) -> str:
    """A lead whose company is known, with several contacts."""
    title = (await crm.get("clients", f"/companies/{company}"))["title"]
    return await crm.new_lead(last_name="Between", company_title=title, phones=[{"value": a_phone()}])


def links(*contacts: str) -> Callable[[Json], bool]:
    def check(element: Json) -> bool:
        return {link["contact_id"] for link in element["client"]["contacts"]} == set(contacts)

    return check


Ending = Callable[[Crm, str], Awaitable[str | None]]


async def deleted(crm: Crm, contact: str) -> None:
    assert (await crm.call("DELETE", "clients", f"/contacts/{contact}")).status_code == 204


async def merged(crm: Crm, contact: str) -> str:
    """It ends in another contact; returns the survivor."""
    name = (await crm.get("clients", f"/contacts/{contact}"))["last_name"]
    answer = await crm.call("POST", "clients", "/contacts", {"last_name": name})
    survivor = str(answer.json()["id"])
    merge = await crm.call("POST", "clients", f"/contacts/{survivor}/merge", {"others": [contact]})
    assert merge.status_code == 200, merge.text
    return survivor


@pytest.mark.parametrize("end", [deleted, merged])
async def test_a_contact_of_the_company_that_ends_before_the_deal_is_there_is_not_linked(crm: Crm, end: Ending) -> None:
    """COMP-10, DUP-02: the survivor of a merge is linked in its place."""
    company, (leaver, stays) = await crm.new_company(f"Between {a_phone()} GmbH", "Leaver", "Stays")
    lead = await a_lead_of(crm, company)
    async with without_deals(crm):
        await crm.convert(lead, wait=1, targets=["contact", "company", "deal"])
        answer = await resolved(crm, lead)
        assert answer.company_contacts is not None
        assert leaver in {ref.id for ref in answer.company_contacts.contacts}
        survivor = await end(crm, leaver)
    conversion = await crm.converted(lead)
    path = f"/deals/{conversion['deal']['id']}"
    left = [stays, conversion["contact"]["id"], *([survivor] if survivor else [])]
    deal = await until(lambda: crm.get("deals", path), links(*left))
    assert deal["client"]["link_state"] == "done"
    await crm.settle()


@pytest.mark.parametrize("end", [deleted, merged])
async def test_the_contact_of_the_conversion_that_ends_before_the_deal_is_there_is_linked_nowhere(
    crm: Crm, end: Ending
) -> None:
    """COMP-10, DUP-02, LEAD-13: neither by the deal nor by the lead; the conversion ends all the same."""
    lead = await crm.new_lead(last_name="Ending", phones=[{"value": a_phone()}])
    async with without_deals(crm):
        await crm.convert(lead, wait=1)
        answer = await resolved(crm, lead)
        assert answer.contact is not None
        survivor = await end(crm, answer.contact.id)
    conversion = await crm.converted(lead)
    left = links(*([survivor] if survivor else []))
    await until(lambda: crm.get("deals", f"/deals/{conversion['deal']['id']}"), left)
    await until(lambda: crm.get("leads", f"/leads/{lead}"), left)
    await crm.settle()


async def test_a_company_that_ends_before_the_deal_is_there_is_linked_nowhere(crm: Crm) -> None:
    """COMP-10: its contacts stay, as after any deletion."""
    company, contacts = await crm.new_company(f"Over {a_phone()} GmbH", "Stays")
    lead = await a_lead_of(crm, company)
    async with without_deals(crm):
        await crm.convert(lead, wait=1, targets=["contact", "company", "deal"])
        answer = await resolved(crm, lead)
        assert answer.company is not None
        assert answer.company.id == company
        assert (await crm.call("DELETE", "clients", f"/companies/{company}")).status_code == 204
    conversion = await crm.converted(lead)
    deal_path = f"/deals/{conversion['deal']['id']}"
    deal = await until(lambda: crm.get("deals", deal_path), lambda found: found["client"]["company"] is None)
    assert links(*contacts, conversion["contact"]["id"])(deal)
    await until(lambda: crm.get("leads", f"/leads/{lead}"), lambda found: found["client"]["company"] is None)
    await crm.settle()


async def test_the_client_of_an_attempt_that_deals_refused_opens_no_deal_when_it_is_told_again(crm: Crm) -> None:
    """LEAD-13: late answers of an attempt; the retry keeps the client and gets one deal."""
    lead = await crm.new_lead(last_name="Retried", phones=[{"value": a_phone()}])
    refused = await refused_late(crm, lead)
    first = [r for r in await crm.log() if dict(r.headers).get("ce_type") == LeadClientResolved.ce_type.encode()]
    first = [record for record in first if lead.encode() in (record.value or b"")]
    assert len(first) == 2  # the answer that deals refused, and the late one of clients
    await crm.deliver([*first, *first])
    await crm.settle()
    assert await crm.deals_of(lead) == []
    done = await crm.convert(lead)
    assert (done.status_code, done.json()["contact"]["id"]) == (200, refused["contact"]["id"])
    before = await crm.get("leads", f"/leads/{lead}")
    await crm.deliver([*first, *first])
    await crm.settle()
    assert [deal["id"] for deal in await crm.deals_of(lead)] == [done.json()["deal"]["id"]]
    assert await crm.get("leads", f"/leads/{lead}") == before
