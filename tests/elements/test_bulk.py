"""Many leads, contacts and companies changed by one request, as deals are (DEAL-03 of the other types)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts.elements import COMPANY, CONTACT, LEAD, ElementType
from crm_contracts.roles import Right

from deploy.local.mongo import Mongo
from services.clients.app import build as build_clients
from services.leads.app import build as build_leads
from tests.builders.granted import allow, as_seller
from tests.builders.running import Api, running, wrong_fields
from tests.kit.topics import Record
from tests.kit.waiting import eventually

BUILDS: Final = {"leads": build_leads, "clients": build_clients}
BODIES: Final[Mapping[str, Any]] = {
    LEAD.noun: {"title": "Pumps"},
    CONTACT.noun: {"last_name": "Berg"},
    COMPANY.noun: {"title": "ACME"},
}
ASSIGN: Final = {"type": "assign", "responsible_id": "bob"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def services(
    mongo: Mongo, dictionaries: Sequence[Record], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Mapping[str, Api]]:
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(
                running(name, build, mongo, tmp_path_factory.mktemp(name), told=dictionaries)
            )
            for name, build in BUILDS.items()
        }


@pytest.fixture(params=[LEAD, CONTACT, COMPANY], ids=lambda type_: type_.noun)
def type_(request: pytest.FixtureRequest) -> ElementType:
    found: ElementType = request.param
    return found


@pytest.fixture
def api(type_: ElementType, services: Mapping[str, Api]) -> Api:
    return services[type_.service]


async def made(api: Api, type_: ElementType, number: int = 1, **fields: Any) -> list[str]:
    body = {**BODIES[type_.noun], **fields}
    return [(await api.made(f"/{type_.plural}", body))["id"] for _ in range(number)]


async def bulk(api: Api, type_: ElementType, action: Any, **more: Any) -> dict[str, Any]:
    answer = await api("POST", f"/{type_.plural}/bulk", {"action": action, **more})
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


@pytest.mark.parametrize(
    ("action", "after"),
    [
        (ASSIGN, {"responsible_id": "bob"}),
        ({"type": "open_to_all", "open_to_all": False}, {"open_to_all": False}),
        ({"type": "observers", "add": ["dan"], "remove": []}, {"observers": ["dan"]}),
    ],
)
async def test_records_are_changed_in_bulk(api: Api, type_: ElementType, action: Any, after: Any) -> None:
    ids = await made(api, type_, 2)
    run = await bulk(api, type_, action, ids=ids)
    assert [each["status"] for each in run["items"]] == ["ok", "ok"]
    for id_ in ids:
        record = await api.read(f"/{type_.plural}/{id_}")
        assert {name: record[name] for name in after} == after
    document = await api.database.collection(type_.plural).get(ids[0])
    assert document is not None
    assert document["outbox"][-1]["headers"]["ce_bulkid"] == run["id"]


@pytest.mark.parametrize(
    "action",
    [
        ASSIGN,
        {"type": "open_to_all", "open_to_all": False},
        {"type": "observers", "add": ["dan"], "remove": ["carl"]},
    ],
)
async def test_a_change_of_many_records_is_undone(api: Api, type_: ElementType, action: Any) -> None:
    """DEAL-03 of the other types."""
    ids = await made(api, type_, 2, observers=["carl", "eve"])
    before = {id_: await api.read(f"/{type_.plural}/{id_}") for id_ in ids}
    run = await bulk(api, type_, action, ids=ids)
    await api("PATCH", f"/{type_.plural}/{ids[1]}", {"comments": "Mine"})
    answer = await api("POST", f"/runs/{run['id']}/undo")
    assert {each["id"]: each["code"] for each in answer.json()["items"]} == {ids[0]: None, ids[1]: "changed_since"}
    record = await api.read(f"/{type_.plural}/{ids[0]}")
    fields = ("responsible_id", "open_to_all", "observers")
    assert [record[name] for name in fields] == [before[ids[0]][name] for name in fields]


async def test_a_record_gets_no_more_observers_in_bulk_than_by_a_single_request(api: Api, type_: ElementType) -> None:
    """CMN-05."""
    observers = [f"user-{number}" for number in range(100)]
    (id_,) = await made(api, type_, observers=observers)
    (full,) = (await bulk(api, type_, {"type": "observers", "add": ["dan"]}, ids=[id_]))["items"]
    assert (full["status"], full["code"]) == ("refused", "invalid")
    (one,) = (await bulk(api, type_, {"type": "observers", "add": ["dan"], "remove": ["user-0"]}, ids=[id_]))["items"]
    assert one["status"] == "ok"
    assert (await api.read(f"/{type_.plural}/{id_}"))["observers"] == [*observers[1:], "dan"]


async def test_records_are_deleted_in_bulk(api: Api, type_: ElementType) -> None:
    ids = await made(api, type_, 2)
    run = await bulk(api, type_, {"type": "delete"}, ids=[*ids, "missing"])
    assert [each["status"] for each in run["items"]] == ["ok", "ok", "not_found"]
    assert [(await api("GET", f"/{type_.plural}/{id_}")).status_code for id_ in ids] == [404, 404]


async def test_records_that_pass_a_filter_are_changed_in_a_run(api: Api, type_: ElementType) -> None:
    user = f"user-{uuid4()}"
    ids = await made(api, type_, 3, responsible_id=user)
    body = {"filter": {"responsible_id": user}, "action": ASSIGN}
    answer = await api("POST", f"/{type_.plural}/bulk", body)
    assert answer.status_code == 202, answer.text

    async def is_done() -> bool:
        run = await api.read(f"/runs/{answer.json()['id']}")
        return bool(run["state"] == "done" and run["counts"]["ok"] == len(ids))

    await eventually(is_done, "done")


async def test_a_record_that_may_not_be_changed_is_denied(api: Api, type_: ElementType) -> None:
    ids = await made(api, type_, 1, responsible_id="carl", open_to_all=True)
    await allow(api, Right(element=type_.noun, levels={"read": "all", "update": "own"}))
    answer = await as_seller(api, "POST", f"/{type_.plural}/bulk", {"ids": ids, "action": ASSIGN})
    assert [each["status"] for each in answer.json()["items"]] == ["denied"]


async def test_who_may_not_change_one_record_may_not_change_many(api: Api, type_: ElementType) -> None:
    body = {"ids": ["a"], "action": ASSIGN}
    assert (await api("POST", f"/{type_.plural}/bulk", body, roles=["reader"])).status_code == 403


async def test_leads_are_moved_in_bulk_and_not_into_the_stage_of_the_conversion(services: Mapping[str, Api]) -> None:
    """LEAD-11: CONVERTED is reached by a conversion alone."""
    api = services["leads"]
    ids = await made(api, LEAD)
    run = await bulk(api, LEAD, {"type": "move", "stage_id": "IN_PROCESS"}, ids=ids)
    assert run["items"][0]["after"] == {"stage_id": "IN_PROCESS"}
    undo = await api("POST", f"/runs/{run['id']}/undo")
    assert undo.json()["items"][0]["after"] == {"stage_id": "NEW"}
    run = await bulk(api, LEAD, {"type": "move", "stage_id": "CONVERTED"}, ids=ids)
    assert (run["items"][0]["status"], run["items"][0]["code"]) == ("refused", "use_conversion")


async def test_what_has_no_stages_is_not_moved(services: Mapping[str, Api]) -> None:
    body = {"ids": ["a"], "action": {"type": "move", "stage_id": "NEW"}}
    assert wrong_fields(await services["clients"]("POST", "/contacts/bulk", body)) == ["action"]


async def test_an_action_that_there_is_not_is_told_those_that_there_are(services: Mapping[str, Api]) -> None:
    """DEAL-03."""
    said = []
    for action in ({"type": "stage"}, {"responsible_id": "bob"}):
        answer = await services["leads"]("POST", "/leads/bulk", {"ids": ["a"], "action": action})
        (error,) = answer.json()["errors"]
        said.append((answer.status_code, error["field"], error["message"]))
    assert said == [
        (
            422,
            "action",
            "as 'type' one of these is needed: 'assign', 'open_to_all', 'observers', 'delete', 'move'",
        ),
        (422, "action", "'type' is needed, which says what it is"),
    ]
