"""Many leads by one request: each has a result of its own, and a repeat creates none twice (ADR 0048)."""

from typing import Any, Final
from uuid import uuid4

import pytest

from tests.api.documents import document_of
from tests.builders.running import Api, wrong_fields

WRITES = ("update", "insert", "findAndModify")


async def sent(api: Api, *items: Any, more: dict[str, Any] | None = None, **headers: Any) -> Any:
    answer = await api("POST", "/leads/batch", {"items": list(items), **(more or {})}, **headers)
    assert answer.status_code == 207, answer.text
    return answer.json()


CORRECT = {"on_existing": "correct"}


def an_origin() -> dict[str, str]:
    return {"originator_id": "old-crm", "origin_id": str(uuid4())}


def outcomes(found: Any) -> list[tuple[int, str]]:
    return [(item["status"], item["outcome"]) for item in found["items"]]


async def test_each_lead_of_a_batch_has_its_result_in_order(api: Api) -> None:
    """LEAD-01, CMN-14."""
    chosen, origin = str(uuid4()), an_origin()
    found = await sent(api, {"title": "First"}, {"title": "Second", "id": chosen}, {"title": "Third", **origin})
    assert outcomes(found) == [(201, "created")] * 3
    assert (found["refused"], found["items"][1]["id"]) == (0, chosen)
    leads = [await api.read(f"/leads/{item['id']}") for item in found["items"]]
    assert [lead["title"] for lead in leads] == ["First", "Second", "Third"]
    assert [lead["version"] for lead in leads] == [item["version"] for item in found["items"]] == [1, 1, 1]
    assert leads[0]["number"] < leads[1]["number"] < leads[2]["number"]
    assert leads[2]["origin_id"] == origin["origin_id"]
    assert {lead["created_by"] for lead in leads} == {"user:anna"}


async def test_one_bad_item_spoils_none_of_the_others_and_says_all_that_is_wrong_with_it(api: Api) -> None:
    """LEAD-01."""
    found = await sent(
        api,
        {"titel": "x", "stage_id": 7},
        {"title": "Good"},
        {"stage_id": "NOWHERE"},
        {"rows": [{"product_id": "unknown", "quantity": "1"}]},
        "no object",
        {"originator_id": "half"},
    )
    assert outcomes(found) == [(422, "refused"), (201, "created"), *[(422, "refused")] * 4]
    assert found["refused"] == 5
    problems = [item["problem"] for item in found["items"]]
    assert problems[1] is None
    fields = [[error["field"] for error in problem["errors"]] for problem in problems if problem]
    assert fields == [["stage_id", "titel"], ["stage_id"], ["rows.0.product_id"], ["body"], ["origin_id"]]
    unknown = problems[0]["errors"][1]
    assert unknown == {
        "field": "titel",
        "code": "extra_forbidden",
        "message": "there is no such field; did you mean title?",
    }
    assert problems[4]["detail"] == 'body: an object is needed, such as {"title": "Pumps for Berlin"}.'
    for problem in filter(None, problems):
        assert set(problem) >= {"type", "title", "status", "code", "detail", "correlation_id", "errors"}
    codes = [problem["code"] for problem in problems if problem]
    assert codes == ["invalid_fields", "stage_not_in_pipeline", "invalid", "invalid_fields", "invalid"]


async def test_each_result_has_every_key_that_is_described_null_where_it_does_not_apply(api: Api) -> None:
    """CMN-14: created, corrected, refused; a program may read each key of each."""
    described = document_of("leads")["components"]["schemas"]["ItemResult"]
    origin = an_origin()
    for outcome in ("created", "corrected"):
        found = await sent(api, {**origin, "title": outcome}, {"stage_id": "NOWHERE"}, more=CORRECT)
        made, refused = found["items"]
        assert (made["outcome"], made["problem"]) == (outcome, None)
        assert (refused["outcome"], refused["id"], refused["version"]) == ("refused", None, None)
        for item in (made, refused):
            assert item.keys() == described["properties"].keys()
    assert {"id", "version", "problem"} <= set(described["required"])


async def test_an_item_is_refused_as_a_single_request_would_be_and_says_the_same(api: Api) -> None:
    """LEAD-01, CMN-14."""
    lead = await api.made("/leads", an_origin())
    taken = {name: lead[name] for name in ("originator_id", "origin_id")}
    bodies = [{"id": lead["id"]}, taken, {"stage_id": "CONVERTED"}, {"phones": "030"}]
    single = [await api("POST", "/leads", body) for body in bodies]
    found = await sent(api, *bodies)
    for alone, item in zip(single, found["items"], strict=True):
        problem = {**alone.json(), "correlation_id": item["problem"]["correlation_id"]}
        assert (item["status"], item["problem"]) == (alone.status_code, problem)


