"""Pipelines and their stages over HTTP, on the real MongoDB; each test makes pipelines of its own."""

from collections.abc import Mapping
from itertools import count
from typing import Any, Final

import pytest
from crm_contracts.pipelines import PipelineCreated, PipelineDeleted, PipelineUpdated
from crm_contracts.roles import Right, RoleState

from services.deals.deal.domain.deal import Deal
from services.deals.pipeline.domain.pipeline import Pipeline
from shared.elements.store import own_stages
from tests.builders.granted import SELLER, allow, as_seller, store
from tests.builders.running import Api, wrong_fields

ADMIN: Final = ("admin",)
SEEDED: Final = ("NEW", "PREPARATION", "PREPAYMENT", "EXECUTING", "INVOICE", "WON", "LOSE", "APOLOGY")
_NUMBERS: Final = count(1)


@pytest.fixture(autouse=True)
def no_deletion_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_stages, "SETTLED_S", 0.0)


@pytest.fixture
def id_() -> str:
    """The id of a pipeline that no other test has."""
    return f"p{next(_NUMBERS)}"


async def made(api: Api, id_: str, **fields: Any) -> dict[str, Any]:
    return await api.made("/pipelines", {"id": id_, "name": "Partners", **fields}, roles=ADMIN)


async def rule(api: Api, method: str, path: str, body: Any = None, **headers: Any) -> Any:
    """What an administrator does succeeds."""
    answer = await api(method, f"/pipelines/{path}", body, roles=ADMIN, **headers)
    assert answer.is_success, answer.text
    return answer


async def refused(api: Api, method: str, path: str, body: Any = None, **headers: Any) -> tuple[int, str]:
    answer = await api(method, f"/pipelines/{path}", body, roles=ADMIN, **headers)
    assert not answer.is_success
    return answer.status_code, answer.json()["code"]


def a_right(levels: Mapping[str, str], **place: str) -> Right:
    return Right(element="deal", levels=levels, **place)


async def stages_of(api: Api, id_: str) -> list[tuple[str, str]]:
    """The stages of a pipeline, without its prefix, with what they mean."""
    stages = (await api.read(f"/deal-stages?pipeline_id={id_}"))["items"]
    return [(stage["id"].removeprefix(f"C{id_}:"), stage["semantic"]) for stage in stages]


async def told(api: Api, id_: str) -> list[Any]:
    return list(await api.documents(Pipeline, "pipelines").said(id_))


async def test_the_default_pipeline_is_always_there(api: Api) -> None:
    """PIPE-01: published whole, like every other."""
    found = await api.read("/pipelines/default")
    assert (found["id"], found["is_default"], found["sort"], found["version"]) == ("default", True, 500, 1)
    assert "default" in [each["id"] for each in (await api.read("/pipelines"))["items"]]
    created, *_ = await told(api, "default")
    assert isinstance(created, PipelineCreated)
    assert (created.pipeline.is_default, len(created.pipeline.stages)) == (True, 8)


async def test_a_pipeline_is_created_changed_and_deleted(api: Api, id_: str) -> None:
    """PIPE-01, PIPE-09: each event tells all that others have to know."""
    first = await made(api, id_)
    assert (first["name"], first["sort"], first["is_default"], first["version"]) == ("Partners", 500, False, 1)
    assert await api.read(f"/pipelines/{id_}") == first
    changed = await rule(api, "PATCH", id_, {"name": " Resale ", "sort": 10}, if_match='"1"')
    assert changed.json() == {**first, "name": "Resale", "sort": 10, "version": 2}
    again = await rule(api, "PATCH", id_, {"name": "Resale"})
    assert again.headers["etag"] == changed.headers["etag"], "what is so already is no change"
    assert (await rule(api, "DELETE", id_)).status_code == 204
    created, updated, deleted = await told(api, id_)
    assert isinstance(created, PipelineCreated)
    assert created.pipeline.model_dump(mode="json") == {k: v for k, v in first.items() if k != "version"}
    assert isinstance(updated, PipelineUpdated)
    assert updated.before.model_dump(exclude_unset=True) == {"name": "Partners", "sort": 500}
    assert updated.after.model_dump(exclude_unset=True) == {"name": "Resale", "sort": 10}
    assert updated.state == created.pipeline.model_copy(update={"name": "Resale", "sort": 10})
    assert isinstance(deleted, PipelineDeleted)
    assert deleted.before == updated.state


