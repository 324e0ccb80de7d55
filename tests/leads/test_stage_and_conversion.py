"""Stage and conversion of a lead agree, whichever way somebody tries (LEAD-11)."""

from typing import Any
from uuid import uuid4

import pytest

from tests.builders.running import Api, wrong_fields
from tests.leads.test_http import open_deal, resolve


def problem_of(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


async def converted(api: Api) -> dict[str, Any]:
    lead = await api.made("/leads")
    await api("POST", f"/leads/{lead['id']}/conversion", {})
    await resolve(api, lead)
    await open_deal(api, lead)
    found: dict[str, Any] = await api.read(f"/leads/{lead['id']}")
    assert (found["stage_id"], found["converted"], found["converted_elsewhere"]) == ("CONVERTED", True, False)
    return found


async def test_no_lead_is_moved_to_converted_by_hand(api: Api) -> None:
    """LEAD-11: 409 `use_conversion`, and nothing changes."""
    lead = await api.made("/leads")
    refused = await api("PUT", f"/leads/{lead['id']}/stage", {"stage_id": "CONVERTED"})
    assert problem_of(refused) == (409, "use_conversion")
    assert await api.read(f"/leads/{lead['id']}") == lead


async def test_no_lead_is_created_or_imported_as_converted(api: Api) -> None:
    """LEAD-11: by POST and by upsert, which is what an import does."""
    origin = f"/leads/external/shop/{uuid4()}"
    for method, path in (("POST", "/leads"), ("PUT", origin)):
        assert problem_of(await api(method, path, {"stage_id": "CONVERTED"})) == (409, "use_conversion")
    assert (await api("PUT", origin, {})).status_code == 201


@pytest.mark.parametrize("stage", ["NEW", "IN_PROCESS", "JUNK"])
async def test_a_converted_lead_stays_in_converted(api: Api, stage: str) -> None:
    """LEAD-11: to be there already is a success without effect."""
    lead = await converted(api)
    refused = await api("PUT", f"/leads/{lead['id']}/stage", {"stage_id": stage})
    assert problem_of(refused) == (409, "lead_already_converted")
    same = await api("PUT", f"/leads/{lead['id']}/stage", {"stage_id": "CONVERTED"})
    assert (same.status_code, same.json()) == (200, lead)


async def test_a_lead_that_was_converted_elsewhere_is_imported_as_converted_without_a_deal(api: Api) -> None:
    """LEAD-11, LEAD-14: its client is the result of that conversion, and makes no repeat lead of it."""
    origin = f"/leads/external/shop/{uuid4()}"
    body = {"converted_elsewhere": True, "contacts": [{"contact_id": "ada"}]}
    for method, path, given in (
        ("POST", "/leads", body),
        ("POST", "/leads", {**body, "stage_id": "CONVERTED"}),
        ("PUT", origin, body),
    ):
        answer = await api(method, path, given)
        assert answer.status_code == 201, answer.text
        lead = answer.json()
        assert (lead["stage_id"], lead["stage_semantic"], lead["converted"]) == ("CONVERTED", "S", True)
        assert (lead["converted_elsewhere"], lead["deal_ids"], lead["converted_at"]) == (True, [], None)
        assert (lead["is_repeat"], lead["closed_at"]) == (False, lead["created_at"])
        for wish in ({}, {"targets": ["deal"]}):
            refused = await api("POST", f"/leads/{lead['id']}/conversion", wish)
            assert problem_of(refused) == (409, "lead_already_converted")
        moved = await api("PUT", f"/leads/{lead['id']}/stage", {"stage_id": "NEW"})
        assert problem_of(moved) == (409, "lead_already_converted")


async def test_a_lead_that_was_converted_elsewhere_is_in_no_other_stage(api: Api) -> None:
    """LEAD-11."""
    refused = await api("POST", "/leads", {"converted_elsewhere": True, "stage_id": "NEW"})
    assert wrong_fields(refused) == ["stage_id"]
    assert refused.json()["errors"][0]["code"] == "not_converted"
    assert wrong_fields(await api("POST", "/leads", {"converted_elsewhere": "yes"})) == ["converted_elsewhere"]


async def test_a_conversion_honours_the_version_that_the_caller_has_seen(api: Api) -> None:
    """LEAD-13: also where it only repeats what is running or done."""
    lead = await api.made("/leads")
    path = f"/leads/{lead['id']}/conversion"
    await api("PATCH", f"/leads/{lead['id']}", {"title": "Changed"})
    assert problem_of(await api("POST", path, {}, if_match='"1"')) == (412, "version_mismatch")
    assert (await api.read(path))["state"] == "none"
    assert (await api("POST", path, {}, if_match='"2"')).status_code == 202
    assert problem_of(await api("POST", path, {}, if_match='"2"')) == (412, "version_mismatch")
    await resolve(api, lead)
    await open_deal(api, lead)
    assert problem_of(await api("POST", path, {}, if_match='"2"')) == (412, "version_mismatch")
    version = (await api.read(f"/leads/{lead['id']}"))["version"]
    assert (await api("POST", path, {}, if_match=f'"{version}"')).status_code == 200


async def test_the_same_call_again_gets_the_first_result_whatever_came_of_it_since(api: Api) -> None:
    """LEAD-13: its version was the newest when it was made."""
    lead = await api.made("/leads")
    path, key = f"/leads/{lead['id']}/conversion", str(uuid4())
    for _ in range(2):
        assert (await api("POST", path, {}, if_match='"1"', idempotency_key=key)).status_code == 202


@pytest.mark.parametrize("path", ["/leads"])
async def test_an_id_that_the_system_may_derive_is_taken_by_no_caller(api: Api, path: str) -> None:
    """CMN-14, LEAD-13: else whoever comes first gets what an import or a conversion puts there."""
    derived = "0b8b1bd8-1d6f-5f3c-9d0e-6f6a0e1f7c11"
    refused = await api("POST", path, {"id": derived})
    assert wrong_fields(refused) == ["id"]
    assert refused.json()["errors"][0]["code"] == "id_reserved"
    for chosen in (str(uuid4()), "0199f2a4-0000-7000-8000-" + uuid4().hex[:12]):
        assert (await api("POST", path, {"id": chosen})).json()["id"] == chosen


async def test_no_lead_is_moved_to_converted_in_bulk(api: Api) -> None:
    """LEAD-11: each lead is told why, and stays where it is."""
    ids = [(await api.made("/leads"))["id"] for _ in range(2)]
    body = {"ids": ids, "action": {"type": "move", "stage_id": "CONVERTED"}}
    run = (await api("POST", "/leads/bulk", body)).json()
    assert [(each["status"], each["code"]) for each in run["items"]] == [("refused", "use_conversion")] * 2
    assert {(await api.read(f"/leads/{id_}"))["stage_id"] for id_ in ids} == {"NEW"}
