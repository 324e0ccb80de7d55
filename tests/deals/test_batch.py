"""Many deals by one request (ADR 0048); what a batch is in general is tested with leads."""

from uuid import uuid4

from tests.builders.running import Api


async def test_each_deal_of_a_batch_has_its_result_and_its_pipeline(api: Api) -> None:
    """DEAL-01, CMN-14."""
    origin = {"originator_id": "old-crm", "origin_id": str(uuid4())}
    items = [{"title": "First", **origin}, {"pipeline_id": "unknown"}, {"stage_id": "WON"}]
    answer = await api("POST", "/deals/batch", {"items": items})
    assert (answer.status_code, answer.json()["refused"]) == (207, 1)
    first, refused, won = answer.json()["items"]
    assert (first["status"], refused["problem"]["code"], won["outcome"]) == (201, "pipeline_not_found", "created")
    assert (await api.read(f"/deals/{won['id']}"))["closed"] is True
    items[0]["title"] = "Corrected"
    answer = await api("POST", "/deals/batch", {"items": items[:1], "on_existing": "correct"})
    (corrected,) = answer.json()["items"]
    changed = {"status": 200, "outcome": "corrected", "version": 2, "left_out": []}
    assert {name: corrected[name] for name in first} == {**first, **changed}
    assert (await api.read(f"/deals/{first['id']}"))["title"] == "Corrected"


async def test_what_an_upsert_leaves_as_it_is_is_named(api: Api) -> None:
    """CMN-14."""
    path = f"/deals/external/shop/{uuid4()}"
    await api("PUT", path, {"title": "Order"})
    answer = await api("PUT", path, {"title": "Order 2", "pipeline_id": "default", "stage_id": "PREPARATION"})
    assert (answer.status_code, answer.json()["title"], answer.json()["left_out"]) == (200, "Order 2", ["stage_id"])


async def test_who_may_not_create_one_deal_may_not_create_many(api: Api) -> None:
    """The right is that of a single request."""
    assert (await api("POST", "/deals/batch", {"items": [{}]}, roles=["reader"])).status_code == 403
