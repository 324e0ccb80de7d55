"""Whatever list is asked for, and however it is filtered, an index serves it: nobody can make MongoDB read everything.

The routes and their filters are the apps' own, and what is explained is what the driver really sent, so a list that is
new, or filtered in a new way, is here without being named.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, Final

import pytest
from crm_contracts.elements import ELEMENTS
from pymongo import MongoClient

from deploy.local.mongo import Mongo
from deploy.local.services import SERVICES
from tests.security.conftest import Commands, Operation, System

GIVEN: Final = {
    "active": "true",
    "closed": "true",
    "created_before": "2026-02-01T00:00:00Z",
    "created_from": "2026-01-01T00:00:00Z",
    "element": "deal:d1",
    "email": "ada@acme.example",
    "expand": "responsible",
    "filter": '{"id": {"!=": "x"}}',
    "is_my_company": "true",
    "limit": "3",
    "on": "2026-03-01",
    "phone": "+4930901820",
    "pipeline_id": "default",
    "q": "ada",
    "select": "id,title",
    "stage_id": "NEW",
    "state": "open",
    "status": "ok",
    "total": "true",
    "types": "element_created,linked",
}
"""What a filter is given where any text would not do."""
ALONE: Final = {"on"}
"""Filters that go with no other."""
NOT_FILTERS: Final = {"cursor"}

EXPLAINED: Final = (
    *("find", "filter", "sort", "limit", "projection"),
    *("aggregate", "pipeline", "hint", "collation", "cursor"),
)
"""What of a command decides how it is answered."""


def filters(operation: Operation) -> Iterator[dict[str, str]]:
    """Every filter alone, and every two of them, beside what is required."""
    given = [each for each in operation.parameters if each["in"] == "query" and each["name"] not in NOT_FILTERS]
    values = {each["name"]: GIVEN.get(each["name"], _first_of(each["schema"])) for each in given}
    if operation.path == "/v1/access":  # every service knows those of its own elements
        values["element"] = next(f"{noun}:d1" for noun, type_ in ELEMENTS.items() if type_.service == operation.service)
    if operation.path == "/v1/timeline":
        values |= {"types": "linked", "filter": '{"kind": {"!=": "linked"}}'}
    if operation.path == "/v1/search":
        values["types"] = "lead,deal"
    needed = [each["name"] for each in given if each["required"]]
    for number in (0, 1, 2):
        for chosen in combinations([name for name in values if name not in needed], number):
            if number > 1 and ALONE & {*chosen}:
                continue
            yield {name: values[name] for name in (*needed, *chosen)}


def _first_of(schema: Mapping[str, Any]) -> Any:
    """The only value that a parameter may have, or the first of them, or any text."""
    return schema.get("const", schema.get("enum", ["x"])[0])


def stages(plan: Any) -> set[str]:
    """The names of all stages of a plan."""
    if isinstance(plan, list):
        return set().union(*map(stages, plan))
    if not isinstance(plan, Mapping):
        return set()
    own = {str(plan["stage"])} if "stage" in plan else set()
    return own.union(*map(stages, plan.values()))


def explained(client: MongoClient[dict[str, Any]], command: Mapping[str, Any]) -> set[str]:
    """The stages of the plan that MongoDB has for a query."""
    asked = {name: command[name] for name in EXPLAINED if name in command}
    plan = client[command["$db"]].command("explain", asked, verbosity="queryPlanner")
    plan = plan["stages"][0]["$cursor"] if "stages" in plan else plan
    return stages(plan["queryPlanner"]["winningPlan"])


@pytest.mark.parametrize("service", SERVICES)
async def test_every_list_is_served_by_an_index(system: System, commands: Commands, mongo: Mongo, service: str) -> None:
    headers = {"authorization": f"Bearer {system.signer.token(roles=['admin'])}"}
    lists = [each for each in system.operations(service) if each.method == "GET" and "/v1/" in each.path]
    seen = 0
    with MongoClient[dict[str, Any]](mongo.url) as client:
        for operation in lists:
            for given in filters(operation):
                commands.sent.clear()
                answer = await system.apis[service].client.get(
                    f"http://{service}{operation.address}", params=given, headers=headers
                )
                assert answer.status_code in {200, 404}, f"{operation} {given}: {answer.text}"
                queries = [
                    each
                    for each in list(commands.sent)
                    if {"find", "aggregate"} & each.keys() and each["$db"].endswith(f"_{service}")
                ]
                for query in queries:
                    found = explained(client, query)
                    # What a search of a list finds is sorted, if it is no more than 3,333 records.
                    wrong = found & ({"COLLSCAN"} if given.keys() >= {"q"} else {"COLLSCAN", "SORT"})
                    assert not wrong, f"{operation} {given}: {wrong} for {query}"
                seen += len(queries)
    assert seen >= len(lists) / 2, "the queries were not seen"
