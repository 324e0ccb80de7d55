"""`crm departments import` against the running catalog."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.cli.client import Crm
from deploy.cli.departments import Line, from_the_top, import_departments, read_departments
from deploy.cli.imports.table import BadFile
from tests.catalog.running import Api


@pytest.fixture
def crm(catalog: Api) -> Crm:
    transport: httpx.AsyncBaseTransport = catalog.client._transport
    return Crm({"catalog": "http://catalog"}, catalog.signer.token(roles=["admin"]), transport=transport)


def a_file(folder: Path, *lines: str) -> Path:
    file = folder / "departments.csv"
    file.write_text("\n".join(lines))
    return file


async def imported(crm: Crm, file: Path) -> dict[str, str]:
    return {each.line.id: each.result for each in await import_departments(crm, read_departments(file))}


async def read(catalog: Api, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = (await catalog.call("GET", f"/departments/{id_}")).json()
    return found


async def test_a_file_of_departments_is_set_in_whatever_order_and_again_without_effect(
    catalog: Api, crm: Crm, tmp_path: Path, name: str
) -> None:
    """PERM-09."""
    top, below = f"{name}-a", f"{name}-b"
    file = a_file(
        tmp_path, "id;name;parent_id;member_ids", f"{below};Berlin;{top};anna ben  anna", f"{top};Sales;;carl"
    )
    assert await imported(crm, file) == {top: "created", below: "created"}
    found = await read(catalog, below)
    assert (found["name"], found["parent_id"], found["member_ids"]) == ("Berlin", top, ["anna", "ben"])
    assert await imported(crm, file) == {top: "unchanged", below: "unchanged"}
    turned = a_file(tmp_path, "id,name,parent_id", f"{top},Sales,{below}", f"{below},Berlin,")
    assert await imported(crm, turned) == {below: "updated", top: "updated"}
    assert (await read(catalog, top))["parent_id"] == below
    assert (await read(catalog, below))["member_ids"] == ["anna", "ben"], "a column that the file has not"


class Busy(Crm):
    """Somebody else gives a department another user once it was read."""

    def __init__(self, catalog: Api, department: str) -> None:
        token, transport = catalog.signer.token(roles=["admin"]), catalog.client._transport
        super().__init__({"catalog": "http://catalog"}, token, transport=transport)
        self._change = partial(
            catalog.call, "PATCH", f"/departments/{department}", {"member_ids": ["zoe"]}, token=token
        )

    async def pages(self, service: str, path: str, **query: str | int | None) -> AsyncIterator[dict[str, Any]]:
        async for each in super().pages(service, path, **query):
            yield each
        assert (await self._change()).status_code == 200


async def test_what_somebody_changes_meanwhile_is_not_set_back(
    catalog: Api, crm: Crm, tmp_path: Path, name: str
) -> None:
    """PERM-09: the column that the file has not is not sent as it was before."""
    await imported(crm, a_file(tmp_path, "id,name,member_ids", f"{name},One,anna"))
    renamed = read_departments(a_file(tmp_path, "id,name", f"{name},Two"))
    (outcome,) = await import_departments(Busy(catalog, name), renamed)
    assert (outcome.result, "version_mismatch" in outcome.reason) == ("rejected", True)
    found = await read(catalog, name)
    assert (found["name"], found["member_ids"]) == ("One", ["zoe"])


async def test_a_line_that_catalog_refuses_is_named_and_the_others_are_set(crm: Crm, tmp_path: Path, name: str) -> None:
    file = a_file(tmp_path, "id,name,parent_id", f"{name}-1,One,", f"{name}-2,Two,{name}-9", f"{name}-3,,")
    outcomes = {each.line.id: each for each in await import_departments(crm, read_departments(file))}
    assert [outcomes[f"{name}-{number}"].result for number in (1, 2, 3)] == ["created", "rejected", "rejected"]
    assert "department_not_found" in outcomes[f"{name}-2"].reason
    assert outcomes[f"{name}-2"].line.number == 3


def test_every_wrong_line_of_a_file_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="there is no column name; title is none of the columns id, name"):
        read_departments(a_file(tmp_path, "id,title", "a,b"))
    lines = ("id,name", "a,A", "a,B", ",C", "d,D,E")
    with pytest.raises(BadFile) as raised:
        read_departments(a_file(tmp_path, *lines))
    for reason in ("line 2: a is there twice", "line 3: a is there twice", "line 4: the id is empty", "line 5: "):
        assert reason in str(raised.value)


def test_departments_of_a_circle_come_last() -> None:
    parents = {"a": "b", "b": "a", "c": "d", "d": "elsewhere"}
    lines = [Line(number, id_, {"parent_id": parent}) for number, (id_, parent) in enumerate(parents.items())]
    assert [line.id for line in from_the_top(lines)] == ["d", "c", "a", "b"]
