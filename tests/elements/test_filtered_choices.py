"""A filter names stages and pipelines that there are, over the API of the services that have such (DEAL-01, LEAD-06).

A typing error would else find nothing, and with `!=` everything.
"""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio
from crm_contracts.roles import Right

from deploy.local.mongo import Mongo
from services.deals.app import build as build_deals
from services.leads.app import build as build_leads
from tests.builders.granted import allow, as_seller
from tests.builders.running import Api, running, wrong_fields
from tests.kit.topics import Record

BUILDS = {"deals": build_deals, "leads": build_leads}
WRONG: dict[str, Any] = {
    "is": "NWE",
    "is not": {"!=": "NWE"},
    "is one of": {"in": ["NEW", "NWE"]},
    "is none of": {"not in": ["NWE"]},
}


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=list(BUILDS))
async def service(
    request: pytest.FixtureRequest,
    mongo: Mongo,
    dictionaries: Sequence[Record],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Api, str]]:
    """A service, and the path of its elements."""
    name = str(request.param)
    async with running(name, BUILDS[name], mongo, tmp_path_factory.mktemp(name), told=dictionaries) as api:
        yield api, f"/{name}"


@pytest.fixture(params=list(WRONG))
def wrong(request: pytest.FixtureRequest) -> Any:
    return WRONG[request.param]


async def test_a_stage_that_there_is_not_is_refused_with_the_one_that_was_meant(
    service: tuple[Api, str], wrong: Any
) -> None:
    api, path = service
    body = {"filter": {"or": [{"stage_id": wrong}, {"title": "Pumps"}]}}
    refused = await api("POST", f"{path}/query", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_query"), refused.text
    (field,) = wrong_fields(refused)
    assert field.startswith("filter.or.0.stage_id")
    assert "there is no stage NWE; did you mean NEW?" in refused.json()["detail"]
    in_address = await api("GET", f"{path}?filter={quote(json.dumps({'stage_id': wrong}))}")
    assert in_address.status_code == 422
    in_bulk = await api("POST", f"{path}/bulk", {**body, "action": {"type": "open_to_all", "open_to_all": True}})
    assert in_bulk.status_code == 422, in_bulk.text


async def test_a_stage_that_there_is_finds_what_is_on_it(service: tuple[Api, str]) -> None:
    api, path = service
    made = await api.made(path, {"title": "Found"})
    body = {"filter": {"stage_id": {"in": ["NEW"]}, "id": made["id"]}}
    assert [each["id"] for each in (await api("POST", f"{path}/query", body)).json()["items"]] == [made["id"]]


@pytest.mark.parametrize("service", ["deals"], indirect=True)
async def test_pipelines_and_stages_that_the_caller_may_not_know_of_are_as_if_there_were_none(
    service: tuple[Api, str],
) -> None:
    """PERM-03."""
    api, _ = service
    made = await api("POST", "/pipelines", {"id": "secret", "name": "Secret"}, roles=["admin"])
    assert made.status_code == 201, made.text
    await allow(api, Right(element="deal", pipeline_id="default", levels={"read": "all"}))
    for filter_ in ({"pipeline_id": "secret"}, {"pipeline_id": "nothing"}, {"stage_id": "Csecret:NEW"}):
        refused = await as_seller(api, "POST", "/deals/query", {"filter": filter_})
        assert refused.status_code == 422, refused.text
    shown = await api("POST", "/deals/query", {"filter": {"pipeline_id": "secret"}}, roles=["admin"])
    assert shown.status_code == 200, shown.text
    board = await api("GET", f"/pipelines/default/board?filter={quote(json.dumps({'stage_id': 'NWE'}))}")
    assert (board.status_code, board.json()["code"]) == (422, "invalid_query")
