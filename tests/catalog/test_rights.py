"""Rights by roles in catalog: to products, to dictionaries, and what is said about them."""

import json
import re
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from deploy.local.mongo import Mongo
from services.catalog.app import build
from shared.kit.domain import derived_id
from tests.architecture.sources import ROOT
from tests.catalog.running import Api, running, wrong_fields
from tests.kit.tokens import Signer
from tests.kit.waiting import eventually

PAGE: Final = (ROOT / "docs" / "rights.md").read_text(encoding="utf-8")
EXAMPLES: Final = [json.loads(body) for body in re.findall(r"```json role\n(.*?)```", PAGE, re.DOTALL)]


def admin(catalog: Api) -> str:
    return catalog.signer.token(roles=["admin"])


async def employ(catalog: Api, user: str, rights: list[dict[str, Any]], **more: Any) -> str:
    """Give a user a role with these rights, and wait until this process knows it; the token of the user."""
    role = {"name": "Test", "rights": rights, "user_ids": [user], **more}
    answer = await catalog.call("PUT", f"/roles/{user}", role, token=admin(catalog))
    assert answer.is_success, answer.text
    token = catalog.signer.token(sub=user, roles=[])
    seen = rights or more.get("modify_settings")
    assert seen, "a role that gives nothing cannot be waited for"

    async def is_known() -> bool:
        address = f"/access?element=product:none&user={user}"
        known = await catalog.call("GET", address, token=token)
        return known.status_code == 404 or (await catalog.call("GET", "/products?limit=1", token=token)).is_success

    await eventually(is_known, "the role")
    return token


async def product(catalog: Api, name: str) -> dict[str, Any]:
    answer = await catalog.call("POST", "/products", {"name": name, "catalog_id": name, "external_id": name})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def missing(answer: httpx.Response) -> tuple[int, str, str, str]:
    """Status, code, action and level of a refusal for a right."""
    problem = answer.json()
    return answer.status_code, problem["code"], problem["action"], problem["level"]


async def test_a_role_that_reads_products_changes_none(catalog: Api, name: str) -> None:
    """PERM-01: nobody is responsible for a product, so the level `opened` of every type reads all of them."""
    made = await product(catalog, name)
    token = await employ(catalog, name, [{"element": "*", "levels": {"read": "opened", "update": "own", "add": "own"}}])
    assert (await catalog.call("GET", f"/products/{made['id']}", token=token)).status_code == 200
    listed = await catalog.call("GET", f"/products?catalog_id={name}", token=token)
    assert [each["id"] for each in listed.json()["items"]] == [made["id"]]
    changed = await catalog.call("PATCH", f"/products/{made['id']}", {"name": "x"}, token=token)
    assert missing(changed) == (403, "right_missing", "update", "own")
    by_id = await catalog.call("PUT", f"/products/external/{name}?catalog_id={name}", {"name": "x"}, token=token)
    assert missing(by_id) == (403, "right_missing", "update", "own")
    added = await catalog.call("POST", "/products", {"name": "x"}, token=token)
    assert missing(added) == (403, "right_missing", "add", "own")
    batch = await catalog.call("POST", "/products/batch", {"items": [{"name": "x"}]}, token=token)
    assert missing(batch) == (403, "right_missing", "import", "none")
    assert (await catalog.call("GET", f"/products/{made['id']}")).json() == made


async def test_products_that_a_role_does_not_read_are_as_if_they_were_not(catalog: Api, name: str) -> None:
    """PERM-01, PERM-04: an observed product there is not, so `own` reads none."""
    made = await product(catalog, name)
    token = await employ(catalog, name, [{"element": "*", "levels": {"read": "own", "update": "all"}}])
    other = derived_id("product", "none")
    for method, path, body in (
        ("GET", "/products/{}", None),
        ("PATCH", "/products/{}", {"name": "x"}),
        ("GET", "/access?element=product:{}", None),
    ):
        hidden = await catalog.call(method, path.format(made["id"]), body, token=token)
        absent = await catalog.call(method, path.format(other), body, token=token)
        assert hidden.status_code == absent.status_code == 404
        assert hidden.json()["detail"].replace(made["id"], other) == absent.json()["detail"]
    by_id = await catalog.call("GET", f"/products/by-external-id/{name}?catalog_id={name}", token=token)
    assert by_id.status_code == 404
    listed = await catalog.call("POST", "/products/query", {"count": "capped"}, token=token)
    assert (listed.json()["items"], listed.json()["count"]) == ([], {"value": 0, "is_exact": True})
    old = await catalog.call("PATCH", f"/products/{made['id']}", {"name": "x"}, token=token, if_match='"99"')
    assert old.status_code == 404


async def test_a_role_adds_and_imports_products_where_its_levels_are_all(catalog: Api, name: str) -> None:
    """PERM-01."""
    levels = {"read": "all", "add": "all", "update": "all", "import": "all"}
    token = await employ(catalog, name, [{"element": "product", "levels": levels}])
    items = [{"name": "one", "catalog_id": name}, {"name": "two", "catalog_id": name}]
    answer = await catalog.call("POST", "/products/batch", {"items": items}, token=token)
    assert [each["status"] for each in answer.json()["items"]] == [201, 201]
    made = await catalog.call("POST", "/products", {"name": "three", "catalog_id": name}, token=token)
    assert made.status_code == 201
    changed = await catalog.call("PATCH", f"/products/{made.json()['id']}", {"name": "four"}, token=token)
    assert changed.json()["name"] == "four"