async def test_a_pipeline_without_an_id_gets_a_short_one_that_a_repeat_gets_too(api: Api, id_: str) -> None:
    """PIPE-01."""
    answers = [
        await api("POST", "/pipelines", {"name": "Partners"}, roles=ADMIN, idempotency_key=f"key-{id_}")
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len(answers[0].json()["id"]) == 6


async def test_the_name_of_a_pipeline_has_up_to_255_characters_and_is_not_blank(api: Api, id_: str) -> None:
    """PIPE-01."""
    for name in ("", "  ", "x" * 256):
        assert wrong_fields(await api("POST", "/pipelines", {"name": name}, roles=ADMIN)) == ["name"]
    assert (await made(api, id_, name="x" * 255))["name"] == "x" * 255
    for name in ("", "  ", "x" * 256):
        assert wrong_fields(await api("PATCH", f"/pipelines/{id_}", {"name": name}, roles=ADMIN)) == ["name"]
    assert wrong_fields(await api("POST", "/pipelines", {}, roles=ADMIN)) == ["name"]


async def test_a_negative_place_counts_as_nought(api: Api, id_: str) -> None:
    """PIPE-01."""
    assert (await made(api, id_, sort=-5))["sort"] == 0
    assert (await rule(api, "PATCH", id_, {"sort": 3})).json()["sort"] == 3
    assert (await rule(api, "PATCH", id_, {"sort": -1})).json()["sort"] == 0


async def test_what_a_pipeline_cannot_have_is_refused_by_name(api: Api, id_: str) -> None:
    """PIPE-01: whether it is the default one is read-only, and an id never changes."""
    body = {"id": "not an id", "name": "x", "is_default": True, "sort": "high", "stages": []}
    answer = await api("POST", "/pipelines", body, roles=ADMIN)
    assert set(wrong_fields(answer)) == {"id", "is_default", "sort", "stages"}
    await made(api, id_)
    changes = {"id": "x", "is_default": True, "stages": []}
    assert set(wrong_fields(await api("PATCH", f"/pipelines/{id_}", changes, roles=ADMIN))) == set(changes)
    assert wrong_fields(await api("GET", "/pipelines?name=x")) == ["name"]
    assert await refused(api, "GET", "nowhere") == (404, "not_found")


async def test_an_id_is_given_once(api: Api, id_: str) -> None:
    """PIPE-01: also the id of one that was deleted, of which deals of the past tell."""
    await made(api, id_)
    again = await api("POST", "/pipelines", {"id": id_, "name": "Others"}, roles=ADMIN)
    assert (again.status_code, again.json()["code"]) == (409, "id_taken")
    await rule(api, "DELETE", id_)
    again = await api("POST", "/pipelines", {"id": id_, "name": "Others"}, roles=ADMIN)
    assert (again.status_code, again.json()["code"]) == (409, "id_taken")
    assert await refused(api, "GET", id_) == (404, "gone")


async def test_an_old_copy_changes_no_pipeline(api: Api, id_: str) -> None:
    """PIPE-01, PIPE-06: stages are part of their pipeline."""
    await made(api, id_)
    await rule(api, "PATCH", id_, {"name": "Resale"})
    mismatch, old = (412, "version_mismatch"), '"1"'
    assert await refused(api, "PATCH", id_, {"name": "x"}, if_match=old) == mismatch
    assert await refused(api, "DELETE", id_, if_match=old) == mismatch
    assert await refused(api, "POST", f"{id_}/stages", {"id": "A", "name": "A"}, if_match=old) == mismatch
    assert await refused(api, "PATCH", f"{id_}/stages/LOSE", {"name": "A"}, if_match=old) == mismatch
    assert await refused(api, "DELETE", f"{id_}/stages/APOLOGY", if_match=old) == mismatch
    assert (await api.read(f"/pipelines/{id_}"))["version"] == 2


async def test_only_who_may_modify_settings_changes_pipelines(api: Api, id_: str) -> None:
    """PERM-05, PIPE-01, PIPE-06: by the token, or by a role that is given in catalog."""
    await made(api, id_)
    writes: tuple[tuple[str, str, Any], ...] = (
        ("POST", "", {"name": "x"}),
        ("PATCH", f"/{id_}", {"name": "y"}),
        ("POST", f"/{id_}/stages", {"id": "EXTRA", "name": "Extra"}),
        ("PATCH", f"/{id_}/stages/EXTRA", {"name": "More"}),
        ("DELETE", f"/{id_}/stages/EXTRA", None),
        ("DELETE", f"/{id_}", None),
    )
    for method, path, body in writes:
        answer = await api(method, f"/pipelines{path}", body)
        assert (answer.status_code, answer.json()["permissions"]) == (403, ["deals:settings"]), path
        assert (await api(method, f"/pipelines{path}", body, roles=None)).status_code == 401
    await store(api, RoleState(id=SELLER, modify_settings=True))
    for method, path, body in writes:
        answer = await as_seller(api, method, f"/pipelines{path}", body)
        assert answer.is_success, answer.text


async def test_a_new_pipeline_has_stages_of_its_own(api: Api, id_: str) -> None:
    """PIPE-02: under ids with its prefix; one that is given without the prefix is the same stage."""
    stages = (await made(api, id_))["stages"]
    assert [stage["id"] for stage in stages] == [f"C{id_}:{each}" for each in SEEDED]
    assert [stage["semantic"] for stage in stages] == ["P"] * 5 + ["S"] + ["F"] * 2
    assert [stage["id"] for stage in stages if stage["system"]] == [f"C{id_}:{each}" for each in ("NEW", "WON", "LOSE")]
    deal = await api.made("/deals", {"pipeline_id": id_})
    assert (deal["stage_id"], deal["is_new"]) == (f"C{id_}:NEW", True)
    short = await api.made("/deals", {"pipeline_id": id_, "stage_id": "EXECUTING"})
    whole = await api.made("/deals", {"pipeline_id": id_, "stage_id": f"C{id_}:EXECUTING"})
    assert short["stage_id"] == whole["stage_id"] == f"C{id_}:EXECUTING"
    moved = await api("PUT", f"/deals/{short['id']}/stage", {"stage_id": "WON"})
    assert (moved.json()["stage_id"], moved.json()["closed"]) == (f"C{id_}:WON", True)
    assert await api.ids(f"/deals?pipeline_id={id_}&stage_id=C{id_}:EXECUTING") == [whole["id"]]
    found = await api("POST", "/deals/query", {"filter": {"stage_id": {"not in": [f"C{id_}:WON"]}, "pipeline_id": id_}})
    assert [each["id"] for each in found.json()["items"]] == [whole["id"], deal["id"]]


async def test_the_list_of_pipelines_shows_those_in_which_the_caller_may_read_deals(api: Api, id_: str) -> None:
    """PIPE-03, PERM-03: the others do not exist for him, nor do their stages."""
    await made(api, id_)
    everywhere = a_right({"read": "all"})
    await allow(api, everywhere, a_right({"read": "none"}, pipeline_id=id_))
    listed = (await as_seller(api, "GET", "/pipelines")).json()["items"]
    assert id_ not in [each["id"] for each in listed]
    assert "default" in [each["id"] for each in listed]
    hidden = await as_seller(api, "GET", f"/pipelines/{id_}", x_correlation_id="c")
    unknown = await as_seller(api, "GET", "/pipelines/nowhere", x_correlation_id="c")
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.text.replace(id_, "nowhere") == unknown.text
    for path in (f"/deal-stages?pipeline_id={id_}", f"/deals?pipeline_id={id_}"):
        answer = await as_seller(api, "GET", path)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "pipeline_not_found"), path
        assert id_ not in answer.json()["detail"].replace(f"pipeline {id_}", ""), path
    one_stage = a_right({"read": "all"}, pipeline_id=id_, stage_id=f"C{id_}:WON")
    await allow(api, everywhere, a_right({"read": "none"}, pipeline_id=id_), one_stage)
    assert id_ in [each["id"] for each in (await as_seller(api, "GET", "/pipelines")).json()["items"]]


