"""Templates that make deals by a schedule, over the API (DEAL-14, DEAL-15)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.recurrences import (
    DealRecurringCreated,
    DealRecurringExposed,
    DealRecurringUpdated,
)

from services.deals.deal.domain.deal import Deal
from tests.builders.running import Api, wrong_fields

MONTH = {"number": 1, "unit": "month"}
DAY = {"number": 1, "unit": "day"}
ROW = {"name": "Pump", "quantity": "2", "price": "450.00"}


def tomorrow(days: int = 1) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


async def a_template(api: Api, deal: dict[str, Any] | None = None, **schedule: Any) -> dict[str, Any]:
    """A template as it is read."""
    source = await api.made("/deals", deal or {"title": "Service contract"})
    body = {"based_on_id": source["id"], "start_date": tomorrow(), "every": MONTH, **schedule}
    return await api.made("/recurring-deals", body)


async def said(api: Api, id_: str) -> list[Any]:
    return await api.documents(Deal, "deals").said(id_)


async def test_a_template_is_a_copy_of_a_deal_with_a_schedule(api: Api) -> None:
    """DEAL-15, DEAL-14."""
    contact, company = str(uuid4()), str(uuid4())
    given = {
        "title": "Service contract",
        "comments": "yearly",
        "probability": 80,
        "stage_id": "EXECUTING",
        "company_id": company,
        "contacts": [{"contact_id": contact}],
        "rows": [ROW],
    }
    source = await api.made("/deals", given)
    template = await a_template_of(api, source)
    assert template["is_recurring"] is True
    assert template["id"] != source["id"]
    assert {name: template[name] for name in ("title", "comments", "probability")} == {
        name: given[name] for name in ("title", "comments", "probability")
    }
    assert template["stage_id"] == "NEW"
    assert template["client"]["company"]["id"] == company
    assert [link["contact_id"] for link in template["client"]["contacts"]] == [contact]
    assert template["amount"] == source["amount"] == {"value": "900.00", "currency": "EUR"}
    assert template["rows"][0]["id"] != source["rows"][0]["id"]
    assert await api.read(f"/deals/{source['id']}") == source
    assert await api.read(f"/recurring-deals/{template['id']}") == template
    created = next(event for event in await said(api, template["id"]) if isinstance(event, DealRecurringCreated))
    assert created.based_on.id == source["id"]


async def a_template_of(api: Api, source: dict[str, Any], **schedule: Any) -> dict[str, Any]:
    body = {"based_on_id": source["id"], "start_date": tomorrow(), "every": MONTH, **schedule}
    return await api.made("/recurring-deals", body)


async def test_the_next_date_and_how_far_it_got_are_shown(api: Api) -> None:
    """DEAL-15."""
    template = await a_template(api, time_of_day="09:00", time_zone="Europe/Berlin")
    recurrence = template["recurrence"]
    assert recurrence["next_date"] == tomorrow()
    assert recurrence["next_at"][:10] == tomorrow()
    assert (recurrence["made"], recurrence["skipped"], recurrence["last_date"], recurrence["last_at"]) == (
        0,
        0,
        None,
        None,
    )
    assert recurrence["active"] is True


async def test_templates_are_in_no_list_of_deals_unless_a_filter_asks_for_them(api: Api) -> None:
    """DEAL-14: neither in lists nor in counts nor in searches."""
    mine, word = f"user-{uuid4()}", f"w{uuid4().hex[:12]}"
    source = await api.made("/deals", {"responsible_id": mine, "title": f"{word} contract"})
    template = await a_template_of(api, source)
    assert await api.ids(f"/deals?responsible_id={mine}") == [source["id"]]
    assert await api.ids(f"/deals?q={word}") == [source["id"]]
    assert (await api.read(f"/deals?responsible_id={mine}&total=true"))["total"]["value"] == 1
    for order in ("created_at", "title", "amount", "number"):
        assert await queried(api, {"responsible_id": mine}, order) == [source["id"]]
    assert await queried(api, {"responsible_id": mine, "is_recurring": True}) == [template["id"]]
    both = {"responsible_id": mine, "is_recurring": {"in": [True, False]}}
    assert await queried(api, both) == [template["id"], source["id"]]
    assert await queried(api, {"or": [both, {"id": source["id"]}]}) == [template["id"], source["id"]]


async def queried(api: Api, filter_: dict[str, Any], order: str = "created_at") -> list[str]:
    body = {"filter": filter_, "order": [[order, "desc"]], "count": "capped"}
    answer = await api("POST", "/deals/query", body)
    assert answer.status_code == 200, answer.text
    found = [item["id"] for item in answer.json()["items"]]
    assert answer.json()["count"] == {"value": len(found), "is_exact": True}
    return found


async def test_templates_have_a_list_of_their_own(api: Api) -> None:
    """DEAL-14."""
    mine = f"user-{uuid4()}"
    source = await api.made("/deals", {"responsible_id": mine})
    first, second = await a_template_of(api, source), await a_template_of(api, source, every=DAY)
    assert await api.ids(f"/recurring-deals?responsible_id={mine}") == [second["id"], first["id"]]
    page = await api.read(f"/recurring-deals?responsible_id={mine}&limit=1&total=true")
    assert (page["items"], page["total"]["value"]) == ([second], 2)
    assert wrong_fields(await api("GET", "/recurring-deals?colour=red")) == ["colour"]


async def test_a_deal_from_before_there_were_templates_is_none(api: Api) -> None:
    """DEAL-14."""
    mine = f"user-{uuid4()}"
    deal = await api.made("/deals", {"responsible_id": mine})
    await api.database.collection("deals").update({"_id": deal["id"]}, {"$unset": {"is_recurring": "", "timers": ""}})
    assert await api.ids(f"/deals?responsible_id={mine}") == [deal["id"]]
    assert (await api("GET", f"/recurring-deals/{deal['id']}")).status_code == 404


async def test_what_makes_a_template_cannot_be_written(api: Api) -> None:
    """DEAL-14."""
    deal = await api.made("/deals")
    for name, value in (("is_recurring", True), ("template_id", deal["id"]), ("recurrence", {})):
        assert wrong_fields(await api("POST", "/deals", {name: value})) == [name]
        assert wrong_fields(await api("PATCH", f"/deals/{deal['id']}", {name: value})) == [name]


async def test_a_template_goes_through_no_stages(api: Api) -> None:
    """DEAL-14: it would be counted as won."""
    template = await a_template(api)
    refused = await api("PUT", f"/deals/{template['id']}/stage", {"stage_id": "WON"})
    assert (refused.status_code, refused.json()["code"]) == (409, "template_has_no_stages")
    assert await api.read(f"/recurring-deals/{template['id']}") == template


async def test_a_template_moves_to_another_pipeline_to_its_first_stage_alone(api: Api) -> None:
    """DEAL-14, PIPE-05: the deals that it makes are made there."""
    await api.made("/pipelines", {"id": "lasting", "name": "Lasting"}, roles=("admin",))
    template = await a_template(api)
    path = f"/deals/{template['id']}/stage"
    refused = await api("PUT", path, {"pipeline_id": "lasting", "stage_id": "Clasting:WON"})
    assert (refused.status_code, refused.json()["code"]) == (409, "template_has_no_stages")
    assert (await api("PUT", path, {"pipeline_id": "lasting"})).status_code == 200
    deal = (await api("POST", f"/recurring-deals/{template['id']}/expose")).json()
    assert (deal["pipeline_id"], deal["closed"], deal["is_new"]) == ("lasting", False, True)


async def test_a_second_schedule_of_a_template_is_refused(api: Api) -> None:
    """DEAL-15."""
    template = await a_template(api)
    body = {"based_on_id": template["id"], "start_date": tomorrow(), "every": DAY}
    refused = await api("POST", "/recurring-deals", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "already_recurring")


@pytest.mark.parametrize(
    ("schedule", "wrong"),
    [
        ({"every": None}, ["every"]),
        ({"every": {"number": 0, "unit": "day"}}, ["every.number"]),
        ({"every": {"number": 1, "unit": "hour"}}, ["every.unit"]),
        ({"every": {"number": 1, "unit": "day", "colour": "red"}}, ["every.colour"]),
        ({"mode": "single"}, ["every"]),
        ({"mode": "single", "limit_count": 3, "before": DAY}, ["every", "limit_count"]),
        ({"before": DAY}, ["before"]),
        ({"limit_count": 3, "limit_date": "2030-01-01"}, ["limit_count", "limit_date"]),
        ({"limit_count": 0}, ["limit_count"]),
        ({"limit_date": "2001-01-01"}, ["start_date"]),
        ({"start_date": "2026-02-30"}, ["start_date"]),
        ({"start_date": "1900-01-01"}, ["start_date"]),
        ({"start_date": None}, ["start_date"]),
        ({"time_of_day": "24:00"}, ["time_of_day"]),
        ({"time_zone": "Europe/Atlantis"}, ["time_zone"]),
        ({"time_zone": "../etc/passwd"}, ["time_zone"]),
        ({"catch_up": "some"}, ["catch_up"]),
        ({"active": "yes"}, ["active"]),
        ({"begin_after": {"number": -1, "unit": "day"}, "colour": "red"}, ["begin_after.number", "colour"]),
        ({"based_on_id": "nothing"}, ["based_on_id"]),
    ],
)
async def test_what_is_wrong_with_a_schedule_is_named_and_nothing_is_made(
    api: Api, schedule: dict[str, Any], wrong: list[str]
) -> None:
    """DEAL-15."""
    source = await api.made("/deals")
    body = {"based_on_id": source["id"], "start_date": tomorrow(), "every": MONTH, **schedule}
    assert sorted(wrong_fields(await api("POST", "/recurring-deals", body))) == sorted(wrong)


async def test_a_repeat_with_the_same_key_makes_one_template(api: Api) -> None:
    """DEAL-15."""
    source = await api.made("/deals")
    body, key = {"based_on_id": source["id"], "start_date": tomorrow(), "every": MONTH}, str(uuid4())
    first = await api("POST", "/recurring-deals", body, idempotency_key=key)
    again = await api("POST", "/recurring-deals", body, idempotency_key=key)
    assert (first.json()["id"], again.headers["idempotent-replayed"]) == (again.json()["id"], "true")
    chosen = str(uuid4())
    assert (await api.made("/recurring-deals", {**body, "id": chosen}))["id"] == chosen


async def test_a_schedule_is_changed_and_paused(api: Api) -> None:
    """DEAL-15."""
    template = await a_template(api)
    path = f"/recurring-deals/{template['id']}"
    changed = await api("PATCH", path, {"every": {"number": 2, "unit": "week"}, "start_date": tomorrow(3)})
    assert changed.json()["recurrence"]["next_date"] == tomorrow(3)
    paused = await api("PATCH", path, {"active": False}, if_match=changed.headers["etag"])
    assert (paused.json()["recurrence"]["next_date"], paused.json()["recurrence"]["every"]["number"]) == (None, 2)
    stale = await api("PATCH", path, {"active": True}, if_match=changed.headers["etag"])
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert (await api("PATCH", path, {"active": True})).json()["recurrence"]["next_date"] == tomorrow(3)
    updates = [event for event in await said(api, template["id"]) if isinstance(event, DealRecurringUpdated)]
    assert [event.recurrence.active for event in updates] == [True, False, True]


async def test_a_change_of_nothing_changes_nothing(api: Api) -> None:
    """DEAL-15."""
    template = await a_template(api)
    same = await api("PATCH", f"/recurring-deals/{template['id']}", {"every": MONTH})
    assert same.json() == template


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"before": DAY}, ["before"]),
        ({"mode": "single"}, ["every"]),
        ({"every": None}, ["every"]),
        ({"start_date": None}, ["start_date"]),
        ({"based_on_id": "x"}, ["based_on_id"]),
        ({"made": 3}, ["made"]),
        ({"next_date": "2030-01-01"}, ["next_date"]),
        ({"limit_date": "2001-01-01"}, ["start_date"]),
    ],
)
async def test_what_is_wrong_with_a_change_is_named_and_nothing_changes(
    api: Api, changes: dict[str, Any], wrong: list[str]
) -> None:
    """DEAL-15."""
    template = await a_template(api)
    assert wrong_fields(await api("PATCH", f"/recurring-deals/{template['id']}", changes)) == wrong
    assert await api.read(f"/recurring-deals/{template['id']}") == template


async def test_a_schedule_of_one_deal_before_a_day(api: Api) -> None:
    """DEAL-15: the mode `single`."""
    once = await a_template(
        api, mode="single", every=None, start_date=tomorrow(10), before={"number": 1, "unit": "week"}
    )
    assert once["recurrence"]["next_date"] == tomorrow(3)
    dates = await api.read(f"/recurring-deals/{once['id']}/dates")
    assert [each["planned_for"] for each in dates["items"]] == [tomorrow(3)]


async def test_the_next_dates_are_told_before_they_come(api: Api) -> None:
    """DEAL-15."""
    template = await a_template(
        api, every=DAY, limit_count=3, begin_after=DAY, close_after={"number": 1, "unit": "week"}
    )
    path = f"/recurring-deals/{template['id']}/dates"
    items = (await api.read(path))["items"]
    assert [each["planned_for"] for each in items] == [tomorrow(1), tomorrow(2), tomorrow(3)]
    assert items[0] == {
        "planned_for": tomorrow(1),
        "at": f"{tomorrow(1)}T00:00:00Z",
        "begin_date": tomorrow(2),
        "close_date": tomorrow(8),
    }
    assert len((await api.read(f"{path}?limit=1"))["items"]) == 1
    assert wrong_fields(await api("GET", f"{path}?limit=0")) == ["limit"]
    assert wrong_fields(await api("GET", f"{path}?until=2030-01-01")) == ["until"]


async def test_a_deal_is_made_from_a_template_now(api: Api) -> None:
    """DEAL-15: beside its schedule."""
    template = await a_template(api, {"title": "Service contract", "rows": [ROW]}, begin_after=DAY)
    path = f"/recurring-deals/{template['id']}"
    answer = await api("POST", f"{path}/expose")
    deal = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/deals/{deal['id']}")
    assert (deal["is_recurring"], deal["template_id"], deal["title"]) == (False, template["id"], "Service contract")
    assert (deal["begin_date"], deal["amount"]) == (tomorrow(), template["amount"])
    assert await api.read(path) == template
    assert await queried(api, {"template_id": template["id"]}) == [deal["id"]]
    exposed = next(event for event in await said(api, deal["id"]) if isinstance(event, DealRecurringExposed))
    assert (exposed.template.id, exposed.planned_for) == (template["id"], None)


async def test_a_repeat_with_the_same_key_makes_one_deal_now(api: Api) -> None:
    """DEAL-15."""
    template, key = await a_template(api), str(uuid4())
    path = f"/recurring-deals/{template['id']}/expose"
    one, other = [await api("POST", path, idempotency_key=key) for _ in range(2)]
    assert one.json()["id"] == other.json()["id"]
    assert await queried(api, {"template_id": template["id"]}) == [one.json()["id"]]


async def test_a_paused_template_makes_a_deal_when_it_is_asked_to(api: Api) -> None:
    """DEAL-15."""
    template = await a_template(api, active=False)
    assert (await api("POST", f"/recurring-deals/{template['id']}/expose")).status_code == 201


async def test_a_deal_is_no_template(api: Api) -> None:
    """DEAL-14."""
    deal = await api.made("/deals")
    path = f"/recurring-deals/{deal['id']}"
    for method, address, body in (
        ("GET", path, None),
        ("GET", f"{path}/dates", None),
        ("PATCH", path, {"active": False}),
        ("POST", f"{path}/expose", None),
    ):
        assert (await api(method, address, body)).status_code == 404
    assert await api.read(f"/deals/{deal['id']}") == deal


async def test_a_deleted_template_makes_no_deals(api: Api) -> None:
    """DEAL-15."""
    template = await a_template(api)
    assert (await api("DELETE", f"/deals/{template['id']}")).status_code == 204
    refused = await api("POST", f"/recurring-deals/{template['id']}/expose")
    assert (refused.status_code, refused.json()["code"]) == (404, "gone")
    document = await api.database.collection("deals").get(template["id"])
    assert document is not None
    assert (document["wake_at"], document["wake_shard"]) == (None, None)


@pytest.mark.parametrize(
    ("method", "suffix"),
    [("GET", ""), ("PATCH", ""), ("GET", "/dates"), ("POST", "/expose"), ("GET", None), ("POST", None)],
)
async def test_who_may_not_use_deals_may_not_use_templates(api: Api, method: str, suffix: str | None) -> None:
    """DEAL-15, PERM-09."""
    path = "/recurring-deals" if suffix is None else f"/recurring-deals/some{suffix}"
    assert (await api(method, path, roles=None)).status_code == 401
    assert (await api(method, path, roles=["stranger"])).status_code == 403


async def test_a_template_is_in_no_stage_history(api: Api) -> None:
    """DEAL-14, PIPE-08: it goes through no stages, and none of its time is a deal's."""
    template = await a_template(api)
    assert await api.ids(f"/stage-history?owner_id={template['id']}") == []
