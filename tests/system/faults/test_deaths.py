"""What is killed comes back, and nothing is lost or done twice.

A fault point kills the process from the inside at an exact place (`CRM_FAULT_POINT`), so the gap between
two writes is hit every time, not by luck.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest
from pymongo import MongoClient

from deploy.local.process import NotReady
from deploy.local.services import DATABASE_PREFIX, ServiceProcess
from tests.system.conftest import QUICK
from tests.system.crm import Crm, Json, a_phone, until

pytestmark = pytest.mark.real_kafka

DEATHS = {
    "clients": (
        "claimed",
        "written:resolutions",
        "written:companies",
        "written:resolutions",
        "publish:crm.lead.client_resolved.v1",
        "released",
    ),
    "leads": (
        "publish:crm.lead.conversion_requested.v1",
        "written:leads",
        "publish:crm.lead.converted.v1",
    ),
    "deals": ("written:deals", "publish:crm.deal.created.v1"),
}
"""Per service, where it dies in one conversion: after each of its writes, and before it publishes its answer.

Company and contact are written side by side: whether the contact is there when the company's writer dies is chance.
"""


@pytest.mark.parametrize("name", DEATHS)
async def test_a_service_killed_between_each_two_steps_converts_once(crm: Crm, name: str) -> None:
    """LEAD-13: one conversion, one death after the other; each time the service goes on where it was."""
    phone = a_phone()
    service = crm.services[name]
    lead = await crm.new_lead(last_name="Survivor", company_title=f"Survivors {phone}", phones=[{"value": phone}])
    first, *others = DEATHS[name]
    await restart(service, first)
    with suppress(httpx.TransportError):
        await crm.convert(lead, wait=1, targets=["contact", "company", "deal"])
    try:
        for point in others:
            await until(is_dead(service), bool)
            await restart(service, point)
        await until(_is_dead_or_through(service, crm, lead), bool)
    finally:
        await restart(service, None)

    conversion = await crm.converted(lead)
    await crm.settle()
    contacts = await crm.contacts_with(phone)
    assert [contact["id"] for contact in contacts] == [conversion["contact"]["id"]]
    assert [link["company_id"] for link in contacts[0]["companies"]] == [conversion["company"]["id"]]
    assert [deal["id"] for deal in await crm.deals_of(lead)] == [conversion["deal"]["id"]]
    kinds = [entry["type"] for entry in await crm.timeline(f"lead:{lead}")]
    assert kinds.count("crm.lead.converted.v1") == 1
    assert kinds.count("crm.deal.created.v1") == 1


@pytest.mark.parametrize("name", ["deals", "leads"])
async def test_a_service_killed_right_after_a_link_by_hand_links_no_deleted_contact(crm: Crm, name: str) -> None:
    """COMP-10, CLI-02: the caller got no answer and does not try again; the event alone makes clients look."""
    service, path = crm.services[name], f"/{name}"
    card = await (crm.new_deal if name == "deals" else crm.new_lead)(title="Killed")
    _, (gone, stays) = await crm.new_company("Killed GmbH", "Gone", "Stays")
    assert (await crm.call("DELETE", "clients", f"/contacts/{gone}")).status_code == 204
    await crm.settle()
    contacts = [{"contact_id": gone}, {"contact_id": stays}]
    await restart(service, f"written:{name}")
    try:
        with suppress(httpx.TransportError):
            await crm.call("PUT", name, f"{path}/{card}/contacts", contacts)
        await until(is_dead(service), bool)
    finally:
        await restart(service, None)

    async def client() -> Json:
        found: Json = (await crm.get(name, f"{path}/{card}"))["client"]
        return found

    found = await until(client, lambda client: client["link_no"] and client["link_state"] != "pending")
    assert [(link["contact_id"], link["title"]) for link in found["contacts"]] == [(stays, "Stays")]
    assert (found["link_state"], found["refused_contacts"]) == ("refused", [gone])


@contextmanager
def held(crm: Crm, contact: str) -> Iterator[Callable[[], Awaitable[int]]]:
    """Let writes of a contact wait for a transaction that wrote it, until the end; the function counts those writes."""
    with MongoClient[Json](crm.stack.mongo.url) as client, client.start_session() as session:
        contacts = client[f"{DATABASE_PREFIX}clients"]["contacts"]
        session.start_transaction()
        contacts.update_one({"_id": contact}, {"$set": {"is_held": True}}, session=session)

        async def waiting() -> int:
            asked = {"currentOp": 1, "ns": contacts.full_name, "writeConflicts": {"$gt": 0}}
            return len((await asyncio.to_thread(lambda: client.admin.command(asked)))["inprog"])

        yield waiting


async def test_clients_killed_right_after_a_contact_joined_a_company_that_ends_links_no_such_company(crm: Crm) -> None:
    """COMP-10, COMP-04: it ends between the read and the write of the link; the event alone makes clients look."""
    service = crm.services["clients"]
    company, _ = await crm.new_company("Ending GmbH")
    contact = (await crm.call("POST", "clients", "/contacts", {"last_name": "Joiner"})).json()["id"]
    await crm.settle()
    await restart(service, "written:contacts")
    try:
        with held(crm, contact) as waiting:
            joining = asyncio.create_task(crm.call("PUT", "clients", f"/contacts/{contact}/companies/{company}", {}))
            await until(waiting, bool)
            assert (await crm.call("DELETE", "clients", f"/companies/{company}")).status_code == 204
            await crm.settle()
            assert not joining.done()
        with suppress(httpx.TransportError):
            await joining
        await until(is_dead(service), bool)
    finally:
        await restart(service, None)
    await until(lambda: crm.get("clients", f"/contacts/{contact}"), lambda found: not found["companies"])


async def restart(service: ServiceProcess, point: str | None) -> None:
    """Start it again, to die at the point; the next death may come before it is ready."""
    await asyncio.to_thread(service.restart, {"CRM_FAULT_POINT": point} if point else None)
    with suppress(NotReady):
        await asyncio.to_thread(service.wait_ready)


def is_dead(service: ServiceProcess) -> Callable[[], Awaitable[bool]]:
    async def read() -> bool:
        return not service.is_running

    return read


def _is_dead_or_through(service: ServiceProcess, crm: Crm, lead: str) -> Callable[[], Awaitable[bool]]:
    """The last step may be done already: whether the offset was committed before the death in the relay is chance."""

    async def read() -> bool:
        with suppress(httpx.TransportError):
            return not service.is_running or (await crm.conversion(lead))["state"] == "done"
        return False

    return read


async def test_two_replicas_of_clients_make_one_contact_of_each_phone(crm: Crm) -> None:
    """LEAD-13: 100 pairs of leads with one phone each, every pair converted at the same moment."""
    second = await asyncio.to_thread(
        lambda: crm.stack.add_service("clients", replica="second", extra_environment=QUICK)
    )
    await asyncio.to_thread(second.wait_ready)
    try:
        phones = [a_phone() for _ in range(100)]
        room = asyncio.Semaphore(8)

        async def convert_pair(phone: str) -> list[httpx.Response]:
            async with room:
                pair = [await crm.new_lead(last_name="Pair", phones=[{"value": phone}]) for _ in "ab"]
                return list(await asyncio.gather(*(crm.convert(lead) for lead in pair)))

        answers = await asyncio.gather(*(convert_pair(phone) for phone in phones))
        contacts = [await crm.contacts_with(phone) for phone in phones]
    finally:
        await asyncio.to_thread(second.terminate)

    assert [{answer.status_code for answer in pair} for pair in answers] == [{200}] * 100
    assert [len(found) for found in contacts] == [1] * 100
    assert all(a.json()["contact"]["id"] == b.json()["contact"]["id"] for a, b in answers)


@pytest.mark.parametrize("victim", ["mongo", "kafka"])
async def test_a_killed_server_loses_nothing_that_was_answered(crm: Crm, victim: str) -> None:
    """kill -9 in the middle of conversions; restarted, every conversion that was started ends, once."""
    server = getattr(crm.stack, victim)
    phones = {
        await crm.new_lead(last_name=f"Hit {n}", phones=[{"value": (phone := a_phone())}]): phone for n in range(24)
    }
    answered: list[str] = []

    async def keep_entering() -> None:
        while True:
            with suppress(httpx.TransportError):
                answer = await crm.call("POST", "leads", "/leads", {"last_name": "Meanwhile"})
                if answer.status_code == 201:
                    answered.append(answer.json()["id"])
            await asyncio.sleep(0.05)

    async def convert(lead: str) -> None:
        with suppress(httpx.TransportError):
            await crm.convert(lead, wait=1)

    entering = asyncio.create_task(keep_entering())
    converting = [asyncio.create_task(convert(lead)) for lead in phones]
    await until(_count(answered), lambda n: n >= 3)
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.restart)
    await asyncio.gather(*converting)
    await crm.recovered()
    before = len(answered)
    await until(_count(answered), lambda n: n > before)
    entering.cancel()
    await asyncio.gather(entering, return_exceptions=True)

    for lead in phones:
        if (await crm.conversion(lead))["state"] == "none":
            await crm.convert(lead)
    done = {lead: await crm.converted(lead) for lead in phones}
    await crm.settle()
    for lead, phone in phones.items():
        assert [c["id"] for c in await crm.contacts_with(phone)] == [done[lead]["contact"]["id"]]
        assert [d["id"] for d in await crm.deals_of(lead)] == [done[lead]["deal"]["id"]]
    for lead in answered:
        assert (await crm.call("GET", "leads", f"/leads/{lead}")).status_code == 200


def _count(things: list[str]) -> Callable[[], Awaitable[int]]:
    async def read() -> int:
        return len(things)

    return read
