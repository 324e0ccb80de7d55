"""The stages of leads over HTTP, on the real MongoDB; each test adds stages of its own and deletes them."""

from itertools import count
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import pytest
from crm_contracts.dictionaries import DictionaryValueCreated, DictionaryValueDeleted, DictionaryValueUpdated
from crm_contracts.leads import LeadStageChanged
from crm_contracts.roles import Right, RoleState
from crm_contracts.values import ElementRef

from services.leads.lead.domain.lead import Lead
from services.leads.stage.domain import LEAD_STAGE, LeadStages
from shared.elements.store import own_stages
from tests.builders.granted import SELLER, as_seller, store
from tests.builders.running import Api, wrong_fields

ADMIN: Final = ("admin",)
SEEDED: Final = ["NEW", "IN_PROCESS", "PROCESSED", "CONVERTED", "JUNK"]
PATH: Final = "/lead-stages"
_NUMBERS: Final = count(1)


@pytest.fixture(autouse=True)
def no_deletion_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_stages, "SETTLED_S", 0.0)


@pytest.fixture
def id_() -> str:
    """The id of a stage that no other test has."""
    return f"TALKS_{next(_NUMBERS)}"


async def rule(api: Api, method: str, stage: str = "", body: Any = None, **headers: Any) -> Any:
    """What an administrator does succeeds."""
    answer = await api(method, f"{PATH}{stage}", body, roles=ADMIN, **headers)
    assert answer.is_success, answer.text
    return answer


async def refused(api: Api, method: str, stage: str = "", body: Any = None, **headers: Any) -> tuple[int, str]:
    answer = await api(method, f"{PATH}{stage}", body, roles=ADMIN, **headers)
    assert not answer.is_success, answer.text
    return answer.status_code, answer.json()["code"]


async def added(api: Api, id_: str, **fields: Any) -> dict[str, Any]:
    stage: dict[str, Any] = (await rule(api, "POST", body={"id": id_, "name": "Talks", **fields})).json()
    return stage


async def order(api: Api) -> list[str]:
    return await api.ids(PATH)


async def told(api: Api) -> list[Any]:
    return list(await api.documents(LeadStages, "lead_stages").said(LEAD_STAGE))


async def test_the_stages_are_published_as_values_of_a_dictionary(api: Api) -> None:
    """LEAD-06, PIPE-09, DICT-04: each with its meaning and colour, and with all codes in their order."""
    seeded = (await told(api))[: len(SEEDED)]
    assert all(isinstance(event, DictionaryValueCreated) for event in seeded)
    assert [event.value.code for event in seeded] == SEEDED
    assert {event.codes for event in seeded} == {tuple(SEEDED)}
    assert [event.value.semantic for event in seeded] == ["P", "P", "P", "S", "F"]
    assert {event.dictionary for event in seeded} == {
        ElementRef(type="dictionary", id="lead_stage", title="Stages of leads")
    }


async def test_a_stage_is_added_changed_and_deleted(api: Api, id_: str) -> None:
    """LEAD-06, PIPE-06, PIPE-09, DICT-04: each of it is told at once, with all that others have to know."""
    before = await told(api)
    stage = await added(api, id_, color="#112233")
    assert stage == {"id": id_, "name": "Talks", "semantic": "P", "sort": 40, "color": "#112233", "system": False}
    assert await order(api) == ["NEW", "IN_PROCESS", "PROCESSED", id_, "CONVERTED", "JUNK"]
    changed = await rule(api, "PATCH", f"/{id_}", {"name": " Negotiation ", "sort": 25, "color": "#445566"})
    assert changed.json() == {**stage, "name": "Negotiation", "sort": 25, "color": "#445566"}
    same = await rule(api, "PATCH", f"/{id_}", {"name": "Negotiation"})
    assert same.headers["etag"] == changed.headers["etag"], "what is so already is no change"
    assert await order(api) == ["NEW", "IN_PROCESS", id_, "PROCESSED", "CONVERTED", "JUNK"]
    left = await rule(api, "DELETE", f"/{id_}")
    assert [each["id"] for each in left.json()["items"]] == await order(api) == SEEDED
    created, updated, deleted = (await told(api))[len(before) :]
    assert isinstance(created, DictionaryValueCreated)
    assert created.value.model_dump(exclude={"rate"}) == {
        **{name: value for name, value in stage.items() if name != "id"},
        "code": id_,
        "default_name": "Talks",
    }
    assert isinstance(updated, DictionaryValueUpdated)
    assert updated.before.model_dump(exclude_unset=True) == {"name": "Talks", "sort": 40, "color": "#112233"}
    assert updated.after.model_dump(exclude_unset=True) == {"name": "Negotiation", "sort": 25, "color": "#445566"}
    assert (updated.value.default_name, updated.codes) == ("Talks", ("NEW", "IN_PROCESS", id_, *SEEDED[2:]))
    assert isinstance(deleted, DictionaryValueDeleted)
    assert (deleted.before, deleted.codes) == (updated.value, tuple(SEEDED))


