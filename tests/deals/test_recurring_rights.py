"""What users with roles may do with templates: what they may do with such deals (PERM-01, DEAL-15)."""

from typing import Any

from crm_contracts.roles import Right

from tests.builders.granted import allow, as_seller
from tests.builders.running import Api

START = "2098-01-31"
MONTHLY = {"number": 1, "unit": "month"}


def a_body(source: dict[str, Any]) -> dict[str, Any]:
    return {"based_on_id": source["id"], "start_date": START, "every": MONTHLY}


async def a_template(api: Api, **deal: Any) -> dict[str, Any]:
    return await api.made("/recurring-deals", a_body(await api.made("/deals", deal)))


async def may(api: Api, **levels: str) -> None:
    await allow(api, Right(element="deal", levels=levels))


async def test_a_template_of_others_does_not_exist_for_who_may_not_read_it(api: Api) -> None:
    """PERM-01, DEAL-14."""
    template = await a_template(api, responsible_id="ben", open_to_all=False)
    await may(api, read="own", add="all", update="all")
    path = f"/recurring-deals/{template['id']}"
    for method, address, body in (
        ("GET", path, None),
        ("GET", f"{path}/dates", None),
        ("PATCH", path, {"active": False}),
        ("POST", f"{path}/expose", None),
    ):
        assert (await as_seller(api, method, address, body)).status_code == 404
    listed = await as_seller(api, "GET", "/recurring-deals?responsible_id=ben")
    assert listed.json()["items"] == []
    unknown = await as_seller(api, "POST", "/recurring-deals", a_body({"id": template["id"]}))
    assert [each["code"] for each in unknown.json()["errors"]] == ["deal_not_found"]
    assert await api.read(path) == template


async def test_to_make_a_template_or_a_deal_of_it_takes_the_right_to_add_deals(api: Api) -> None:
    """PERM-01, DEAL-15."""
    source = await api.made("/deals")
    template = await a_template(api)
    await may(api, read="all", update="all")
    assert (await as_seller(api, "POST", "/recurring-deals", a_body(source))).json()["code"] == "right_missing"
    refused = await as_seller(api, "POST", f"/recurring-deals/{template['id']}/expose")
    assert (refused.status_code, refused.json()["action"]) == (403, "add")
    await may(api, read="all", add="all")
    assert (await as_seller(api, "POST", "/recurring-deals", a_body(source))).status_code == 201
    assert (await as_seller(api, "POST", f"/recurring-deals/{template['id']}/expose")).status_code == 201


async def test_to_change_a_schedule_takes_the_right_to_update_the_template(api: Api) -> None:
    """PERM-01, DEAL-15."""
    template = await a_template(api)
    path = f"/recurring-deals/{template['id']}"
    await may(api, read="all", add="all")
    refused = await as_seller(api, "PATCH", path, {"active": False})
    assert (refused.status_code, refused.json()["action"]) == (403, "update")
    assert await api.read(path) == template
    await may(api, read="all", update="all")
    assert (await as_seller(api, "PATCH", path, {"active": False})).json()["recurrence"]["active"] is False


async def test_to_plan_deals_takes_the_right_to_add_them(api: Api) -> None:
    """PERM-01, DEAL-15: a schedule makes deals in the name of who set it."""
    template = await a_template(api)
    path = f"/recurring-deals/{template['id']}"
    await may(api, read="all", update="all")
    for changes in ({"time_of_day": "09:00"}, {"every": {"number": 1, "unit": "day"}}):
        refused = await as_seller(api, "PATCH", path, changes)
        assert (refused.status_code, refused.json()["action"]) == (403, "add"), changes
    assert await api.read(path) == template
    assert (await as_seller(api, "PATCH", path, {"active": False})).status_code == 200
    assert (await as_seller(api, "PATCH", path, {"active": True})).status_code == 403
    await may(api, read="all", update="all", add="all")
    assert (await as_seller(api, "PATCH", path, {"active": True})).json()["recurrence"]["active"] is True


async def test_to_have_deals_made_for_another_or_elsewhere_takes_the_right_to_add_them_there(api: Api) -> None:
    """PERM-01, DEAL-15: a template whose schedule goes on is no way round it, in bulk neither."""
    pipeline = await api.made("/pipelines", {"name": "Elsewhere"}, roles=["admin"])
    template = await a_template(api, open_to_all=False)
    path, there = f"/deals/{template['id']}", {"pipeline_id": pipeline["id"]}
    await allow(
        api,
        Right(element="deal", levels={"read": "all", "update": "all", "add": "own"}),
        Right(element="deal", pipeline_id=pipeline["id"], levels={"add": "none"}),
    )
    for method, address, body in (("PATCH", path, {"responsible_id": "ben"}), ("PUT", f"{path}/stage", there)):
        refused = await as_seller(api, method, address, body)
        assert (refused.status_code, refused.json()["code"], refused.json()["action"]) == (403, "right_missing", "add")
    bulk = {"ids": [template["id"]], "action": {"type": "assign", "responsible_id": "ben"}}
    started = (await as_seller(api, "POST", "/deals/bulk", bulk)).json()
    assert [(each["status"], each["code"]) for each in started["items"]] == [("denied", "right_missing")]
    assert await api.read(f"/recurring-deals/{template['id']}") == template
    assert (await as_seller(api, "PATCH", path, {"title": "Same place"})).status_code == 200
    assert (await as_seller(api, "PATCH", f"/recurring-deals/{template['id']}", {"active": False})).status_code == 200
    assert (await as_seller(api, "PATCH", path, {"responsible_id": "ben"})).status_code == 200
    assert (await as_seller(api, "PUT", f"{path}/stage", there)).status_code == 200
    resumed = await as_seller(api, "PATCH", f"/recurring-deals/{template['id']}", {"active": True})
    assert (resumed.status_code, resumed.json()["action"]) == (403, "add")
    assert (await as_seller(api, "DELETE", path)).status_code == 403
    await allow(api, Right(element="deal", levels={"read": "all", "delete": "all"}))
    assert (await as_seller(api, "DELETE", path)).status_code == 204
