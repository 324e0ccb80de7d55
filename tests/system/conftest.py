"""The five services as processes, on the session's one stack."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.local.stack import LocalStack
from tests.collector import Collector, collecting
from tests.system.crm import Crm

SERVICES = ("leads", "deals", "clients", "catalog", "timeline")
QUICK = {
    # Killed members are missed sooner, questions are repeated sooner: a test has not production's patience.
    "KAFKA_SESSION_TIMEOUT_MS": "3000",
    "KAFKA_HEARTBEAT_INTERVAL_MS": "500",
    "KAFKA_REBALANCE_TIMEOUT_MS": "6000",
    "CRM_CONVERSION_SILENCE_S": "4",
    "CRM_SWEEP_GRACE_S": "1",
    "CRM_DEAD_LETTER_LEASE_S": "6",
}


@contextmanager
def all_services(stack: LocalStack, **told: str) -> Iterator[LocalStack]:
    """The five, ready; they end before the stack does."""
    started = [stack.add_service(name, extra_environment={**QUICK, **told}) for name in SERVICES]
    for service in started:
        service.wait_ready()
    yield stack
    for service in started:
        service.terminate()


@asynccontextmanager
async def administered(stack: LocalStack) -> AsyncIterator[Crm]:
    """The running CRM, and an administrator's token for it."""
    services = {name: stack.services[name] for name in SERVICES}
    system = Crm(stack, services, stack.keys.token("admin-in-tests", roles=["admin"], minutes=120))
    yield system
    await system.http.aclose()


@asynccontextmanager
async def a_crm_of_its_own(directory: Path) -> AsyncIterator[Crm]:
    """A CRM that no other test writes to: for one that needs few records, or changes what all records go by."""
    with LocalStack(directory, services=(), say=lambda _: None) as stack, all_services(stack):
        async with administered(stack) as system:
            yield system


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Where the running services export their traces to."""
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="session")
def running(local_stack: LocalStack, collector: Collector) -> Iterator[LocalStack]:
    """The session's stack with all five services ready; only what a caller asks to be traced is."""
    traced = {
        "CRM_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_TRACES_SAMPLER": "parentbased_always_off",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    with all_services(local_stack, **traced) as stack:
        yield stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def crm(running: LocalStack) -> AsyncIterator[Crm]:
    """The session's CRM."""
    async with administered(running) as system:
        yield system