async def test_pipelines_are_listed_by_their_place(api: Api, id_: str) -> None:
    """PIPE-01: the default one before others of the same place."""
    await made(api, id_)
    await made(api, f"{id_}b", sort=499)
    listed = [each["id"] for each in (await api.read("/pipelines"))["items"]]
    assert [each for each in listed if each in {id_, f"{id_}b", "default"}] == [f"{id_}b", "default", id_]


async def test_the_default_pipeline_is_not_deleted(api: Api) -> None:
    """PIPE-04."""
    before = await api.read("/pipelines/default")
    assert await refused(api, "DELETE", "default") == (409, "default_pipeline_stays")
    assert await api.read("/pipelines/default") == before


async def test_a_pipeline_that_has_any_deal_is_not_deleted(api: Api, id_: str) -> None:
    """PIPE-04: also one that is closed; a deal that was deleted does not count."""
    before = await made(api, id_)
    deal = await api.made("/deals", {"pipeline_id": id_, "stage_id": "WON"})
    assert await refused(api, "DELETE", id_) == (409, "pipeline_has_deals")
    assert await api.read(f"/pipelines/{id_}") == before
    await api.made("/deals", {"pipeline_id": id_})
    assert (await api("DELETE", f"/deals/{deal['id']}")).status_code == 204
    assert await refused(api, "DELETE", id_) == (409, "pipeline_has_deals")
    for each in await api.ids(f"/deals?pipeline_id={id_}"):
        await api("DELETE", f"/deals/{each}")
    await rule(api, "DELETE", id_)
    assert wrong_fields(await api("POST", "/deals", {"pipeline_id": id_})) == ["pipeline_id"]