async def test_of_two_items_of_one_id_or_origin_the_second_is_refused(api: Api) -> None:
    """CMN-14."""
    id_, origin = str(uuid4()), an_origin()
    for more in ({}, CORRECT):
        found = await sent(api, {"id": id_}, {"id": id_, "title": "x"}, origin, {**origin, "title": "y"}, more=more)
        assert [item["problem"]["code"] for item in found["items"][1::2]] == ["repeated_item"] * 2
        assert [item["problem"]["errors"][0]["field"] for item in found["items"][1::2]] == ["id", "origin_id"]
        id_, origin = str(uuid4()), an_origin()


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"items": [{}] * 201}, ["items"]),
        ({"items": []}, ["items"]),
        ({}, ["items"]),
        ({"items": {"title": "x"}}, ["items"]),
        ({"items": [{}], "on_existing": "ignore"}, ["on_existing"]),
        ({"items": [{}], "atomic": True}, ["atomic"]),
    ],
)
async def test_a_batch_that_is_none_is_refused_whole(api: Api, body: Any, fields: list[str]) -> None:
    """LEAD-01."""
    assert wrong_fields(await api("POST", "/leads/batch", body)) == fields


async def test_who_may_not_create_one_lead_may_not_create_many(api: Api) -> None:
    """The right is that of a single request."""
    assert (await api("POST", "/leads/batch", {"items": [{}]}, roles=["reader"])).status_code == 403
    assert (await api("POST", "/leads/batch", {"items": [{}]}, roles=None)).status_code == 401


