"""`crm roles` and `crm departments` on a terminal, and as JSON."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from deploy.cli.app import app
from tests.cli.fakes import served

RUN = CliRunner()
ROLE = {
    "id": "sales",
    "name": "Sales",
    "rights": [{"element": "deal", "pipeline_id": None, "stage_id": "WON", "levels": {"read": "own"}}],
    "modify_settings": True,
    "allow_personal_card": False,
    "user_ids": ["anna"],
    "version": 1,
}

DEPARTMENT = {"id": "trade", "name": "Trade", "parent_id": None, "member_ids": ["anna", "ben"], "version": 1}


class Catalog(httpx.AsyncBaseTransport):
    """One role, one department, and a refusal of every write."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            return httpx.Response(422, json={"code": "department_not_found", "detail": "there is none"})
        if request.url.path.endswith("/roles/sales"):
            return httpx.Response(200, json=ROLE)
        items = [ROLE] if request.url.path.endswith("/roles") else [DEPARTMENT]
        return httpx.Response(200, json={"items": items, "next_cursor": None})


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    with served(Catalog()) as found:
        yield found


def test_roles_are_listed_and_shown(environment: dict[str, str]) -> None:
    listed = RUN.invoke(app, ["roles", "list"], env=environment)
    assert listed.exit_code == 0, listed.output
    assert "Sales" in listed.stdout
    assert json.loads(RUN.invoke(app, ["roles", "list", "--json"], env=environment).stdout) == [ROLE]
    shown = RUN.invoke(app, ["roles", "show", "sales"], env=environment).stdout
    for part in ("deal", "WON", "read: own", "modify_settings: yes", "users: anna"):
        assert part in shown
    assert json.loads(RUN.invoke(app, ["roles", "show", "sales", "--json"], env=environment).stdout) == ROLE


def test_departments_are_listed(environment: dict[str, str]) -> None:
    listed = RUN.invoke(app, ["departments", "list"], env=environment)
    assert listed.exit_code == 0, listed.output
    assert "Trade" in listed.stdout
    assert json.loads(RUN.invoke(app, ["departments", "list", "--json"], env=environment).stdout) == [DEPARTMENT]


@pytest.mark.parametrize("command", ["token", "import"])
def test_the_help_names_what_is_to_be_given_and_no_function(command: str) -> None:
    assert "<_" not in RUN.invoke(app, [command, "--help"]).stdout


def test_an_import_with_a_rejected_department_says_which_and_is_no_success(
    environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "departments.csv"
    file.write_text("id,name\nsales,Sales\n")
    found = RUN.invoke(app, ["departments", "import", str(file)], env=environment)
    assert found.exit_code == 1
    assert "0 created, 0 updated, 0 unchanged, 1 rejected" in found.stdout
    assert "line 2: 422 department_not_found" in found.stderr
    file.write_text("id\nsales\n")
    assert "there is no column name" in RUN.invoke(app, ["departments", "import", str(file)], env=environment).stderr