async def test_deals_are_listed_by_a_stage_of_their_pipeline(api: Api, id_: str) -> None:
    """PIPE-02: with its prefix or without; a stage of another pipeline is none."""
    await api.made("/pipelines", {"id": id_, "name": "Partners"}, roles=ADMIN)
    deal = await api.made("/deals", {"pipeline_id": id_})
    for stage in ("NEW", f"C{id_}:NEW"):
        listed = await api.read(f"/deals?pipeline_id={id_}&stage_id={stage}")
        assert [each["id"] for each in listed["items"]] == [deal["id"]]
    answer = await api("GET", f"/deals?pipeline_id={id_}&stage_id=PREPAYMENT_INVOICE")
    assert wrong_fields(answer) == ["stage_id"]


async def test_a_stage_is_added_at_its_place(api: Api, id_: str) -> None:
    """PIPE-06, PIPE-09: without one it is the last of its meaning."""
    before = await made(api, id_)
    added = await rule(api, "POST", f"{id_}/stages", {"id": "TALKS", "name": "Talks", "color": "#112233"})
    assert added.status_code == 201
    assert added.headers["location"] == f"/v1/pipelines/{id_}/stages/C{id_}:TALKS"
    stage = {"id": f"C{id_}:TALKS", "name": "Talks", "semantic": "P", "color": "#112233", "system": False}
    assert {name: added.json()[name] for name in stage} == stage
    await rule(api, "POST", f"{id_}/stages", {"id": f"C{id_}:EARLY", "name": "Early", "sort": 15})
    await rule(api, "POST", f"{id_}/stages", {"id": "SPAM", "name": "Spam", "semantic": "F"})
    order = ["NEW", "EARLY", *SEEDED[1:5], "TALKS", "WON", "LOSE", "APOLOGY", "SPAM"]
    assert [stage for stage, _ in await stages_of(api, id_)] == order
    updated = (await told(api, id_))[1]
    assert isinstance(updated, PipelineUpdated)
    assert [each.id for each in updated.before.stages] == [each["id"] for each in before["stages"]]
    assert [each.id for each in updated.state.stages if each not in updated.before.stages] == [f"C{id_}:TALKS"]
    assert (await api.made("/deals", {"pipeline_id": id_, "stage_id": "TALKS"}))["stage_id"] == f"C{id_}:TALKS"


