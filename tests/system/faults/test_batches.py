"""A service that is killed in the middle of a batch does nothing of it twice, and loses nothing (ADR 0048)."""

from collections import Counter
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.system.crm import Crm, until
from tests.system.faults.test_deaths import is_dead, restart

pytestmark = pytest.mark.real_kafka


async def dies_in(crm: Crm, point: str, path: str, body: dict[str, Any], key: str) -> None:
    """Send the batch to a service that dies at the point, and start the service again."""
    name = "clients" if "companies" in point else "leads"
    service = crm.services[name]
    await restart(service, point)
    try:
        with suppress(httpx.TransportError):
            await crm.call("POST", name, path, body, idempotency_key=key)
        await until(is_dead(service), bool)
    finally:
        await restart(service, None)


async def created_events(crm: Crm, ids: set[str]) -> Counter[str]:
    """How many different events say that these were created."""
    told = {
        (record.key.decode(), dict(record.headers)["ce_id"])
        for record in await crm.log()
        if record.key and record.key.decode() in ids and b".created." in dict(record.headers).get("ce_type", b"")
    }
    return Counter(key for key, _ in told)


@pytest.mark.parametrize("on_existing", ["refuse", "correct"])
async def test_a_batch_that_killed_its_service_is_finished_by_its_repeat(crm: Crm, on_existing: str) -> None:
    """CMN-14, LEAD-01: 120 leads are there once, and each is told of once, whatever was published before the death."""
    originator, key = f"killed-{uuid4()}", str(uuid4())
    items = [{"title": f"{n}", "originator_id": originator, "origin_id": str(n)} for n in range(120)]
    body = {"items": items, "on_existing": on_existing}
    await dies_in(crm, "written:leads#60", "/leads/batch", body, key)
    answer = await crm.call("POST", "leads", "/leads/batch", body, idempotency_key=key)
    assert (answer.status_code, answer.json()["refused"]) == (207, 0)
    ids = [item["id"] for item in answer.json()["items"]]
    leads = [await crm.get("leads", f"/leads/{id_}") for id_ in ids[::40]]
    assert [lead["origin_id"] for lead in leads] == ["0", "40", "80"]
    page = await crm.get("leads", f"/leads?originator_id={originator}&limit=200")
    assert {lead["id"] for lead in page["items"]} == set(ids)
    again = await crm.call("POST", "leads", "/leads/batch", body, idempotency_key=key)
    assert again.json() == answer.json()
    # What was not published before the death, the sweeper publishes.
    await until(partial(created_events, crm, set(ids)), lambda found: found == Counter(ids))
    await crm.settle()
    assert await created_events(crm, set(ids)) == Counter(ids)


async def test_companies_that_were_written_before_a_death_get_their_contacts_from_the_repeat(crm: Crm) -> None:
    """COMP-01, COMP-04: it dies when the companies are written, and none of their contacts."""
    key, staff = str(uuid4()), [{"last_name": "Amsel"}, {"last_name": "Berg"}]
    body = {"items": [{"title": "Killed GmbH", "contacts": staff} for _ in range(5)]}
    await dies_in(crm, "written:companies#3", "/companies/batch", body, key)
    answer = await crm.call("POST", "clients", "/companies/batch", body, idempotency_key=key)
    ids = [item["id"] for item in answer.json()["items"]]
    assert (answer.json()["refused"], len(set(ids))) == (0, 5)
    for id_ in ids:
        page = await crm.get("clients", f"/companies/{id_}/contacts")
        assert [contact["last_name"] for contact in page["items"]] == ["Amsel", "Berg"]


async def test_conversions_whose_service_was_killed_are_each_done_once(crm: Crm) -> None:
    """LEAD-11, LEAD-13."""
    answer = await crm.call(
        "POST", "leads", "/leads/batch", {"items": [{"last_name": f"Batch {n}"} for n in range(20)]}
    )
    ids = [item["id"] for item in answer.json()["items"]]
    body, key = {"lead_ids": ids, "targets": ["contact", "deal"]}, str(uuid4())
    await dies_in(crm, "written:leads#10", "/conversions", body, key)
    answer = await crm.call("POST", "leads", "/conversions", body, Prefer="wait=60")
    assert [item["status"] for item in answer.json()["items"]] == [200] * 20
    await crm.settle()
    for id_ in ids:
        assert len(await crm.deals_of(id_)) == 1