async def test_a_repeated_request_adds_a_stage_once(api: Api, id_: str) -> None:
    body, key = {"id": id_, "name": "Talks"}, f"key-{uuid4()}"
    first, again = [await rule(api, "POST", body=body, idempotency_key=key) for _ in range(2)]
    assert first.json() == again.json()
    assert first.headers["location"] == f"/v1{PATH}/{id_}"
    assert await refused(api, "POST", body=body) == (409, "stage_exists")
    await rule(api, "DELETE", f"/{id_}")


async def test_leads_go_through_the_stages_that_there_are_now(api: Api, id_: str) -> None:
    """LEAD-06, LEAD-07, PIPE-07: created, moved, imported, in bulk and sought, without a restart."""
    await added(api, id_)
    lead = await api.made("/leads", {"stage_id": id_})
    assert (lead["stage_id"], lead["stage_semantic"]) == (id_, "P")
    other = await api.made("/leads")
    moved = await api("PUT", f"/leads/{other['id']}/stage", {"stage_id": id_})
    assert (moved.json()["stage_id"], moved.json()["previous_stage_id"]) == (id_, "NEW")
    batch = await api("POST", "/leads/batch", {"items": [{"stage_id": id_}]})
    assert batch.json()["items"][0]["status"] == 201, batch.text
    upserted = await api("PUT", f"/leads/external/shop/{uuid4()}", {"stage_id": id_})
    assert (upserted.status_code, upserted.json()["stage_id"]) == (201, id_)
    listed = await api.ids(f"/leads?stage_id={id_}")
    assert len(listed) == 4
    found = await api("POST", "/leads/query", {"filter": {"stage_id": {"not in": SEEDED}}})
    assert [each["id"] for each in found.json()["items"]] == listed
    action = {"type": "move", "stage_id": "JUNK"}
    run = await api("POST", "/leads/bulk", {"action": action, "ids": listed})
    assert {each["status"] for each in run.json()["items"]} == {"ok"}, run.text
    back = await api("POST", "/leads/bulk", {"action": {**action, "stage_id": id_}, "ids": listed[:1]})
    assert back.json()["items"][0]["status"] == "ok", back.text
    await api("PUT", f"/leads/{listed[0]}/stage", {"stage_id": "JUNK"})
    await rule(api, "DELETE", f"/{id_}")
    for method, path, body in (
        ("POST", "/leads", {"stage_id": id_}),
        ("PUT", f"/leads/{lead['id']}/stage", {"stage_id": id_}),
        ("PUT", f"/leads/external/shop/{uuid4()}", {"stage_id": id_}),
        ("GET", f"/leads?stage_id={id_}", None),
    ):
        answer = await api(method, path, body)
        assert wrong_fields(answer) == ["stage_id"], path
        assert answer.json()["errors"][0]["code"] == "stage_not_in_pipeline", path
    item = (await api("POST", "/leads/batch", {"items": [{"stage_id": id_}]})).json()["items"][0]
    assert (item["status"], item["problem"]["code"]) == (422, "stage_not_in_pipeline")


async def test_a_stage_of_failure_that_was_added_closes_a_lead(api: Api, id_: str) -> None:
    """LEAD-07, PIPE-07."""
    assert (await added(api, id_, semantic="F"))["sort"] == 60
    lead = await api.made("/leads")
    moved = (await api("PUT", f"/leads/{lead['id']}/stage", {"stage_id": id_})).json()
    assert (moved["stage_semantic"], moved["closed_at"] is not None) == ("F", True)
    event = (await api.documents(Lead, "leads").said(lead["id"]))[-1]
    assert isinstance(event, LeadStageChanged)
    assert (event.to_stage, event.to_semantic) == (id_, "F")
    await api("DELETE", f"/leads/{lead['id']}")
    await rule(api, "DELETE", f"/{id_}")