async def test_a_stage_is_renamed_recoloured_and_reordered(api: Api, id_: str) -> None:
    """PIPE-06."""
    await made(api, id_)
    path = f"{id_}/stages/EXECUTING"
    changed = await rule(api, "PATCH", path, {"name": "Doing", "color": "#000000", "sort": 15}, if_match='"1"')
    assert (changed.json()["name"], changed.json()["color"], changed.headers["etag"]) == ("Doing", "#000000", '"2"')
    assert [stage for stage, _ in await stages_of(api, id_)][:3] == ["NEW", "EXECUTING", "PREPARATION"]
    assert (await rule(api, "PATCH", path, {"name": "Doing"})).headers["etag"] == '"2"'
    assert (await rule(api, "PATCH", path, {"color": None})).json()["color"] is None
    assert await refused(api, "PATCH", f"{id_}/stages/NOWHERE", {"name": "x"}) == (404, "not_found")


async def test_the_id_and_the_meaning_of_a_stage_are_fixed(api: Api, id_: str) -> None:
    """PIPE-06."""
    await made(api, id_)
    changes = {"id": "OTHER", "semantic": "F", "system": False, "name": " "}
    answer = await api("PATCH", f"/pipelines/{id_}/stages/EXECUTING", changes, roles=ADMIN)
    assert set(wrong_fields(answer)) == set(changes)


async def test_the_id_of_a_stage_is_unique_in_its_pipeline(api: Api, id_: str) -> None:
    """PIPE-02, PIPE-06: with or without the prefix; another pipeline may have the same."""
    await made(api, id_)
    for stage in ("EXECUTING", f"C{id_}:EXECUTING"):
        assert await refused(api, "POST", f"{id_}/stages", {"id": stage, "name": "x"}) == (409, "stage_exists")
    body = {"id": f"S{id_}", "name": "Same"}
    for pipeline in (id_, "default"):
        await rule(api, "POST", f"{pipeline}/stages", body)
    await rule(api, "DELETE", f"default/stages/S{id_}")


@pytest.mark.parametrize(
    ("stage", "fits"),
    [("Az-9_", True), ("A:B", False), ("A B", False), ("Ä", False), ("", False), ("x" * 22, False), ("x" * 17, True)],
)
async def test_the_id_of_a_stage_has_few_characters(api: Api, stage: str, fits: bool) -> None:  # noqa: FBT001
    """PIPE-06: A to Z, a to z, digits, `_` and `-`; at most 22 of them, the prefix included."""
    id_ = "fix"
    if (await api("GET", f"/pipelines/{id_}")).status_code == 404:
        await made(api, id_)
    answer = await api("POST", f"/pipelines/{id_}/stages", {"id": stage, "name": "x"}, roles=ADMIN)
    if fits:
        assert answer.status_code == 201, answer.text
        assert len(answer.json()["id"]) == len(stage) + len("Cfix:") <= 22
    else:
        assert wrong_fields(answer) == ["id"]


async def test_an_id_of_the_default_pipeline_has_up_to_22_characters(api: Api) -> None:
    """PIPE-06."""
    await rule(api, "POST", "default/stages", {"id": "x" * 22, "name": "x"})
    await rule(api, "DELETE", f"default/stages/{'x' * 22}")
    assert wrong_fields(await api("POST", "/pipelines/default/stages", {"id": "x" * 23, "name": "x"}, roles=ADMIN)) == [
        "id"
    ]


