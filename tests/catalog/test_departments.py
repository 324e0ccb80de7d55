"""Departments over HTTP, on the real MongoDB; each test takes departments of its own."""

from typing import Any

import pytest
from crm_contracts.departments import DepartmentCreated, DepartmentDeleted, DepartmentState, DepartmentUpdated

from services.catalog.access.domain.department import check_parent
from services.catalog.access.domain.errors import DepartmentCircle
from tests.catalog.running import Api, wrong_fields
from tests.kit.waiting import eventually


async def ask(catalog: Api, method: str, department: str, body: Any = None, **headers: str) -> Any:
    token = catalog.signer.token(roles=["admin"])
    return await catalog.call(method, f"/departments/{department}", body, token=token, **headers)


async def put(catalog: Api, department: str, **fields: Any) -> Any:
    answer = await ask(catalog, "PUT", department, {"name": department, **fields})
    assert answer.status_code == 201, answer.text
    return answer


async def test_a_department_is_created_moved_and_deleted(catalog: Api, name: str) -> None:
    """PERM-04, PERM-09: each event has all of it."""
    below = f"{name}-below"
    await put(catalog, name)
    made = await put(catalog, below, parent_id=name, member_ids=["anna", "ben", "anna"])
    whole = {"id": below, "name": below, "parent_id": name, "member_ids": ["anna", "ben"], "version": 1}
    assert (made.json(), made.headers["etag"]) == (whole, '"1"')
    moved = await ask(catalog, "PATCH", below, {"parent_id": None, "member_ids": ["anna"]}, if_match='"1"')
    assert moved.json() == {**whole, "parent_id": None, "member_ids": ["anna"], "version": 2}
    assert (await ask(catalog, "PATCH", below, {"parent_id": None})).headers["etag"] == moved.headers["etag"]
    assert (await ask(catalog, "GET", below)).json() == moved.json()
    assert (await ask(catalog, "DELETE", below, if_match='"2"')).status_code == 204
    created, updated, deleted = [event.data for event in await catalog.pending("departments", below)]
    state = DepartmentState(id=below, name=below, parent_id=name, member_ids=("anna", "ben"))
    assert created == DepartmentCreated(department=state)
    assert isinstance(updated, DepartmentUpdated)
    assert updated.state == state.model_copy(update={"parent_id": None, "member_ids": ("anna",)})
    assert isinstance(deleted, DepartmentDeleted)
    assert deleted.before.member_ids == ("anna",)
    assert (await ask(catalog, "PUT", below, {"name": "x"})).json()["code"] == "gone"


async def test_a_department_belongs_to_one_that_exists_and_never_to_itself(catalog: Api, name: str) -> None:
    """PERM-04."""
    for department, parent in ((name, None), (f"{name}-1", name), (f"{name}-2", f"{name}-1")):
        await put(catalog, department, parent_id=parent)
    for parent in (name, f"{name}-1", f"{name}-2"):
        for method, more in (("PATCH", {}), ("PUT", {"name": "x"})):
            answer = await ask(catalog, method, name, {"parent_id": parent, **more})
            assert (answer.json()["code"], wrong_fields(answer)) == ("department_circle", {"parent_id"})
    answer = await ask(catalog, "PUT", f"{name}-3", {"name": "x", "parent_id": f"{name}-9"})
    assert (answer.json()["code"], wrong_fields(answer)) == ("department_not_found", {"parent_id"})


def test_departments_that_two_moved_into_each_other_at_once_can_be_parted() -> None:
    parents = {"a": "b", "b": "a", "c": "a", "d": None}
    with pytest.raises(DepartmentCircle):
        check_parent("d", "c", parents)
    check_parent("a", "d", parents)
    check_parent("x", "c", {"c": "deleted meanwhile"})


async def test_a_department_with_others_below_is_not_deleted(catalog: Api, name: str) -> None:
    await put(catalog, name)
    await put(catalog, f"{name}-1", parent_id=name)
    answer = await ask(catalog, "DELETE", name)
    assert (answer.status_code, answer.json()["code"]) == (409, "department_has_departments")
    assert f"{name}-1" in answer.json()["detail"]
    await ask(catalog, "DELETE", f"{name}-1")
    assert (await ask(catalog, "DELETE", name)).status_code == 204
    assert (await ask(catalog, "PUT", f"{name}-2", {"name": "x", "parent_id": name})).status_code == 422


async def test_only_who_may_modify_settings_changes_departments(catalog: Api, name: str) -> None:
    """PERM-05."""
    sign = catalog.signer.token
    body, path = {"name": "Sales"}, f"/departments/{name}"
    for token in (sign(roles=["reader"]), sign(roles=["user"]), sign(sub=name)):
        assert (await catalog.call("PUT", path, body, token=token)).status_code == 403
    admin = sign(roles=["admin"])
    role = {"name": "x", "modify_settings": True, "user_ids": [name]}
    assert (await catalog.call("PUT", f"/roles/{name}", role, token=admin)).status_code == 201

    async def is_created() -> bool:
        return (await catalog.call("PUT", path, body, token=sign(sub=name))).status_code == 201

    await eventually(is_created, "the role")
    assert (await catalog.call("GET", path, token=sign(roles=["reader"]))).status_code == 200


async def test_every_wrong_field_of_a_department_is_named(catalog: Api, name: str) -> None:
    bad = {"name": "", "parent_id": 7, "member_ids": ["", "x" * 101], "head": "anna"}
    answer = await ask(catalog, "PUT", name, bad)
    assert wrong_fields(answer) == {"name", "parent_id", "member_ids.0", "member_ids.1", "head"}
    assert wrong_fields(await ask(catalog, "PUT", name, {})) == {"name"}
    assert (await ask(catalog, "PATCH", name, {"name": "x"})).json()["code"] == "not_found"


async def test_departments_are_listed_by_id(catalog: Api, name: str) -> None:
    await put(catalog, name)
    listed = (await catalog.call("GET", "/departments?limit=200")).json()["items"]
    assert name in {each["id"] for each in listed}
    assert [each["id"] for each in listed] == sorted(each["id"] for each in listed)
