"""Roles over HTTP, on the real MongoDB; each test takes roles of its own."""

import asyncio
from pathlib import Path
from typing import Any, Final

import pytest
from crm_contracts.roles import Right, RoleCreated, RoleDeleted, RoleState, RoleUpdated

from deploy.local.mongo import Mongo
from services.catalog.access.domain.role import Role
from services.catalog.access.domain.seeds import SEEDS
from services.catalog.access.usecases import seed_roles
from services.catalog.app import build
from tests.builders.causes import later
from tests.builders.fakes import Documents
from tests.catalog.running import Api, running, wrong_fields
from tests.kit.tokens import Signer
from tests.kit.waiting import eventually

RIGHTS: Final[list[dict[str, Any]]] = [
    {"element": "deal", "levels": {"read": "opened", "update": "own"}},
    {"element": "deal", "pipeline_id": "default", "stage_id": "WON", "levels": {"update": "none"}},
]


async def told(catalog: Api, role: str) -> list[Any]:
    return [event.data for event in await catalog.pending("roles", role)]


def admin(catalog: Api) -> str:
    return catalog.signer.token(roles=["admin"])


async def rule(catalog: Api, method: str, role: str, body: Any = None, **headers: str) -> Any:
    """What an administrator does succeeds."""
    answer = await catalog.call(method, f"/roles/{role}", body, token=admin(catalog), **headers)
    assert answer.is_success, answer.text
    return answer


async def refused(catalog: Api, method: str, role: str, body: Any = None, **headers: str) -> tuple[int, str]:
    answer = await catalog.call(method, f"/roles/{role}", body, token=admin(catalog), **headers)
    return answer.status_code, answer.json()["code"]


async def becomes(catalog: Api, path: str, token: str, status: int) -> None:
    """A change of a role acts in the half second that roles are kept in memory."""

    async def is_so() -> bool:
        return (await catalog.call("PATCH", path, {"name": "x"}, token=token)).status_code == status

    await eventually(is_so, "the role")


async def test_four_roles_are_there_from_the_start_and_published_whole(catalog: Api) -> None:
    """PERM-01, PERM-05, PERM-06."""
    listed = (await catalog.call("GET", "/roles?limit=200")).json()["items"]
    assert {role["id"] for role in listed} >= {"administrator", "manager", "employee", "guest"}
    found = {role["id"]: role for role in listed}
    levels = dict.fromkeys(("read", "add", "update", "delete", "export", "import"), "all")
    right = {"element": "*", "pipeline_id": None, "stage_id": None, "levels": levels}
    assert found["administrator"]["rights"] == found["manager"]["rights"] == [right]
    assert [found[role]["modify_settings"] for role in SEEDS] == [True, False, False, False]
    assert [found[role]["allow_personal_card"] for role in SEEDS] == [True, True, True, False]
    assert found["employee"]["rights"][0]["levels"] == {
        "read": "opened",
        "add": "own",
        "update": "own",
        "delete": "own",
        "export": "own",
    }
    assert found["guest"]["rights"][0]["levels"] == {"read": "own"}
    assert (await told(catalog, "guest"))[0] == RoleCreated(role=RoleState(id="guest", **dict(SEEDS["guest"])))


async def test_replicas_that_start_at_once_or_again_seed_each_role_once(mongo: Mongo, tmp_path: Path) -> None:
    """PERM-01: and a start never brings back what was deleted."""
    async with running("catalog", build, mongo, Signer(tmp_path / "jwks.json")) as catalog:
        documents = catalog.database.collection("roles")
        await documents.delete({"_id": {"$in": [*SEEDS]}})
        replicas = [Documents(Role, documents) for _ in range(4)]
        await asyncio.gather(*(seed_roles(later(n), roles=each) for n, each in enumerate(replicas)))
        for role in SEEDS:
            assert len(await told(catalog, role)) == 1
        await rule(catalog, "DELETE", "guest")
        await seed_roles(later(9), roles=replicas[0])
        assert await refused(catalog, "GET", "guest") == (404, "gone")


