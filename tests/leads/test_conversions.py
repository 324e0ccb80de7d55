"""Many leads are converted by one request (ADR 0048); how one conversion goes on is tested with it alone."""

from typing import Any
from uuid import uuid4

import pytest

from tests.api.documents import document_of
from tests.builders.running import Api, wrong_fields


async def leads(api: Api, count: int = 2, **fields: Any) -> list[str]:
    answer = await api("POST", "/leads/batch", {"items": [{"last_name": "Berg", **fields}] * count})
    return [item["id"] for item in answer.json()["items"]]


async def converted(api: Api, ids: list[str], *, terms: dict[str, Any] | None = None, **headers: Any) -> Any:
    answer = await api("POST", "/conversions", {"lead_ids": ids, **(terms or {})}, **headers)
    assert answer.status_code == 207, answer.text
    return answer.json()


async def test_each_lead_has_its_answer_in_order(api: Api) -> None:
    """LEAD-11, LEAD-13."""
    first, second = await leads(api)
    elsewhere = (await api.made("/leads", {"converted_elsewhere": True}))["id"]
    found = await converted(api, [first, "unknown", elsewhere, second, first], terms={"targets": ["deal", "contact"]})
    assert [item["lead_id"] for item in found["items"]] == [first, "unknown", elsewhere, second, first]
    assert [item["status"] for item in found["items"]] == [202, 404, 409, 202, 409]
    assert found["refused"] == 3
    codes = [item["problem"]["code"] for item in found["items"] if item["problem"]]
    assert codes == ["not_found", "lead_already_converted", "repeated_item"]
    conversion = found["items"][0]["conversion"]
    assert (conversion["state"], conversion["targets"], conversion["attempt"]) == ("running", ["contact", "deal"], 1)
    assert await api.read(f"/leads/{first}/conversion") == conversion


async def test_the_same_request_again_is_answered_with_the_current_state(api: Api) -> None:
    """LEAD-13: also with the same key."""
    ids, key = await leads(api), str(uuid4())
    first = await converted(api, ids, idempotency_key=key)
    again = await converted(api, ids, idempotency_key=key)
    other = await converted(api, ids)
    assert first["items"] == again["items"] == other["items"]
    refused = await converted(api, ids, terms={"targets": ["deal"]})
    assert [item["problem"]["code"] for item in refused["items"]] == ["conversion_running"] * 2


async def test_each_result_has_every_key_that_is_described_null_where_it_does_not_apply(api: Api) -> None:
    """LEAD-11: a program may read each key of each."""
    described = document_of("leads")["components"]["schemas"]["LeadConversion"]
    found = await converted(api, [*await leads(api, 1), "unknown"])
    assert [item.keys() for item in found["items"]] == [described["properties"].keys()] * 2
    assert [item["problem"] is None for item in found["items"]] == [True, False]
    assert [item["conversion"] is None for item in found["items"]] == [False, True]
    assert set(described["required"]) == described["properties"].keys()


async def test_a_request_that_was_refused_for_every_lead_frees_its_key(api: Api) -> None:
    """LEAD-13: as the refused request for one lead."""
    key, ids = str(uuid4()), await leads(api)
    assert (await converted(api, ["unknown", "other"], idempotency_key=key))["refused"] == 2
    begun = await converted(api, ids, idempotency_key=key)
    assert [item["status"] for item in begun["items"]] == [202, 202]
    other = await api("POST", "/conversions", {"lead_ids": ["unknown"]}, idempotency_key=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_a_wait_ends_with_its_time_where_the_conversions_have_not_ended(api: Api) -> None:
    """LEAD-11: nobody answers here."""
    answer = await api("POST", "/conversions", {"lead_ids": await leads(api)}, prefer="wait=1")
    assert answer.headers["preference-applied"] == "wait=1"
    assert [item["status"] for item in answer.json()["items"]] == [202, 202]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"lead_ids": []}, ["lead_ids"]),
        ({"lead_ids": ["x"] * 101}, ["lead_ids"]),
        ({}, ["lead_ids"]),
        ({"lead_ids": ["x"], "contact_id": "y"}, ["contact_id"]),
        ({"lead_ids": ["x"], "targets": ["quote"]}, ["targets.0"]),
    ],
)
async def test_a_request_that_can_be_done_for_no_lead_is_refused_whole(
    api: Api, body: dict[str, Any], fields: list[str]
) -> None:
    """LEAD-11."""
    assert wrong_fields(await api("POST", "/conversions", body)) == fields


async def test_rights_are_those_of_single_conversions(api: Api) -> None:
    """LEAD-11."""
    ids = await leads(api)
    assert (await api("POST", "/conversions", {"lead_ids": ids}, roles=["reader"])).status_code == 403