async def test_dictionaries_are_changed_by_a_role_that_modifies_settings(catalog: Api, name: str) -> None:
    """PERM-05.2: currencies and the other dictionaries."""
    value = {"code": name.upper()[:10], "name": "Fair"}
    reader = await employ(catalog, f"{name}-r", [{"element": "product", "levels": {"read": "all"}}])
    refused = await catalog.call("POST", "/dictionaries/source/values", value, token=reader)
    assert (refused.status_code, refused.json()["permissions"]) == (403, ["catalog:settings"])
    rights = [{"element": "product", "levels": {"read": "all"}}]
    settings = await employ(catalog, f"{name}-s", rights, modify_settings=True)
    added = await catalog.call("POST", "/dictionaries/source/values", value, token=settings)
    assert added.status_code == 201, added.text
    path = f"/dictionaries/source/values/{value['code']}"
    assert (await catalog.call("PATCH", path, {"name": "Trade fair"}, token=settings)).status_code == 200
    assert (await catalog.call("DELETE", path, token=settings)).status_code == 200


async def test_it_is_said_which_right_of_which_role_allows_what(catalog: Api, name: str) -> None:
    """PERM-01: by the code that decides."""
    made = await product(catalog, name)
    rights = [
        {"element": "*", "levels": {"read": "opened", "add": "own"}},
        {"element": "product", "levels": {"update": "all"}},
    ]
    token = await employ(catalog, name, rights)
    answer = await catalog.call("GET", f"/access?element=product:{made['id']}", token=token)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["element"], body["user_id"], body["role_ids"]) == (f"product:{made['id']}", name, [name])
    found = {each.pop("action"): each for each in body["actions"]}
    every = {"element": "*", "pipeline_id": None, "stage_id": None}
    given = {"role_id": name, "right": every}
    nothing = {"allowed": False, "reason": None, "level": "none", "role_id": None, "right": None}
    assert found == {
        "read": {"allowed": True, "reason": "open_to_all", "level": "opened", **given},
        "add": {"allowed": False, "reason": None, "level": "own", **given},
        "update": {
            "allowed": True,
            "reason": "all",
            "level": "all",
            "role_id": name,
            "right": {**every, "element": "product"},
        },
        **dict.fromkeys(("delete", "export", "import"), nothing),
    }
    asked_for = await catalog.call("GET", f"/access?element=product:{made['id']}&user={name}", token=admin(catalog))
    assert asked_for.json() == (await catalog.call("GET", f"/access?element=product:{made['id']}", token=token)).json()


async def test_a_user_without_a_role_may_do_what_the_token_says(catalog: Api, name: str) -> None:
    """PERM-09."""
    made = await product(catalog, name)
    token = catalog.signer.token(sub=name)
    body = (await catalog.call("GET", f"/access?element=product:{made['id']}", token=token)).json()
    assert body["role_ids"] == []
    assert {(each["allowed"], each["reason"]) for each in body["actions"]} == {(True, "token")}


async def test_where_users_need_a_role_one_without_may_do_nothing(
    mongo: Mongo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PERM-09: whatever the token says, unless it is an administrator's or a service's."""
    monkeypatch.setenv("CRM_USERS_NEED_ROLE", "true")
    async with running("catalog", build, mongo, Signer(tmp_path / "jwks.json")) as catalog:
        made = await catalog.call("POST", "/products", {"name": "Pump"}, token=admin(catalog))
        assert made.status_code == 201, made.text
        address, sign = f"/products/{made.json()['id']}", catalog.signer.token
        service = sign(sub="shop", kind="service", roles=None, scope="catalog:read")
        for token, status in ((sign(), 404), (sign(roles=["user", "guest"]), 404), (sign(roles=["manager"]), 200)):
            assert (await catalog.call("GET", address, token=token)).status_code == status
        assert (await catalog.call("GET", address, token=service)).status_code == 200
        assert (await catalog.call("GET", address, token=sign(roles=[]))).status_code == 403
        assert (await catalog.call("GET", "/products", token=sign())).json()["items"] == []
        assert missing(await catalog.call("POST", "/products", {"name": "x"})) == (403, "right_missing", "add", "none")


@pytest.mark.parametrize("user", ["ben", "x" * 255])
async def test_only_who_modifies_settings_asks_about_others(catalog: Api, name: str, user: str) -> None:
    """PERM-05."""
    made = await product(catalog, name)
    address = f"/access?element=product:{made['id']}&user={user}"
    refused = await catalog.call("GET", address)
    assert (refused.status_code, refused.json()["permissions"]) == (403, ["catalog:settings"])
    rights = [{"element": "product", "levels": {"read": "all"}}]
    token = await employ(catalog, name, rights, modify_settings=True)
    assert (await catalog.call("GET", address, token=token)).json()["user_id"] == user


async def test_what_is_no_element_of_the_service_is_named(catalog: Api) -> None:
    for element in ("deal:1", "product", "product:", ""):
        assert wrong_fields(await catalog.call("GET", f"/access?element={element}")) == {"element"}
    assert wrong_fields(await catalog.call("GET", "/access?element=product:1&usr=ben")) == {"usr"}
    assert wrong_fields(await catalog.call("GET", "/access")) == {"element"}
    assert (await catalog.call("GET", "/access?element=product:none")).status_code == 404


@pytest.mark.parametrize("example", EXAMPLES)
async def test_a_role_of_the_page_about_rights_works_as_it_stands(
    catalog: Api, name: str, example: dict[str, Any]
) -> None:
    answer = await catalog.call("PUT", f"/roles/{name}", example, token=admin(catalog))
    assert answer.status_code == 201, answer.text


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 2