async def test_a_role_is_created_changed_and_deleted(catalog: Api, name: str) -> None:
    """PERM-01, PERM-02: each event has all of it."""
    made = await rule(catalog, "PUT", name, {"name": " Sales ", "rights": RIGHTS, "user_ids": ["anna", "anna"]})
    assert made.status_code == 201
    whole = {"id": name, "name": "Sales", "modify_settings": False, "allow_personal_card": False, "version": 1}
    rights = [{"pipeline_id": None, "stage_id": None, **right} for right in RIGHTS]
    assert made.json() == {**whole, "rights": rights, "user_ids": ["anna"]}
    changed = await rule(catalog, "PATCH", name, {"user_ids": ["anna", "ben"]}, if_match=made.headers["etag"])
    assert changed.json() == {**made.json(), "user_ids": ["anna", "ben"], "version": 2}
    again = await rule(catalog, "PATCH", name, {"user_ids": ["anna", "ben"]})
    assert again.headers["etag"] == changed.headers["etag"], "what is so already is no change"
    assert (await rule(catalog, "GET", name)).json() == changed.json()
    assert (await rule(catalog, "DELETE", name)).status_code == 204
    created, updated, deleted = await told(catalog, name)
    state = RoleState(id=name, name="Sales", rights=tuple(Right(**right) for right in RIGHTS), user_ids=("anna",))
    assert created == RoleCreated(role=state)
    assert isinstance(updated, RoleUpdated)
    assert updated.state == state.model_copy(update={"user_ids": ("anna", "ben")})
    assert updated.after.model_fields_set == {"user_ids"}
    assert isinstance(deleted, RoleDeleted)
    assert deleted.before.user_ids == ("anna", "ben")


async def test_setting_a_role_whole_takes_away_what_is_not_named(catalog: Api, name: str) -> None:
    """PERM-01."""
    await rule(catalog, "PUT", name, {"name": "Sales", "rights": RIGHTS, "user_ids": ["anna"]})
    put = await rule(catalog, "PUT", name, {"name": "Sales"})
    assert (put.status_code, put.json()["rights"], put.json()["user_ids"]) == (200, [], [])
    same = await rule(catalog, "PUT", name, {"name": "Sales"})
    assert same.headers["etag"] == put.headers["etag"]


async def test_a_deleted_role_leaves_nothing_and_its_id_is_not_used_again(catalog: Api, name: str) -> None:
    """PERM-01."""
    await rule(catalog, "PUT", name, {"name": "Secret", "user_ids": ["anna"]})
    await rule(catalog, "DELETE", name)
    for method in ("GET", "DELETE", "PATCH", "PUT"):
        body: Any = {"name": "x"} if method in {"PATCH", "PUT"} else None
        assert await refused(catalog, method, name, body) == (404, "gone")
    document = await catalog.database.collection("roles").get(name)
    assert document is not None
    assert (document["name"], document["user_ids"]) == ("", [])
    listed = [role["id"] for role in (await catalog.call("GET", "/roles?limit=200")).json()["items"]]
    assert name not in listed


async def test_roles_are_listed_page_by_page(catalog: Api, name: str) -> None:
    for number in range(3):
        await rule(catalog, "PUT", f"{name}{number}", {"name": "x"})
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await catalog.call("GET", f"/roles?limit=2{cursor and f'&cursor={cursor}'}")).json()
        found += [role["id"] for role in page["items"]]
        cursor = page["next_cursor"]
    assert found == sorted(set(found))
    assert {f"{name}{number}" for number in range(3)} <= set(found)
    assert wrong_fields(await catalog.call("GET", "/roles?cursor=x")) == {"cursor"}


async def test_the_administrators_role_keeps_its_rights(catalog: Api, name: str) -> None:
    """PERM-01, PERM-05: else no user could give any."""
    await rule(catalog, "PATCH", "administrator", {"user_ids": [name]})
    kept: list[dict[str, Any]] = [{"rights": []}, {"modify_settings": False}]
    for changes in kept:
        assert await refused(catalog, "PATCH", "administrator", changes) == (409, "system_role")
    assert await refused(catalog, "DELETE", "administrator") == (409, "system_role")


async def test_an_old_copy_changes_no_role(catalog: Api, name: str) -> None:
    old = (await rule(catalog, "PUT", name, {"name": "Sales"})).headers["etag"]
    await rule(catalog, "PATCH", name, {"name": "Trade"})
    mismatch = (412, "version_mismatch")
    assert await refused(catalog, "PUT", name, {"name": "x"}, if_match=old) == mismatch
    assert await refused(catalog, "PATCH", name, {"name": "x"}, if_match=old) == mismatch
    assert await refused(catalog, "DELETE", name, if_match=old) == mismatch
    assert await refused(catalog, "PUT", f"{name}-new", {"name": "x"}, if_match=old) == mismatch