@pytest.mark.parametrize(
    ("method", "stage", "body", "field"),
    [
        ("POST", "", {"id": "LATE", "name": "x", "sort": 65}, "sort"),
        ("POST", "", {"id": "EARLY", "name": "x", "semantic": "F", "sort": 15}, "sort"),
        ("POST", "", {"id": "FIRST", "name": "x", "sort": 5}, "sort"),
        ("POST", "", {"id": "GAIN", "name": "x", "semantic": "S"}, "semantic"),
        ("POST", "", {"id": "GAIN", "name": "x", "semantic": "X"}, "semantic"),
        ("PATCH", "/EXECUTING", {"sort": 100}, "sort"),
        ("PATCH", "/WON", {"sort": 15}, "sort"),
        ("PATCH", "/LOSE", {"sort": 15}, "sort"),
        ("PATCH", "/NEW", {"sort": 25}, "sort"),
    ],
)
async def test_stages_stay_in_their_order_with_one_success(
    api: Api, method: str, stage: str, body: dict[str, Any], field: str
) -> None:
    """PIPE-06: in process, the one success, failures; deals start on the same stage for ever."""
    before = await api.read("/pipelines/default")
    assert wrong_fields(await api(method, f"/pipelines/default/stages{stage}", body, roles=ADMIN)) == [field]
    assert await api.read("/pipelines/default") == before


async def test_a_stage_is_deleted(api: Api, id_: str) -> None:
    """PIPE-06, PIPE-09: what is left is answered; nobody moves there from then on."""
    before = await made(api, id_)
    left = await rule(api, "DELETE", f"{id_}/stages/APOLOGY", if_match='"1"')
    assert left.json() == {**before, "stages": before["stages"][:-1], "version": left.json()["version"]}
    deal = await api.made("/deals", {"pipeline_id": id_})
    answer = await api("PUT", f"/deals/{deal['id']}/stage", {"stage_id": "APOLOGY"})
    assert (wrong_fields(answer), answer.json()["code"]) == (["stage_id"], "stage_not_in_pipeline")
    assert [type(each) for each in await told(api, id_)] == [PipelineCreated, PipelineUpdated]
    assert await refused(api, "DELETE", f"{id_}/stages/APOLOGY") == (404, "not_found")
    again = await rule(api, "POST", f"{id_}/stages", {"id": "APOLOGY", "name": "Anew", "semantic": "F"})
    assert again.json()["system"] is False


async def test_a_stage_that_came_with_the_crm_is_deleted_by_force_only(api: Api, id_: str) -> None:
    """PIPE-06."""
    await made(api, id_)
    assert await refused(api, "DELETE", f"{id_}/stages/LOSE") == (409, "system_stage")
    assert await refused(api, "DELETE", f"{id_}/stages/LOSE?forced=false") == (409, "system_stage")
    assert wrong_fields(await api("DELETE", f"/pipelines/{id_}/stages/LOSE?forced=x", roles=ADMIN)) == ["forced"]
    await rule(api, "DELETE", f"{id_}/stages/LOSE?forced=true")
    for stays in ("NEW", "WON"):
        assert await refused(api, "DELETE", f"{id_}/stages/{stays}?forced=true") == (409, "stage_stays")
    assert [stage for stage, _ in await stages_of(api, id_)] == [*SEEDED[:6], "APOLOGY"]


async def test_a_stage_with_deals_is_not_deleted(api: Api, id_: str) -> None:
    """PIPE-06."""
    before = await made(api, id_)
    deal = await api.made("/deals", {"pipeline_id": id_, "stage_id": "EXECUTING"})
    assert await refused(api, "DELETE", f"{id_}/stages/EXECUTING") == (409, "stage_has_deals")
    assert await api.read(f"/pipelines/{id_}") == before
    await api("PUT", f"/deals/{deal['id']}/stage", {"stage_id": "WON"})
    await rule(api, "DELETE", f"{id_}/stages/EXECUTING")
    assert (await api.documents(Deal, "deals").get(deal["id"])).previous_stage_id == f"C{id_}:EXECUTING"


async def test_a_pipeline_has_at_most_a_hundred_stages(api: Api, id_: str) -> None:
    """PIPE-06: every request reads all of them."""
    await made(api, id_)
    for number in range(92):
        await rule(api, "POST", f"{id_}/stages", {"id": f"S{number}", "name": "x"})
    body = {"id": "MORE", "name": "x"}
    assert await refused(api, "POST", f"{id_}/stages", body) == (409, "too_many_stages")