async def test_converted_stays_the_stage_of_conversions_whatever_it_is_called(api: Api) -> None:
    """LEAD-11, LEAD-14, PIPE-06."""
    await rule(api, "PATCH", "/CONVERTED", {"name": "Won over"})
    lead = await api.made("/leads", {"converted_elsewhere": True})
    assert (lead["stage_id"], lead["stage_semantic"]) == ("CONVERTED", "S")
    answer = await api("POST", "/leads", {"stage_id": "CONVERTED"})
    assert (answer.status_code, answer.json()["code"]) == (409, "use_conversion")
    assert await refused(api, "DELETE", "/CONVERTED?forced=true") == (409, "stage_stays")
    await rule(api, "PATCH", "/CONVERTED", {"name": "Converted"})


async def test_the_first_stage_and_the_success_stay(api: Api) -> None:
    """LEAD-06, PIPE-06: leads start on the same stage for ever."""
    for stays in ("NEW", "CONVERTED"):
        assert await refused(api, "DELETE", f"/{stays}?forced=true") == (409, "stage_stays")
    assert await order(api) == SEEDED


async def test_a_stage_that_came_with_the_crm_is_deleted_by_force_only(api: Api) -> None:
    """PIPE-06; added again it is one like others."""
    for lead in await api.ids("/leads?stage_id=JUNK&limit=200"):
        await api("DELETE", f"/leads/{lead}")
    assert await refused(api, "DELETE", "/JUNK") == (409, "system_stage")
    assert await refused(api, "DELETE", "/JUNK?forced=false") == (409, "system_stage")
    assert wrong_fields(await api("DELETE", f"{PATH}/JUNK?forced=x", roles=ADMIN)) == ["forced"]
    await rule(api, "DELETE", "/JUNK?forced=true")
    assert await order(api) == SEEDED[:-1]
    again = await added(api, "JUNK", semantic="F", sort=50, name="Junk", color="#FF5752")
    assert again["system"] is False


async def test_a_stage_with_leads_is_not_deleted(api: Api, id_: str) -> None:
    """PIPE-06: leads that were deleted do not count."""
    await added(api, id_)
    lead = await api.made("/leads", {"stage_id": id_})
    etag = (await api("GET", PATH)).headers["etag"]
    assert await refused(api, "DELETE", f"/{id_}") == (409, "stage_has_leads")
    assert (await api("GET", PATH)).headers["etag"] == etag, "a refusal leaves no trace"
    await api("DELETE", f"/leads/{lead['id']}")
    await rule(api, "DELETE", f"/{id_}", if_match=etag)
    assert await refused(api, "DELETE", f"/{id_}") == (404, "not_found")


async def test_an_old_copy_changes_no_stage(api: Api, id_: str) -> None:
    """PIPE-06: the ETag is that of all stages."""
    old = (await api("GET", PATH)).headers["etag"]
    first = await rule(api, "POST", body={"id": id_, "name": "Talks"}, if_match=old)
    assert (await api("GET", PATH)).headers["etag"] == first.headers["etag"] != old
    mismatch = (412, "version_mismatch")
    assert await refused(api, "POST", body={"id": "MORE", "name": "x"}, if_match=old) == mismatch
    assert await refused(api, "PATCH", f"/{id_}", {"name": "x"}, if_match=old) == mismatch
    assert await refused(api, "DELETE", f"/{id_}", if_match=old) == mismatch
    await rule(api, "DELETE", f"/{id_}", if_match=first.headers["etag"])


async def test_only_who_may_modify_settings_changes_stages(api: Api, id_: str) -> None:
    """PERM-05, PIPE-06, DICT-02: by the token, or by a role that is given in catalog."""
    writes: tuple[tuple[str, str, Any], ...] = (
        ("POST", "", {"id": id_, "name": "Talks"}),
        ("PATCH", f"/{id_}", {"name": "More"}),
        ("DELETE", f"/{id_}", None),
    )
    for method, path, body in writes:
        answer = await api(method, f"{PATH}{path}", body)
        assert (answer.status_code, answer.json()["permissions"]) == (403, ["leads:settings"]), path
        assert (await api(method, f"{PATH}{path}", body, roles=None)).status_code == 401
    await store(api, RoleState(id=SELLER, modify_settings=True))
    for method, path, body in writes:
        answer = await as_seller(api, method, f"{PATH}{path}", body)
        assert answer.is_success, answer.text


