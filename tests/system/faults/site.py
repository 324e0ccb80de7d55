"""A CRM of its own for faults: five services, three of them twice, behind a caller that balances its load.

It shares nothing with the other tests' stack, so whatever is done to it, and whatever poison its topics
hold, is judged by itself. The caller is the operator's own client: it sends again what was not answered.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from deploy.cli.client import Crm
from deploy.local.services import SERVICES, ServiceProcess
from deploy.local.stack import LocalStack
from tests.deadlines import DEADLINE_S
from tests.system.conftest import QUICK

REPLICAS: Final = {"leads": 2, "deals": 2, "clients": 2, "catalog": 1, "timeline": 1}
SESSION_TIMEOUT_S: Final = int(QUICK["KAFKA_SESSION_TIMEOUT_MS"]) / 1000


class Balancer(httpx.AsyncBaseTransport):
    """Sends each request to any replica of the service that its host names, and counts what was answered."""

    def __init__(self, replicas: dict[str, list[ServiceProcess]]) -> None:
        self._replicas = replicas
        self._chance = random.Random(0)
        self._inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=200, max_keepalive_connections=50))
        self.answered: Counter[str] = Counter()
        """Requests by what came of them: `success`, `refused` (4xx), `unavailable` (5xx), `cut off`."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        replica = self._chance.choice(self._replicas[request.url.host])
        sent = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1", port=replica.port),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        try:
            response = await self._inner.handle_async_request(sent)
        except httpx.TransportError:
            self.answered["cut off"] += 1
            raise
        kind = {4: "refused", 5: "unavailable"}.get(response.status_code // 100, "success")
        self.answered[kind] += 1
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass
class Site:
    """The stack, its replicas by service, and a caller of them."""

    stack: LocalStack
    replicas: dict[str, list[ServiceProcess]]
    crm: Crm
    balancer: Balancer
    direct: httpx.AsyncClient
    """Asks a replica that is named by its port."""
    dead: set[str] = field(default_factory=set)
    """Names of replicas that are meant to be dead now."""

    @property
    def processes(self) -> dict[str, ServiceProcess]:
        """Every replica by name, such as `leads` and `leads-2`."""
        return self.stack.services

    async def all_ready(self) -> bool:
        """Whether each replica that should run takes writes and hears events."""
        async with httpx.AsyncClient(timeout=2) as http:
            alive = [process for name, process in self.processes.items() if name not in self.dead]
            return all(await asyncio.gather(*(_is_well(http, process) for process in alive)))


async def _is_well(http: httpx.AsyncClient, process: ServiceProcess) -> bool:
    try:
        answer = await http.get(f"{process.url}/health/ready")
    except httpx.TransportError:
        return False
    return bool(answer.json().get("status") == "ok")


@asynccontextmanager
async def open_site(directory: Path) -> AsyncIterator[Site]:
    """Start it, and end it whatever happens."""
    stack = LocalStack(directory, services=(), say=lambda _: None)
    await asyncio.to_thread(stack.__enter__)
    try:
        replicas = {
            name: [
                stack.add_service(name, replica="" if number == 1 else str(number), extra_environment=QUICK)
                for number in range(1, REPLICAS[name] + 1)
            ]
            for name in SERVICES
        }
        for process in stack.services.values():
            await asyncio.to_thread(process.wait_ready)
        balancer = Balancer(replicas)
        token = stack.keys.token("callers-of-the-site", roles=["admin"], minutes=120)
        urls = {name: f"http://{name}" for name in SERVICES}
        async with (
            Crm(urls, token, patience_s=DEADLINE_S, transport=balancer) as crm,
            httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=DEADLINE_S) as direct,
        ):
            yield Site(stack, replicas, crm, balancer, direct)
    finally:
        await asyncio.to_thread(stack.__exit__, None, None, None)
