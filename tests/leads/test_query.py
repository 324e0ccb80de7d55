"""Lists of leads by filter, order and columns, over the API: the mechanism is the one of deals."""

import json
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.builders.running import Api, wrong_fields

PATH = "/leads/query"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def leads(api: Api) -> dict[str, str]:
    """The ids of two leads of one user, whose id is that of `user`."""
    user = f"user-{uuid4()}"
    bodies: dict[str, dict[str, Any]] = {
        "ada": {
            "last_name": "Lovelace",
            "phones": [{"value": "+4930901820"}, {"value": "+4930901821"}],
            "birth_date": "1990-12-10",
            "status_description": "calls back",
        },
        "bob": {"title": "Pumps", "stage_id": "IN_PROCESS", "emails": [{"value": "bob@example.com"}]},
    }
    made = {name: (await api.made("/leads", {"responsible_id": user, **body}))["id"] for name, body in bodies.items()}
    return {**made, "user": user}


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ({"phone": "+4930901821"}, ["ada"]),
        ({"phone": "030 901821"}, ["ada"]),
        ({"phone": {"not in": ["030/901820"]}}, ["bob"]),
        ({"email": {"!=": "BOB@example.com"}}, ["ada"]),
        ({"phone": {"like": "+4930%"}}, ["ada"]),
        ({"phone": {"empty": True}}, ["bob"]),
        ({"email": {"in": ["bob@example.com", "eve@example.com"]}}, ["bob"]),
        ({"last_name": {"like": "love%"}}, ["ada"]),
        ({"birth_date": {"<": "2000-01-01"}}, ["ada"]),
        ({"stage_id": {"!=": "NEW"}}, ["bob"]),
        ({"stage_id": {"not in": ["IN_PROCESS", "CONVERTED"]}}, ["ada"]),
        ({"converted": False}, ["bob", "ada"]),
        ({"or": [{"title": "Pumps"}, {"status_description": {"like": "calls%"}}]}, ["bob", "ada"]),
    ],
)
async def test_leads_are_filtered(api: Api, leads: dict[str, str], filter_: Any, expected: list[str]) -> None:
    """Newest first, unless another order is asked for."""
    answer = await api("POST", PATH, {"filter": {"responsible_id": leads["user"], **filter_}, "select": ["id"]})
    assert answer.status_code == 200, answer.text
    page = {"items": [{"id": leads[name]} for name in expected], "next_cursor": None, "complete": True, "count": None}
    assert answer.json() == page


async def test_a_list_of_leads_shows_what_follows_from_their_fields_as_well(api: Api, leads: dict[str, str]) -> None:
    body = {"filter": {"id": leads["ada"]}, "select": ["has_phone", "has_email", "conversion_state"]}
    (item,) = (await api("POST", PATH, body)).json()["items"]
    assert item == {"has_phone": True, "has_email": False, "conversion_state": "none"}


async def test_a_list_of_leads_takes_fields_of_leads_alone(api: Api) -> None:
    assert wrong_fields(await api("POST", PATH, {"filter": {"pipeline_id": "default"}})) == ["filter.pipeline_id"]
    assert (await api("POST", PATH, {}, roles=[])).status_code == 403


async def test_a_filter_goes_into_the_address_of_leads_and_of_their_stages(api: Api, leads: dict[str, str]) -> None:
    query = urlencode({"filter": json.dumps({"phone": {"empty": False}}), "responsible_id": leads["user"]})
    assert await api.ids(f"/leads?{query}") == [leads["ada"]]
    assert wrong_fields(await api("GET", "/leads?filter=x")) == ["filter"]
    assert await api.ids(f"/lead-stages?{urlencode({'filter': json.dumps({'semantic': 'S'})})}") == ["CONVERTED"]
    by_title = {"filter": {"responsible_id": leads["user"]}, "order": [["title", "desc"]], "select": ["id"]}
    items = (await api("POST", PATH, by_title)).json()["items"]
    assert [item["id"] for item in items] == [leads["bob"], leads["ada"]]


async def test_a_lead_from_before_a_field_counts_as_having_its_default(api: Api, leads: dict[str, str]) -> None:
    await api.database.collection("leads").update({"_id": leads["ada"]}, {"$unset": {"converted_elsewhere": ""}})
    for given, expected in ((False, ["bob", "ada"]), (True, [])):
        body = {"filter": {"responsible_id": leads["user"], "converted_elsewhere": given}}
        items = (await api("POST", PATH, body)).json()["items"]
        assert [item["id"] for item in items] == [leads[name] for name in expected]


async def test_a_phone_or_an_email_that_can_be_compared_in_no_notation_is_refused(api: Api) -> None:
    """DEAL-01: an empty list would say that none has it, while some keep it as it was typed."""
    wrong = {"or": [{"phone": "extension 12"}, {"email": {"in": ["ada@example.com", "ada at example"]}}]}
    answer = await api("POST", PATH, {"filter": wrong})
    assert wrong_fields(answer) == ["filter.or.0.phone", "filter.or.1.email.in.1"]
    assert {each["code"] for each in answer.json()["errors"]} == {"wrong_operand"}
