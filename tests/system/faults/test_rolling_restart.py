"""A deployment restarts every service in turn while people work, and nobody notices."""

import asyncio

import pytest

from deploy.cli.client import address
from tests.system.crm import until
from tests.system.faults.load import Load
from tests.system.faults.site import Site

pytestmark = pytest.mark.real_kafka


async def test_every_service_restarts_in_turn_without_one_failed_conversion(site: Site) -> None:
    """Each ends by itself within its grace period, and comes back while the others go on."""
    load = Load(site.crm, originator="rolling restart", seed=1, callers=4)
    before = site.balancer.answered["refused"]
    await load.start()
    for name, process in site.processes.items():
        await load.reach(len(load.answered) + 2)
        assert await asyncio.to_thread(process.terminate), f"{name} had to be killed"
        process.start()
        await asyncio.to_thread(process.wait_ready)
    await load.reach(len(load.answered) + 10)
    await load.stop()

    assert site.balancer.answered["refused"] - before == load.refused
    assert await load.lost() == []


async def test_a_request_under_way_is_answered_before_a_service_stops(site: Site) -> None:
    """Also one that waits for a process: it learns how far that came."""
    lead = await site.crm.put("leads", address("leads", "external", "drained", "1"), {"last_name": "Waiting"})
    conversion = address("leads", lead.body["id"], "conversion")
    for clients in site.replicas["clients"]:
        clients.pause()
    stopped, other = site.replicas["leads"]
    try:
        waiting = asyncio.create_task(_ask(site, stopped.port, conversion))

        async def state() -> str:
            return str((await _ask(site, other.port, conversion, method="GET"))["state"])

        await until(state, lambda found: found == "running")
        assert await asyncio.to_thread(stopped.terminate)
        assert (await waiting)["state"] == "running"
    finally:
        for clients in site.replicas["clients"]:
            clients.resume()
        stopped.start()
        await asyncio.to_thread(stopped.wait_ready)
    await until(state, lambda found: found == "done")
    await until(site.all_ready, bool)


async def _ask(site: Site, port: int, path: str, *, method: str = "POST") -> dict[str, object]:
    """One request to one replica, waiting for as long as that allows."""
    answer = await site.direct.request(
        method,
        f"http://127.0.0.1:{port}{path}",
        json={} if method == "POST" else None,
        headers={"Prefer": "wait=50"} if method == "POST" else {},
    )
    body: dict[str, object] = answer.json()
    return body
