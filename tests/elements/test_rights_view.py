"""The view of roles and departments: the newest of each, whatever order their events come in, and however often."""

from collections.abc import AsyncIterator
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts.departments import DepartmentCreated, DepartmentState
from crm_contracts.elements import DEAL
from crm_contracts.envelope import Envelope
from crm_contracts.roles import Right, RoleCreated, RoleDeleted, RoleFields, RoleState, RoleUpdated
from crm_contracts.values import ElementRef

from deploy.local.mongo import Mongo
from shared.elements.domain.rights.accessed import Accessed
from shared.elements.store.rights import RightsOfUsers
from shared.kit.storage import kept
from shared.kit.storage.connection import Database, connect
from tests.builders.causes import NOON

OF_BEN = Accessed(responsible_id="ben")
REF = ElementRef(type="role", id="sales")


@pytest_asyncio.fixture(loop_scope="session")
async def database(mongo: Mongo) -> AsyncIterator[Database]:
    database = connect(mongo.url, f"rights_{uuid4().hex[:12]}")
    yield database
    await database.drop()
    database.close()


def sales(level: str) -> RoleState:
    return RoleState(id="sales", rights=(Right(element="deal", levels={"read": level}),), user_ids=("anna",))


def told(data: Any, sequence: int) -> Envelope[Any]:
    subject = data.element.id
    return Envelope(
        id=f"{subject}-{sequence}",
        source="/crm/catalog",
        subject=subject,
        time=NOON,
        data=data,
        correlation_id="c",
        actor="user:admin",
        sequence=sequence,
    )


def changed(level: str) -> RoleUpdated:
    return RoleUpdated(role=REF, before=RoleFields(), after=RoleFields(), state=sales(level))


async def reads(view: RightsOfUsers, user: str = "anna", *named: str) -> bool:
    return (await view.of(user, named)).may(DEAL, "read", OF_BEN)


async def test_a_user_has_the_rights_of_the_newest_state_in_whatever_order_and_however_often_it_is_told(
    database: Database,
) -> None:
    """PERM-01."""
    history = [told(RoleCreated(role=sales("own")), 1), told(changed("none"), 2), told(changed("all"), 3)]
    for number, order in enumerate(permutations(history)):
        view = RightsOfUsers(database.collection(f"roles_{number}"), database.collection("departments"))
        for event in (*order, *order):
            await view.apply(event)
        assert await reads(view), order


async def test_a_deleted_role_gives_nothing_and_is_not_brought_back_by_an_older_event(database: Database) -> None:
    """PERM-01."""
    view = RightsOfUsers.open(database.collection)
    await view.apply(told(RoleCreated(role=sales("all")), 1))
    assert await reads(view)
    await view.apply(told(RoleDeleted(role=REF, before=sales("all")), 3))
    await view.apply(told(changed("all"), 2))
    assert not await reads(view)


async def test_a_role_is_of_its_users_and_of_those_whose_token_names_it(database: Database) -> None:
    """PERM-01, PERM-09."""
    view = RightsOfUsers.open(database.collection)
    await view.apply(told(RoleCreated(role=sales("all")), 1))
    assert await reads(view, "anna")
    assert not await reads(view, "zoe")
    assert await reads(view, "zoe", "sales")
    assert not await reads(view, "zoe", "no such role")


async def test_a_department_decides_whose_records_are_reached(database: Database) -> None:
    """PERM-04, PERM-09."""
    view = RightsOfUsers.open(database.collection)
    await view.apply(told(RoleCreated(role=sales("department")), 1))
    assert not await reads(view)
    await view.apply(told(DepartmentCreated(department=DepartmentState(id="sales", member_ids=("anna", "ben"))), 1))
    assert await reads(view)


async def test_what_another_replica_stored_acts_here_soon(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """PERM-01: within the moment that roles are kept in memory."""
    moment = 100.0
    monkeypatch.setattr(kept, "FRESH_S", 0.5)
    monkeypatch.setattr(kept, "monotonic", lambda: moment)
    here, other = RightsOfUsers.open(database.collection), RightsOfUsers.open(database.collection)
    assert not await reads(here)
    await other.apply(told(RoleCreated(role=sales("all")), 1))
    assert not await reads(here)
    moment += 0.5
    assert await reads(here)
    await here.apply(told(changed("none"), 2))
    assert not await reads(here), "what this process stored is known to it at once"