@pytest.mark.parametrize(
    ("stage", "fits"),
    [("x" * 21, True), ("x" * 22, False), ("a-b_C9", True), ("", False), ("a b", False), ("C:x", False), ("ä", False)],
)
async def test_the_id_of_a_stage_of_leads_has_at_most_21_characters(api: Api, stage: str, *, fits: bool) -> None:
    """PIPE-06: of A to Z, a to z, digits, `_` and `-`, without a prefix."""
    answer = await api("POST", PATH, {"id": stage, "name": "x"}, roles=ADMIN)
    if fits:
        assert (answer.status_code, answer.json()["id"]) == (201, stage), answer.text
        await rule(api, "DELETE", f"/{stage}")
    else:
        assert wrong_fields(answer) == ["id"]


@pytest.mark.parametrize(
    ("method", "stage", "body", "field"),
    [
        ("POST", "", {"id": "LATE", "name": "x", "sort": 45}, "sort"),
        ("POST", "", {"id": "EARLY", "name": "x", "semantic": "F", "sort": 15}, "sort"),
        ("POST", "", {"id": "FIRST", "name": "x", "sort": 5}, "sort"),
        ("POST", "", {"id": "GAIN", "name": "x", "semantic": "S"}, "semantic"),
        ("PATCH", "/PROCESSED", {"sort": 100}, "sort"),
        ("PATCH", "/CONVERTED", {"sort": 15}, "sort"),
        ("PATCH", "/NEW", {"sort": 25}, "sort"),
    ],
)
async def test_the_stages_of_leads_stay_in_their_order_with_one_success(
    api: Api, method: str, stage: str, body: dict[str, Any], field: str
) -> None:
    """LEAD-06, PIPE-06: in process, the one success, failures."""
    etag = (await api("GET", PATH)).headers["etag"]
    assert wrong_fields(await api(method, f"{PATH}{stage}", body, roles=ADMIN)) == [field]
    assert (await api("GET", PATH)).headers["etag"] == etag


async def test_what_a_stage_of_leads_cannot_have_is_refused_by_name(api: Api) -> None:
    """PIPE-06: id and meaning are fixed, and leads have no pipelines."""
    fixed = {"id": "OTHER", "semantic": "F", "system": False}
    assert set(wrong_fields(await api("PATCH", f"{PATH}/PROCESSED", fixed, roles=ADMIN))) == set(fixed)
    body = {"id": "x", "name": " ", "sort": "high", "color": "red", "pipeline_id": "default", "system": True}
    assert set(wrong_fields(await api("POST", PATH, body, roles=ADMIN))) == set(body) - {"id"}
    assert wrong_fields(await api("GET", f"{PATH}?pipeline_id=default")) == ["pipeline_id"]
    assert await refused(api, "PATCH", f"/{quote('no where')}", {"name": "x"}) == (404, "not_found")


async def test_a_change_of_a_stage_is_rehearsed(api: Api, id_: str) -> None:
    """PIPE-06: leads and rights that it would touch are told, and nothing is written."""
    await added(api, id_)
    lead, before = await api.made("/leads", {"stage_id": id_}), len(await told(api))
    here = Right(element="lead", levels={"read": "own"}, stage_id=id_)
    await store(api, RoleState(id="talkers", name="Talkers", rights=(here,)))
    found = (await rule(api, "DELETE", f"/{id_}?dry_run=true")).json()
    assert (found["possible"], found["problem"]["code"], found["ids"]) == (False, "stage_has_leads", [lead["id"]])
    assert [(role["id"], role["rights"]) for role in found["roles"]] == [("talkers", [here.model_dump(mode="json")])]
    found = (await rule(api, "PATCH", f"/{id_}?dry_run=true", {"name": "Other"})).json()
    assert (found["possible"], found["count"]) == (True, {"value": 1, "is_exact": True})
    assert len(await told(api)) == before
    assert (await api("DELETE", f"{PATH}/{id_}?dry_run=true")).status_code == 403
    await api("DELETE", f"/leads/{lead['id']}")
    await rule(api, "DELETE", f"/{id_}")