async def test_a_batch_repeated_with_its_key_is_answered_with_its_first_answer(api: Api) -> None:
    """CMN-14."""
    key, items = str(uuid4()), [{"title": "Keyed"}, {"stage_id": "NOWHERE"}]
    first = await api("POST", "/leads/batch", {"items": items}, idempotency_key=key)
    again = await api("POST", "/leads/batch", {"items": items}, idempotency_key=key)
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    other = await api("POST", "/leads/batch", {"items": items[:1]}, idempotency_key=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_a_batch_of_which_every_item_was_refused_frees_its_key_for_the_corrected_one(api: Api) -> None:
    """CMN-14: it has written nothing, as a single request that was refused."""
    key, wrong = str(uuid4()), [{"titel": "First"}, {"stage_id": "NOWHERE"}]
    for _ in range(2):
        assert (await sent(api, *wrong, idempotency_key=key))["refused"] == 2
    right = [{"title": "First"}, {"title": "Second"}]
    found = await sent(api, *right, idempotency_key=key)
    assert outcomes(found) == [(201, "created")] * 2
    assert await sent(api, *right, idempotency_key=key) == found
    again = await api("POST", "/leads/batch", {"items": wrong}, idempotency_key=key)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_key_reused")


async def test_what_a_batch_refused_is_sent_alone_with_a_new_key(api: Api) -> None:
    """CMN-14: the description of the key says so, and the page of the error that the old one leads to."""
    key, other, origin = str(uuid4()), str(uuid4()), an_origin()
    first = await sent(api, origin, {"stage_id": "NOWHERE"}, idempotency_key=key)
    assert outcomes(first) == [(201, "created"), (422, "refused")]
    corrected = [origin, {"stage_id": "NEW"}]
    refused = await api("POST", "/leads/batch", {"items": corrected}, idempotency_key=key)
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_reused")
    alone = await sent(api, corrected[1], idempotency_key=other)
    assert outcomes(alone) == [(201, "created")]


async def test_a_batch_whose_answer_was_lost_creates_nothing_twice(api: Api) -> None:
    """CMN-14: it died before it stored its answer, or half way."""
    key, originator = str(uuid4()), str(uuid4())
    items = [{"title": str(n), "originator_id": originator, "origin_id": str(n)} for n in range(5)]
    first = await sent(api, *items, {}, {}, idempotency_key=key)
    await forget_answers(api)
    await api.database.collection("leads").delete({"_id": first["items"][3]["id"]})
    again = await sent(api, *items, {}, {}, idempotency_key=key)
    assert again == first
    assert len(await api.ids(f"/leads?originator_id={originator}")) == 5


async def forget_answers(api: Api) -> None:
    collection = api.database.collection("idempotency")
    for record in await collection.find({"answer": {"$exists": True}}):
        await collection.update({"_id": record["_id"]}, {"$unset": {"answer": ""}})


async def test_leads_of_known_origins_are_corrected_where_that_is_wished(api: Api) -> None:
    """CMN-14."""
    known, same, new = an_origin(), an_origin(), an_origin()
    await api.made("/leads", {**known, "title": "Old", "stage_id": "IN_PROCESS"})
    await api.made("/leads", {**same, "title": "Same"})
    items = [{**known, "title": "New", "stage_id": "NEW"}, {**same, "title": "Same"}, {**new, "title": "Fresh"}, {}]
    found = await sent(api, *items, more=CORRECT)
    assert outcomes(found) == [(200, "corrected"), (200, "unchanged"), (201, "created"), (201, "created")]
    corrected = await api.read(f"/leads/{found['items'][0]['id']}")
    assert (corrected["title"], corrected["stage_id"]) == ("New", "IN_PROCESS")
    found = await sent(api, *items, more=CORRECT)
    assert outcomes(found) == [(200, "unchanged")] * 3 + [(201, "created")]
    refused = await sent(api, items[0])
    problem = refused["items"][0]["problem"]
    assert (problem["code"], problem["existing_id"]) == ("origin_taken", corrected["id"])


async def test_a_lead_that_another_system_may_have_made_keeps_the_id_that_was_chosen_for_it(api: Api) -> None:
    """CMN-14."""
    origin, chosen = an_origin(), str(uuid4())
    found = await sent(api, {**origin, "id": chosen}, more=CORRECT)
    assert found["items"][0]["id"] == chosen
    other = {**an_origin(), "id": chosen}
    found = await sent(api, other, {**origin, "title": "Known by its origin"}, more=CORRECT)
    assert [item["problem"] and item["problem"]["code"] for item in found["items"]] == ["id_taken", None]


async def commands(api: Api, *names: str) -> int:
    """How many commands of these names MongoDB was given."""
    status = await api.database._inner.command("serverStatus")
    return sum(int(status["metrics"]["commands"][name]["total"]) for name in names)


async def test_two_hundred_leads_cost_few_commands(api: Api) -> None:
    """LEAD-01."""
    items = [{"title": f"Lead {n}", **an_origin(), "rows": [{"name": "Pump", "price": "1"}]} for n in range(200)]
    before = await commands(api, *WRITES)
    found = await sent(api, *items, more=CORRECT)
    written = await commands(api, *WRITES) - before
    assert outcomes(found) == [(201, "created")] * 200
    # One is of the leads and one of their numbers; the others are of jobs, also those of other tests.
    assert written < len(items) / 4


THEN: Final = {
    "created_at": "2024-02-29T23:30:00Z",
    "created_by": "user:bob",
    "updated_at": "2025-01-01T08:00:00Z",
    "updated_by": "service:old-crm",
    "moved_at": "2024-12-24T10:00:00Z",
    "moved_by": "user:eve",
}


async def test_an_administrator_imports_times_and_authors(api: Api) -> None:
    """CMN-10: of creation, change and move; a single request gives none."""
    origin = {"originator_id": "old-crm", "origin_id": str(uuid4())}
    item = {"title": "Old", "stage_id": "JUNK", **origin, **THEN}
    answer = await api("POST", "/leads/batch", {"items": [item]}, roles=("admin",))
    lead = await api.read(f"/leads/{answer.json()['items'][0]['id']}")
    assert {name: lead[name] for name in THEN} == THEN
    assert lead["closed_at"] == THEN["moved_at"]
    again = {**item, "created_by": "user:other"}
    answer = await api("POST", "/leads/batch", {"items": [again], "on_existing": "correct"}, roles=("admin",))
    (result,) = answer.json()["items"]
    assert (result["outcome"], result["left_out"]) == ("unchanged", ["created_by"])
    assert set(wrong_fields(await api("POST", "/leads", THEN, roles=("admin",)))) == set(THEN)


async def test_who_is_no_administrator_imports_no_times(api: Api) -> None:
    """CMN-10: the other items of the batch are taken."""
    answer = await api("POST", "/leads/batch", {"items": [{"created_by": "user:bob"}, {"title": "New"}]})
    refused, taken = answer.json()["items"]
    assert (refused["status"], refused["problem"]["code"], taken["status"]) == (403, "forbidden", 201)