async def test_only_who_may_modify_settings_changes_roles(catalog: Api, name: str) -> None:
    """PERM-05: by the token, or by a role that is given here; a service account by its scope alone."""
    sign = catalog.signer.token
    path = f"/roles/{name}"
    body: dict[str, Any] = {"name": "Sales", "user_ids": [name]}
    for token in (sign(roles=["reader"]), sign(), sign(sub=name), sign(sub=name, kind="service")):
        for method, sent in (("PUT", body), ("PATCH", {"name": "x"}), ("DELETE", None)):
            answer = await catalog.call(method, path, sent, token=token)
            assert (answer.status_code, answer.json()["permissions"]) == (403, ["catalog:settings"])
    await rule(catalog, "PUT", name, {**body, "modify_settings": True})
    await becomes(catalog, path, sign(sub=name), 200)
    assert (await catalog.call("PATCH", path, {"name": "y"}, token=sign(sub=name, kind="service"))).status_code == 403
    assert (await catalog.call("PATCH", path, {"name": "y"}, token=sign(roles=["user", name]))).status_code == 200
    scope = sign(sub="hr", kind="service", roles=None, scope="catalog:settings")
    assert (await catalog.call("PATCH", path, {"name": "z"}, token=scope)).status_code == 200
    await rule(catalog, "PATCH", name, {"modify_settings": False})
    await becomes(catalog, path, sign(sub=name), 403)


async def test_the_right_to_modify_settings_opens_no_other_route(catalog: Api, name: str) -> None:
    """PERM-05."""
    await rule(catalog, "PUT", name, {"name": "Settings", "modify_settings": True, "user_ids": [name]})
    token = catalog.signer.token(sub=name, roles=[])
    assert (await catalog.call("GET", "/outbox/quarantined", token=token)).status_code in {403, 404}
    assert (await catalog.call("POST", "/products", {"name": "x"}, token=token)).status_code == 403


async def test_every_wrong_field_of_a_role_is_named(catalog: Api, name: str) -> None:
    """PERM-01, PERM-02."""
    bad = {"name": " ", "rights": [{"levels": {}, "stage": "NEW"}], "user_ids": [7], "modify_settings": "yes", "x": 1}
    answer = await catalog.call("PUT", f"/roles/{name}", bad, token=admin(catalog))
    assert wrong_fields(answer) == {
        *("name", "rights.0.element", "rights.0.stage", "user_ids.0", "modify_settings", "x"),
    }
    rights = [
        {"element": "dael", "levels": {"read": "all"}},
        {"element": "deal", "levels": {"raed": "all", "read": "al"}},
        {"element": "contact", "pipeline_id": "default", "stage_id": "NEW", "levels": {}},
        {"element": "deal", "stage_id": "NEW", "levels": {}},
        {"element": "product", "levels": {"read": "own"}},
        {"element": "deal", "levels": {}},
        {"element": "lead", "pipeline_id": "default", "levels": {}},
        {"element": "*", "stage_id": "NEW", "levels": {}},
    ]
    answer = await catalog.call("PUT", f"/roles/{name}", {"name": "x", "rights": rights}, token=admin(catalog))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_rights")
    assert {wrong["field"]: wrong["code"] for wrong in answer.json()["errors"]} == {
        "rights.0.element": "unknown_element",
        "rights.1.levels.raed": "unknown_action",
        "rights.1.levels.read": "unknown_level",
        "rights.2.pipeline_id": "place_not_applicable",
        "rights.2.stage_id": "place_not_applicable",
        "rights.3.pipeline_id": "pipeline_missing",
        "rights.4.levels.read": "level_not_applicable",
        "rights.5": "repeated_right",
        "rights.6.pipeline_id": "place_not_applicable",
        "rights.7.stage_id": "place_not_applicable",
    }
    many = {"rights": [{"element": "deal", "levels": {f"a{number}": "all" for number in range(7)}}]}
    answer = await catalog.call("PATCH", f"/roles/{name}", many, token=admin(catalog))
    assert [wrong["message"] for wrong in answer.json()["errors"]] == ["at most 6 are allowed"]
    for id_ in ("A", "a b", "a" * 51, "-a"):
        assert (await catalog.call("PUT", f"/roles/{id_}", {"name": "x"}, token=admin(catalog))).status_code == 422
    for reserved in ("reader", "user", "admin"):
        answer = await catalog.call("PUT", f"/roles/{reserved}", {"name": "x"}, token=admin(catalog))
        assert wrong_fields(answer) == {"role"}


async def test_a_role_of_too_many_users_is_refused_and_not_cut(catalog: Api, name: str) -> None:
    long = [f"{number:0>100}" for number in range(2_000)]
    answer = await catalog.call("PUT", f"/roles/{name}", {"name": "x", "user_ids": long}, token=admin(catalog))
    assert (answer.status_code, answer.json()["code"]) == (422, "too_large")
    assert wrong_fields(answer) == {"user_ids"}


@pytest.mark.parametrize("kind", [{"kind": "service"}, {"roles": ["reader"]}])
async def test_readers_of_the_catalog_read_roles(catalog: Api, kind: dict[str, Any]) -> None:
    token = catalog.signer.token(**{"scope": "catalog:read", **kind})
    assert (await catalog.call("GET", "/roles/guest", token=token)).status_code == 200
