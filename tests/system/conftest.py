"""The five services as processes, on the session's one stack."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from deploy.local.stack import LocalStack
from tests.system.crm import Crm

SERVICES = ("leads", "deals", "clients", "catalog", "timeline")
QUICK = {
    # Killed members are missed sooner, questions are repeated sooner: a test has not production's patience.
    "KAFKA_SESSION_TIMEOUT_MS": "3000",
    "KAFKA_HEARTBEAT_INTERVAL_MS": "500",
    "KAFKA_REBALANCE_TIMEOUT_MS": "6000",
    "CRM_CONVERSION_SILENCE_S": "4",
    "CRM_CONVERSION_CHECK_S": "1",
    "CRM_SWEEP_GRACE_S": "1",
    "CRM_DEAD_LETTER_LEASE_S": "6",
}


@pytest.fixture(scope="session")
def running(local_stack: LocalStack) -> Iterator[LocalStack]:
    """The stack with all five services ready."""
    started = [local_stack.add_service(name, extra_environment=QUICK) for name in SERVICES]
    for service in started:
        service.wait_ready(60)
    yield local_stack
    for service in started:
        service.terminate()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def crm(running: LocalStack) -> AsyncIterator[Crm]:
    """The running CRM, and an administrator's token for it."""
    services = {name: running.services[name] for name in SERVICES}
    system = Crm(running, services, running.keys.token("admin-in-tests", roles=["admin"], minutes=120))
    yield system
    await system.http.aclose()
