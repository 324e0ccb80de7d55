"""A change of a stage or a pipeline is rehearsed: what it would touch is told, and nothing is written (PIPE-06)."""

from itertools import count
from typing import Any, Final

import pytest
from crm_contracts.roles import Right, RoleState

from services.deals.pipeline.domain.pipeline import Pipeline
from shared.elements.store import own_stages
from tests.builders.granted import SELLER, as_seller, store
from tests.builders.running import Api, wrong_fields

ADMIN: Final = ("admin",)
DRY: Final = "?dry_run=true"
_NUMBERS: Final = count(1)


@pytest.fixture(autouse=True)
def no_deletion_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_stages, "SETTLED_S", 0.0)


@pytest.fixture
async def id_(api: Api) -> str:
    """A pipeline that no other test has."""
    made = await api.made("/pipelines", {"id": f"r{next(_NUMBERS)}", "name": "Rehearsed"}, roles=ADMIN)
    return str(made["id"])


async def rehearsed(api: Api, method: str, path: str, body: Any = None, **headers: Any) -> dict[str, Any]:
    answer = await api(method, path, body, roles=ADMIN, **headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def deals_on(api: Api, id_: str, stage_id: str, number: int, **fields: Any) -> list[str]:
    body = {"pipeline_id": id_, "stage_id": stage_id, **fields}
    return [(await api.made("/deals", body))["id"] for _ in range(number)]


async def test_a_deletion_of_a_stage_tells_the_deals_and_the_rights_that_it_touches(api: Api, id_: str) -> None:
    """PIPE-06: and why it could not be done; nothing is written, so nothing is told."""
    deals = await deals_on(api, id_, "PREPARATION", 2)
    await deals_on(api, id_, "NEW", 1)
    place = {"pipeline_id": id_, "stage_id": f"C{id_}:PREPARATION"}
    mine = Right(element="deal", levels={"read": "own"}, **place)
    elsewhere = Right(element="deal", levels={"read": "all"}, pipeline_id=id_, stage_id=f"C{id_}:NEW")
    await store(
        api,
        RoleState(id="preparers", name="Preparers", rights=(mine, elsewhere)),
        RoleState(id="others", name="Others", rights=(elsewhere,)),
    )
    before = await api.read(f"/pipelines/{id_}")
    told = await rehearsed(api, "DELETE", f"/pipelines/{id_}/stages/PREPARATION{DRY}")
    assert (told["possible"], told["problem"]["code"], told["problem"]["status"]) == (False, "stage_has_deals", 409)
    assert told["count"] == {"value": 2, "is_exact": True}
    assert sorted(told["ids"]) == sorted(deals)
    assert [(role["id"], role["name"], role["rights"]) for role in told["roles"]] == [
        ("preparers", "Preparers", [mine.model_dump(mode="json")])
    ]
    assert await api.read(f"/pipelines/{id_}") == before
    assert len(list(await api.documents(Pipeline, "pipelines").said(id_))) == 1


async def test_an_empty_stage_could_be_deleted_and_still_is_there(api: Api, id_: str) -> None:
    """PIPE-06: also one that came with the CRM, where it is forced."""
    path = f"/pipelines/{id_}/stages/APOLOGY"
    told = await rehearsed(api, "DELETE", f"{path}{DRY}&forced=true")
    nothing: dict[str, Any] = {"count": {"value": 0, "is_exact": True}, "ids": [], "roles": []}
    assert told == {"possible": True, "problem": None, **nothing}
    made = await rehearsed(api, "DELETE", f"/pipelines/{id_}/stages/NEW{DRY}")
    assert (made["possible"], made["problem"]["code"]) == (False, "stage_stays")
    assert f"C{id_}:APOLOGY" in [each["id"] for each in (await api.read(f"/pipelines/{id_}"))["stages"]]


async def test_another_name_or_place_of_a_stage_is_rehearsed(api: Api, id_: str) -> None:
    """PIPE-06."""
    path, before = f"/pipelines/{id_}/stages/EXECUTING", await api.read(f"/pipelines/{id_}")
    deals = await deals_on(api, id_, "EXECUTING", 1)
    told = await rehearsed(api, "PATCH", f"{path}{DRY}", {"name": "Other", "sort": 25})
    assert (told["possible"], told["ids"]) == (True, deals)
    refused = await rehearsed(api, "PATCH", f"{path}{DRY}", {"sort": 5000})
    assert (refused["possible"], refused["problem"]["code"]) == (False, "stage_out_of_order")
    assert [each["field"] for each in refused["problem"]["errors"]] == ["sort"]
    assert await api.read(f"/pipelines/{id_}") == before


async def test_a_deletion_of_a_pipeline_is_rehearsed(api: Api, id_: str) -> None:
    """PIPE-04, PIPE-06."""
    right = Right(element="deal", levels={"read": "own"}, pipeline_id=id_)
    await store(api, RoleState(id="partners", name="Partners", rights=(right,)))
    told = await rehearsed(api, "DELETE", f"/pipelines/{id_}{DRY}")
    assert (told["possible"], [role["id"] for role in told["roles"]]) == (True, ["partners"])
    deals = await deals_on(api, id_, "NEW", 1)
    told = await rehearsed(api, "DELETE", f"/pipelines/{id_}{DRY}")
    assert (told["possible"], told["problem"]["code"], told["ids"]) == (False, "pipeline_has_deals", deals)
    default = await rehearsed(api, "DELETE", f"/pipelines/default{DRY}")
    assert default["problem"]["code"] == "default_pipeline_stays"
    assert (await api("GET", f"/pipelines/{id_}")).status_code == 200


async def test_deals_that_the_caller_may_not_read_are_counted_and_not_named(api: Api, id_: str) -> None:
    """PERM-01, PIPE-06."""
    mine = await deals_on(api, id_, "NEW", 1)
    await deals_on(api, id_, "NEW", 2, responsible_id="bob", open_to_all=False)
    rights = (Right(element="deal", levels={"read": "own"}),)
    await store(api, RoleState(id=SELLER, rights=rights, modify_settings=True))
    answer = await as_seller(api, "DELETE", f"/pipelines/{id_}/stages/NEW{DRY}")
    assert (answer.status_code, answer.json()["count"]["value"], answer.json()["ids"]) == (200, 3, mine)


async def test_who_may_not_change_settings_rehearses_nothing(api: Api, id_: str) -> None:
    for method, path in (("PATCH", "/stages/NEW"), ("DELETE", "/stages/NEW"), ("DELETE", "")):
        answer = await api(method, f"/pipelines/{id_}{path}{DRY}", {} if method == "PATCH" else None)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_what_is_wrong_with_a_rehearsal_is_refused_like_the_change(api: Api, id_: str) -> None:
    """A stale copy, a stage that there is not, and a word that is neither true nor false."""
    path = f"/pipelines/{id_}/stages"
    for method, where, body in (("PATCH", f"{path}/NEW", {}), ("DELETE", f"{path}/NEW", None)):
        stale = await api(method, f"{where}{DRY}", body, roles=ADMIN, if_match='"7"')
        assert stale.json()["code"] == "version_mismatch"
        lost = await api(method, f"{path}/NOWHERE{DRY}", body, roles=ADMIN)
        assert lost.json()["code"] == "not_found"
        assert wrong_fields(await api(method, f"{where}?dry_run=maybe", body, roles=ADMIN)) == ["dry_run"]
    stale = await api("DELETE", f"/pipelines/{id_}{DRY}", roles=ADMIN, if_match='"7"')
    assert stale.json()["code"] == "version_mismatch"
    assert (await api("DELETE", f"/pipelines/nowhere{DRY}", roles=ADMIN)).json()["code"] == "not_found"
