"""What people see while Kafka or MongoDB is away or hangs, and what becomes of their work afterwards."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from deploy.local.services import ServiceProcess
from shared.kit.messaging.hints import MAX_HINTED_BYTES
from tests.system.conftest import QUICK
from tests.system.crm import Crm, Json, until

pytestmark = pytest.mark.real_kafka

AT_ONCE_S = 10.0
"""For a refusal: an operation waits for a primary for 3 s."""


@asynccontextmanager
async def a_replica_of_leads(crm: Crm, **environment: str) -> AsyncIterator[ServiceProcess]:
    """One more, started with these settings and ended afterwards."""
    replica = await asyncio.to_thread(
        lambda: crm.stack.add_service("leads", replica="strict", extra_environment={**QUICK, **environment})
    )
    try:
        await asyncio.to_thread(replica.wait_ready)
        yield replica
    finally:
        await asyncio.to_thread(replica.terminate)


async def readiness(crm: Crm, service: ServiceProcess) -> tuple[int, Json]:
    answer = await crm.http.get(f"{service.url}/health/ready")
    return answer.status_code, answer.json()


async def test_without_kafka_writes_go_on_until_the_backlog_is_full_and_drain_by_themselves(crm: Crm) -> None:
    async with a_replica_of_leads(crm, CRM_BACKLOG_CAP="20", CRM_SWEEP_INTERVAL_S="0.2") as leads:

        async def create() -> httpx.Response:
            return await crm.http.post(f"{leads.url}/v1/leads", json={"title": "Written without Kafka"})

        await asyncio.to_thread(crm.stack.kafka.kill)
        try:
            taken: list[str] = []
            while (answer := await create()).status_code == 201:
                taken.append(answer.json()["id"])
            assert len(taken) > 20
            assert (answer.status_code, answer.json()["code"]) == (503, "event_backlog_full")
            assert int(answer.headers["retry-after"]) >= 1
            status, parts = await readiness(crm, leads)
            assert (status, parts["backlog"], parts["database"]) == (503, "full", "ok")
            # Reading goes on.
            assert (await crm.http.get(f"{leads.url}/v1/leads/{taken[0]}")).status_code == 200
        finally:
            await asyncio.to_thread(crm.stack.kafka.restart)

        await until(lambda: readiness(crm, leads), lambda found: found[1]["status"] == "ok")
        assert (await create()).status_code == 201
    await crm.settle()
    told = {(record.key or b"").decode() for record in await crm.log()}
    assert set(taken) <= told


async def test_while_the_database_hangs_everybody_is_told_and_nothing_that_was_begun_is_lost(crm: Crm) -> None:
    """503 instead of a hang; conversions that were under way end afterwards, and no offset is lost."""
    leads = [await crm.new_lead(last_name=f"Begun {n}") for n in range(10)]
    answers = [await crm.call("POST", "leads", f"/leads/{lead}/conversion", {}) for lead in leads]
    assert {answer.status_code for answer in answers} <= {200, 202}
    crm.stack.mongo.pause()
    try:
        for name in crm.services:

            async def says_so(service: ServiceProcess = crm.services[name]) -> bool:
                status, parts = await readiness(crm, service)
                return (status, parts["database"]) == (503, "away")

            await until(says_so, bool)
        asked = [crm.call("GET", "leads", f"/leads/{lead}") for lead in leads]
        refused = await asyncio.wait_for(asyncio.gather(*asked), AT_ONCE_S)
        assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(503, "database_unavailable")}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    finally:
        crm.stack.mongo.resume()
    await crm.recovered()
    for lead in leads:
        assert (await crm.converted(lead))["deal"]
    await crm.settle()


async def test_what_waits_for_kafka_does_not_pile_up_in_memory(
    crm: Crm, record_property: Callable[[str, object], None]
) -> None:
    """Once the bound on what is kept in memory is reached, what is written waits in the documents alone."""
    long = "\N{GRINNING FACE}" * 13_000
    body = {"comments": long, "source_description": long, "status_description": long}
    async with a_replica_of_leads(crm, CRM_SWEEP_GRACE_S="3600") as leads:

        async def resident() -> float:
            text = (await crm.http.get(f"{leads.url}/metrics")).text
            return next(
                float(line.split()[1]) for line in text.splitlines() if line.startswith("process_resident_memory_bytes")
            )

        async def create() -> None:
            assert (await crm.http.post(f"{leads.url}/v1/leads", json=body)).status_code == 201

        async def write(rounds: int = 40) -> int:
            for _ in range(rounds):
                await asyncio.gather(*(create() for _ in range(10)))
            return rounds * 10 * len(body) * len(long.encode())

        crm.stack.kafka.pause()
        try:
            written = await write()
            assert written > MAX_HINTED_BYTES
            full = await resident()
            written = await write(rounds=80)
            grown = await resident() - full
        finally:
            crm.stack.kafka.resume()
    record_property("written_bytes", written)
    record_property("grown_bytes", grown)
    assert grown < written / 2, "what is kept grows with what is written"
    await crm.settle()
