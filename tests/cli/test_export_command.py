"""`crm export` replaces no file unasked, and says what the file leaves out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from deploy.cli.app import app
from deploy.cli.exports.columns import COMPANY_COLUMNS
from tests.cli.fakes import Services, served

RUN = CliRunner()
COMPANY: dict[str, Any] = {
    **dict.fromkeys(COMPANY_COLUMNS),
    **{name: [] for name in ("phones", "emails", "websites", "messengers", "requisites")},
    "title": "ACME",
    "utm": {"source": None},
    "observers": ["bob"],
}


class OneCompany(Services):
    """Of one company nothing is known but its title and its observer."""

    def _listed(self, path: str, query: httpx.QueryParams) -> list[dict[str, Any]]:
        del path, query
        return [COMPANY]


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    with served(OneCompany()) as found:
        yield found


def test_an_export_says_what_the_file_has_no_column_for(environment: dict[str, str], tmp_path: Path) -> None:
    """CONT-06."""
    found = RUN.invoke(app, ["export", "companies", str(tmp_path / "companies.csv")], env=environment)
    assert found.exit_code == 0, found.output
    first, second = found.stdout.splitlines()
    assert first.startswith("companies.csv: 1 companies in ")
    assert second == "  the file has no column for: observers of 1"


def test_an_export_replaces_a_file_only_with_overwrite(environment: dict[str, str], tmp_path: Path) -> None:
    """CONT-06."""
    file = tmp_path / "companies.csv"
    file.write_text("of yesterday")
    command = ["export", "companies", str(file)]
    refused = RUN.invoke(app, command, env=environment)
    assert (refused.exit_code, refused.stdout, file.read_text()) == (1, "", "of yesterday")
    assert "is there already: give another name, or --overwrite to replace it" in " ".join(refused.stderr.split())
    done = RUN.invoke(app, [*command, "--overwrite"], env=environment)
    assert done.exit_code == 0, done.output
    assert "ACME" in file.read_text()
