"""A service that is deployed after catalog knows the roles and departments that were published before (0045, 0055)."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
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
from tests.builders.granted import as_seller
from tests.builders.passed import passed
from tests.builders.running import read_rights, running
from tests.kit.waiting import eventually

LISTS: Final[Mapping[str, str]] = {
    "leads": "/leads",
    "deals": "/deals",
    "clients": "/contacts",
    "timeline": "/timeline?element=lead:x",
}
EACH_SERVICE: Final = pytest.mark.parametrize(
    ("name", "build"), [("leads", leads), ("deals", deals), ("clients", clients), ("timeline", timeline)]
)


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


@pytest.mark.real_kafka
@EACH_SERVICE
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

        async def answers() -> bool:
            return (await api("GET", LISTS[name])).is_success

        await eventually(answers, f"{name} has read which roles there are")


@EACH_SERVICE
async def test_no_user_is_answered_before_it_is_known_which_roles_there_are(
    mongo: Mongo, tmp_path: Path, name: str, build: Callable[[], tuple[FastAPI, ServiceSettings]]
) -> None:
    """PERM-01: else those whom a role restricts would be shown everything, and nobody can tell them from others."""
    async with running(name, build, mongo, tmp_path, has_rights=False) as api:
        for refused in (await api("GET", LISTS[name]), await as_seller(api, "GET", LISTS[name])):
            assert (refused.status_code, refused.json()["code"]) == (503, "rights_unknown")
            assert int(refused.headers["retry-after"]) >= 1
        ready = await api.get("/health/ready")
        assert (ready.status_code, ready.json()["views"]) == (503, "unread")
        assert (await api("GET", LISTS[name], roles=["admin"])).status_code == 200
        service = api.claiming(kind="service", scope=f"{name}:read")
        assert (await service("GET", LISTS[name], roles=[])).status_code == 200
        await read_rights(api.database)
        assert (await api("GET", LISTS[name])).status_code == 200
        assert (await api.get("/health/ready")).json()["views"] == "ok"
