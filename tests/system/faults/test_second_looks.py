"""Whatever links a client looks afterwards whether it is still there; it is killed right after its write.

Each test asks `crm verify` while the process is dead. What it finds is what would have been left if the
look were a part of the call that is lost, or of nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import httpx
import pytest
from crm_contracts.client_answers import ElementContactsResolved
from crm_contracts.registry import parse

from deploy.verify.run import verify
from deploy.verify.target import Target
from tests.system.crm import Crm, Json, a_phone, until
from tests.system.faults.test_between_steps import resolved
from tests.system.faults.test_deaths import is_dead, restart

pytestmark = pytest.mark.real_kafka

CARDS = pytest.mark.parametrize("name", ["deals", "leads"])


async def left_behind(crm: Crm, client: str) -> set[str]:
    """What is found about a client that is gone, by those that link it."""
    report = await verify(Target.to(crm.stack.mongo.url, crm.stack.kafka.environment), patience_s=1, pause_s=0.1)
    return {str(each.subject) for each in report.broken if each.invariant == "departures" and client in str(each)}


async def a_contact(crm: Crm, **fields: object) -> str:
    answer = await crm.call("POST", "clients", "/contacts", {"last_name": "Leaver", **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def a_card(crm: Crm, name: str, **fields: object) -> str:
    return await (crm.new_deal if name == "deals" else crm.new_lead)(title="Card", **fields)


async def delete(crm: Crm, contact: str) -> None:
    assert (await crm.call("DELETE", "clients", f"/contacts/{contact}")).status_code == 204


async def stop(crm: Crm, name: str) -> None:
    await asyncio.to_thread(crm.services[name].terminate)


async def dies_and_is_found_out(crm: Crm, name: str, element: Callable[[], Awaitable[str]], contact: str) -> None:
    """It dies right after it has linked the contact; `crm verify` names the link, and then the service unlinks it."""
    service, noun = crm.services[name], name.removesuffix("s")
    # Without a repeated request, which would be another write, and one event after the other: else the deletion that is
    # handled beside the answer may be written, too, before the service dies.
    one_by_one = {"CRM_CONVERSION_SILENCE_S": "600", "KAFKA_PARALLEL_KEYS": "1"}
    environment = {"CRM_FAULT_POINT": f"written:{name}", **one_by_one}

    async def dies() -> set[str]:
        await asyncio.to_thread(service.restart, environment)
        await until(is_dead(service), bool)
        return await left_behind(crm, contact)

    try:
        # It may have died after the write of another element, and then lives until its next one.
        found = await until(dies, bool)
    finally:
        await restart(service, None)
    id_ = await element()
    assert f"{noun}:{id_}" in found
    await until(partial(crm.get, name, f"/{name}/{id_}"), partial(_has_left, contact))
    await crm.settle()
    assert await left_behind(crm, contact) == set()


@CARDS
async def test_an_element_created_with_a_deleted_contact_does_not_keep_it(crm: Crm, name: str) -> None:
    """CLI-02, COMP-10: nobody sends the request again."""
    contact = await a_contact(crm)
    await delete(crm, contact)
    await crm.settle()
    await restart(crm.services[name], f"written:{name}")
    try:
        with pytest.raises(httpx.TransportError):
            await a_card(crm, name, contacts=[{"contact_id": contact}])
    finally:
        await restart(crm.services[name], None)
    page = await crm.get(name, f"/{name}?limit=1")
    found = await until(partial(crm.get, name, f"/{name}/{page['items'][0]['id']}"), partial(_has_left, contact))
    assert found["client"]["refused_contacts"] == [contact]


@CARDS
async def test_a_card_that_linked_a_client_created_from_it_unlinks_one_that_is_gone(crm: Crm, name: str) -> None:
    """CLI-05, COMP-10."""
    card = await a_card(crm, name)
    await crm.settle()
    await stop(crm, name)
    contact = await a_contact(crm, link_to={"type": name.removesuffix("s"), "id": card})
    await delete(crm, contact)

    async def element() -> str:
        return card

    await dies_and_is_found_out(crm, name, element, contact)


@CARDS
async def test_an_element_that_got_the_contacts_of_a_company_unlinks_one_that_is_gone(crm: Crm, name: str) -> None:
    """CLI-07, COMP-10: the answer is older than the deletion."""
    company, (contact, _) = await crm.new_company("Leaving GmbH", "Leaver", "Stayer")
    card = await a_card(crm, name)
    await crm.settle()
    await stop(crm, "clients")
    asked = await crm.call("PUT", name, f"/{name}/{card}/client", {"company_id": company})
    assert asked.status_code == 202, asked.text
    await stop(crm, name)
    await restart(crm.services["clients"], None)

    async def is_answered() -> bool:
        events = [parse(record.headers, record.value) for record in await crm.log()]
        answers = [event.data for event in events if event and isinstance(event.data, ElementContactsResolved)]
        return any(answer.element.id == card for answer in answers)

    await until(is_answered, bool)
    await delete(crm, contact)

    async def element() -> str:
        return card

    await dies_and_is_found_out(crm, name, element, contact)


async def test_a_deal_opened_for_a_lead_unlinks_a_contact_that_is_gone(crm: Crm) -> None:
    """LEAD-11, COMP-10: the contact ends while the deal is requested."""
    contact = await a_contact(crm)
    lead = await crm.new_lead(title="Repeat", contacts=[{"contact_id": contact}])
    await crm.settle()
    await stop(crm, "deals")
    assert (await crm.convert(lead, wait=0)).status_code == 202
    await delete(crm, contact)

    async def element() -> str:
        return str((await crm.converted(lead))["deal"]["id"])

    await dies_and_is_found_out(crm, "deals", element, contact)


async def test_a_converted_lead_unlinks_a_result_that_is_gone(crm: Crm) -> None:
    """LEAD-14, COMP-10: the contact ends while the deal is requested."""
    lead = await crm.new_lead(last_name="Short", phones=[{"value": a_phone()}])
    await crm.settle()
    await stop(crm, "deals")
    assert (await crm.convert(lead, wait=0, targets=["contact", "deal"])).status_code == 202
    result = (await resolved(crm, lead)).contact
    assert result is not None
    await delete(crm, result.id)
    await stop(crm, "leads")
    await restart(crm.services["deals"], None)

    async def element() -> str:
        return lead

    await dies_and_is_found_out(crm, "leads", element, result.id)


@pytest.mark.parametrize("passage", [1, 2, 3])
async def test_a_merge_that_dies_after_any_of_its_writes_is_ended(crm: Crm, passage: int) -> None:
    """DUP-02: by the event of its begin; the caller got no answer and does not call again."""
    survivor, other = await a_contact(crm), await a_contact(crm)
    deal = await crm.new_deal(title="Follows", contacts=[{"contact_id": other}, {"contact_id": survivor}])
    await crm.settle()
    service = crm.services["clients"]
    await restart(service, f"written:contacts#{passage}")
    try:
        with suppress(httpx.TransportError):
            await crm.call("POST", "clients", f"/contacts/{survivor}/merge", {"others": [other]})
        await until(is_dead(service), bool)
        found = await left_behind(crm, survivor)
    finally:
        await restart(service, None)
    assert (f"contact:{survivor}" in found) == (passage < 3)
    gone = await until(partial(crm.call, "GET", "clients", f"/contacts/{other}"), lambda answer: answer.is_error)
    assert (gone.json()["code"], gone.json()["merged_into"]) == ("gone", survivor)
    await until(partial(crm.get, "deals", f"/deals/{deal}"), partial(_has_left, other))
    await crm.settle()
    found_deal = await crm.get("deals", f"/deals/{deal}")
    assert [link["contact_id"] for link in found_deal["client"]["contacts"]] == [survivor]
    assert await left_behind(crm, survivor) | await left_behind(crm, other) == set()


def _has_left(contact: str, element: Json) -> bool:
    client = element["client"]
    return client["link_state"] != "pending" and contact not in {link["contact_id"] for link in client["contacts"]}
