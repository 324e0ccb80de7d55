"""`crm down` keeps data, and deletes it only after a yes."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.app import app
from deploy.local.state import keep_providers

RUN = CliRunner()


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_LOCAL_DIR", str(tmp_path / "local"))


def test_down_without_a_stack_is_no_error() -> None:
    found = RUN.invoke(app, ["down"])
    assert (found.exit_code, found.stdout) == (0, "Nothing was running.\n")


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_data_is_deleted_only_after_a_yes(tmp_path: Path, answer: str) -> None:
    keep_providers(tmp_path / "local", "maven", "wheel")
    refused = RUN.invoke(app, ["down", "--forget"], input=answer)
    assert refused.exit_code == 1
    assert (tmp_path / "local" / "data").exists()
    kept = RUN.invoke(app, ["down"])
    assert (kept.exit_code, kept.stdout) == (0, "Nothing was running. Its data is kept.\n")
    assert (tmp_path / "local" / "data").exists()
    forgotten = RUN.invoke(app, ["down", "--forget", "--yes"])
    assert (forgotten.exit_code, forgotten.stdout) == (0, "Nothing was running. All data is deleted.\n")
    assert not (tmp_path / "local" / "data").exists()


def test_what_stays_of_a_stack_whose_data_is_deleted_is_said(tmp_path: Path) -> None:
    """Tokens go on being trusted, and what happened can still be read."""
    keep_providers(tmp_path / "local", "maven", "wheel")
    for name in ("keys", "logs"):
        (tmp_path / "local" / name).mkdir()
    forgotten = RUN.invoke(app, ["down", "--forget", "--yes"])
    said = " ".join(forgotten.stdout.split())
    assert said == f"Nothing was running. All data is deleted; keys and logs stay in {tmp_path / 'local'}."
    assert (tmp_path / "local" / "keys").exists()
    assert (tmp_path / "local" / "logs").exists()


def test_data_of_servers_that_were_given_is_neither_deleted_nor_said_to_be(tmp_path: Path) -> None:
    keep_providers(tmp_path / "local", "given", "given")
    assert RUN.invoke(app, ["down", "--forget"]).stdout == "Nothing was running.\n"
