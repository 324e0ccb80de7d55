"""What lists of leads and deals show is what the check of each record allows, whatever the roles (PERM-01 to PERM-04).

`CRM_RIGHTS_MATRICES` tries as many role matrices on each service: `make rights` is the long form.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any, Final, get_args

import pytest
from crm_contracts.departments import DepartmentState
from crm_contracts.elements import DEAL, LEAD, ElementType
from crm_contracts.roles import Action, Level, Right, RoleState

from deploy.local.mongo import Mongo
from services.deals.app import build as build_deals
from services.leads.app import build as build_leads
from shared.elements.domain.rights.accessed import Accessed
from shared.elements.domain.rights.compiled import Rights
from shared.elements.domain.rights.departments import Departments
from tests.builders.granted import store
from tests.builders.running import Api, running

MATRICES: Final = int(os.environ.get("CRM_RIGHTS_MATRICES", "20"))
RECORDS: Final = 60
CHANGED: Final = 10
"""Records of each matrix that are tried to be changed as well."""
USERS: Final = ("anna", "ben", "carl", "dora", "emil")
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
WRITES: Final[tuple[Action, ...]] = ("add", "update", "delete", "import")
ROLES: Final = ("seller", "helper")
SERVICES: Final = {LEAD: build_leads, DEAL: build_deals}
STAGES: Final = {LEAD: ("NEW", "IN_PROCESS", "JUNK"), DEAL: ("NEW", "EXECUTING", "WON")}


def some_right(type_: ElementType, chance: Random, **place: str) -> Right:
    actions = [action for action in ("read", *WRITES) if chance.random() < 0.8]
    return Right(element=type_.noun, levels={action: chance.choice(LEVELS) for action in actions}, **place)


def some_role(id_: str, type_: ElementType, chance: Random) -> RoleState:
    """Levels of the type, of its pipeline and of some stages, each of them or not."""
    pipeline = {"pipeline_id": "default"} if type_ is DEAL else {}
    found = [some_right(type_, chance)] if chance.random() < 0.9 else []
    if pipeline and chance.random() < 0.3:
        found.append(some_right(type_, chance, **pipeline))
    stages = [stage for stage in STAGES[type_] if chance.random() < 0.3]
    found += [some_right(type_, chance, **pipeline, stage_id=stage) for stage in stages]
    return RoleState(id=id_, rights=tuple(found))


def some_departments(chance: Random) -> list[DepartmentState]:
    return [
        DepartmentState(
            id=id_,
            parent_id=chance.choice([None, "sales", "berlin"]),
            member_ids=tuple(chance.sample(USERS, chance.randrange(4))),
        )
        for id_ in ("sales", "berlin", "bonn")
    ]


async def some_records(api: Api, type_: ElementType, chance: Random) -> dict[str, Accessed]:
    items: list[dict[str, Any]] = [
        {
            "title": "Pumps" if place % 2 else "Pipes",
            "responsible_id": chance.choice(USERS),
            "observers": chance.sample(USERS, chance.randrange(3)),
            "open_to_all": chance.random() < 0.5,
            "stage_id": chance.choice(STAGES[type_]),
        }
        for place in range(RECORDS)
    ]
    answer = await api("POST", f"/{type_.plural}/batch", {"items": items})
    ids = [each["id"] for each in answer.json()["items"]]
    pipeline = "default" if type_ is DEAL else None
    return {
        id_: Accessed(item["responsible_id"], item["observers"], item["open_to_all"], pipeline, item["stage_id"])
        for id_, item in zip(ids, items, strict=True)
    }


async def pages(api: Api, type_: ElementType, body: Mapping[str, Any]) -> list[str]:
    """The ids of all pages."""
    found, cursor = list[str](), None
    while True:
        answer = await api("POST", f"/{type_.plural}/query", {**body, "cursor": cursor}, roles=ROLES)
        assert answer.status_code == 200, answer.text
        found += [each["id"] for each in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


async def reads(api: Api, type_: ElementType, ids: Mapping[str, Accessed]) -> set[str]:
    answers = {id_: await api("GET", f"/{type_.plural}/{id_}", roles=ROLES) for id_ in ids}
    assert {answer.status_code for answer in answers.values()} <= {200, 404}
    return {id_ for id_, answer in answers.items() if answer.status_code == 200}


async def changes(api: Api, type_: ElementType, id_: str) -> int:
    """The status of a change to what the record is already."""
    record = await api.read(f"/{type_.plural}/{id_}")
    answer = await api("PATCH", f"/{type_.plural}/{id_}", {"title": record["title"]}, roles=ROLES)
    return answer.status_code


@pytest.mark.parametrize("type_", SERVICES, ids=lambda type_: type_.noun)
async def test_a_list_shows_exactly_the_records_that_can_be_read_one_by_one(
    mongo: Mongo, tmp_path: Path, type_: ElementType
) -> None:
    """PERM-01, PERM-02, PERM-03, PERM-04, CMN-05, CMN-09."""
    chance = Random(type_.noun)
    async with running(type_.service, SERVICES[type_], mongo, tmp_path) as api:
        records = await some_records(api, type_, chance)
        for matrix in range(MATRICES):
            roles, tree = [some_role(id_, type_, chance) for id_ in ROLES], some_departments(chance)
            await store(api, *roles, *tree)
            mine = Rights.of("anna", roles, Departments.of(tree))
            expected = {id_ for id_, record in records.items() if mine.may(type_, "read", record)}
            assert await reads(api, type_, records) == expected, (matrix, roles)

            order = [[chance.choice(["created_at", "number", "title", "amount"]), chance.choice(["asc", "desc"])]]
            listed = await pages(api, type_, {"order": order, "limit": chance.choice([7, 50])})
            assert sorted(listed) == sorted(expected), (matrix, roles)
            stage = chance.choice(STAGES[type_])
            there = {id_ for id_ in expected if records[id_].stage_id == stage}
            answer = await api("GET", f"/{type_.plural}?stage_id={stage}&limit=200", roles=ROLES)
            if answer.status_code == 422:  # it is in no pipeline that exists for the caller (PIPE-03)
                assert not mine.may_some(type_, "read", "default"), (matrix, roles)
                refused = await api("POST", f"/{type_.plural}/query", {"filter": {"stage_id": stage}}, roles=ROLES)
                assert refused.status_code == 422, (matrix, roles)
            else:
                assert set(await pages(api, type_, {"filter": {"stage_id": stage}})) == there, (matrix, roles)
                assert {each["id"] for each in answer.json()["items"]} == there, (matrix, roles)
            counted = await api("POST", f"/{type_.plural}/query", {"count": "capped", "limit": 1}, roles=ROLES)
            assert counted.json()["count"] == {"value": len(expected), "is_exact": True}, (matrix, roles)

            writes = any(mine.may_some(type_, action) for action in WRITES)
            for id_ in chance.sample(sorted(records), CHANGED):
                may = id_ in expected and mine.may(type_, "update", records[id_])
                status = 200 if may else 403 if id_ in expected or not writes else 404
                assert await changes(api, type_, id_) == status, (matrix, roles, records[id_])
