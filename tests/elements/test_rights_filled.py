"""A service that is deployed after catalog knows the roles and departments that were published before (0045, 0055)."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from crm_contracts.departments import DepartmentCreated, DepartmentState
from crm_contracts.envelope import Envelope
from crm_contracts.roles import RoleCreated, RoleState
from fastapi import FastAPI

from deploy.local.kafka import Kafka
from deploy.local.mongo import Mongo
from services.clients.app import build as clients
from services.deals.app import build as deals
from services.leads.app import build as leads
from services.timeline.app import build as timeline
from shared.elements.store.rights import DEPARTMENTS, ROLES
from shared.kit.settings import ServiceSettings
from tests.builders.causes import NOON
from tests.builders.passed import passed
from tests.builders.running import running
from tests.kit.waiting import eventually

pytestmark = pytest.mark.real_kafka


def told(data: RoleCreated | DepartmentCreated) -> Envelope[RoleCreated | DepartmentCreated]:
    id_ = data.element.id
    return Envelope(
        id=f"{id_}-{data.element.type}",
        source="/crm/catalog",
        subject=id_,
        time=NOON,
        data=data,
        correlation_id="c",
        actor="user:admin",
        sequence=1,
    )


@pytest.mark.parametrize(
    ("name", "build"), [("leads", leads), ("deals", deals), ("clients", clients), ("timeline", timeline)]
)
async def test_roles_and_departments_from_before_are_kept(
    kafka: Kafka, mongo: Mongo, tmp_path: Path, name: str, build: Callable[[], tuple[FastAPI, ServiceSettings]]
) -> None:
    """PERM-01, PERM-09."""
    id_ = f"x{uuid4().hex[:12]}"
    role, department = RoleState(id=id_, name="Sales"), DepartmentState(id=id_, name="Sales")
    published = [told(RoleCreated(role=role)), told(DepartmentCreated(department=department))]
    await passed(kafka, f"{name}.reactions", published)
    async with running(name, build, mongo, tmp_path, kafka=kafka.environment) as api:

        async def has_both() -> bool:
            found = [await api.database.collection(each).get(id_) for each in (ROLES, DEPARTMENTS)]
            return [each and each["name"] for each in found] == ["Sales", "Sales"]

        await eventually(has_both, f"{name} knows the role and the department")
