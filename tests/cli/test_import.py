"""An import goes on after a bad row, and may be done again."""

import csv
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from deploy.cli import views
from deploy.cli.answers import ServiceAway
from deploy.cli.app import app
from deploy.cli.client import SERVICES, Crm
from deploy.cli.imports import BadMapping, Counts, Import, Kind, read_mapping
from deploy.cli.imports.files import read_table
from deploy.cli.imports.rejects import reject_file, write_rejects
from deploy.cli.imports.table import BadFile, Rejected, Row
from tests.cli.fakes import URLS, Services, price_missing, product_not_found, served

SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"
QUIET = Console(file=StringIO())


async def importing(services: Services, kind: Kind, file: Path | None = None, *, product_wait_s: float = 5) -> Counts:
    mapping = read_mapping(SAMPLES / f"{kind.value}.toml")
    async with services.crm() as crm:
        run = Import(crm, kind, mapping, QUIET, parallel=4, product_wait_s=product_wait_s)
        return await run.run(read_table(file or SAMPLES / f"{kind.value}.csv"))


async def everything(services: Services) -> list[tuple[int, int, int, int]]:
    counts = [await importing(services, kind) for kind in (Kind.COMPANIES, Kind.PRODUCTS, Kind.LEADS)]
    return [(found.created, found.updated, found.unchanged, found.rejected) for found in counts]


async def test_the_samples_go_in_whole_and_a_second_time_without_effect() -> None:
    services = Services()
    assert await everything(services) == [(22, 0, 0, 0), (6, 0, 0, 0), (200, 0, 0, 0)]
    writes = services.writes
    assert await everything(services) == [(0, 0, 22, 0), (0, 0, 6, 0), (0, 0, 200, 0)]
    assert services.writes == writes


async def test_bad_rows_go_to_the_reject_file_with_their_reasons_and_the_others_go_in(tmp_path: Path) -> None:
    services = Services()
    await importing(services, Kind.COMPANIES)
    await importing(services, Kind.PRODUCTS)
    head, good, *_ = (SAMPLES / "leads.csv").read_text().splitlines()
    bad = [
        "A1,Ada,GTXPro,Nobody,Engaging,,,",
        "A2,Ada,GTXPro,Blauwerk,Paused,,,",
        "A3,Ada,GTXPro,Blauwerk,Won,,,a lot",
        ",Ada,GTXPro,Blauwerk,Won,,,100",
        "A4,Ada,GTXPro",
        good,
    ]
    file, rejects = tmp_path / "leads.csv", tmp_path / "rejects.csv"
    file.write_text("\n".join([head, good, *bad, "A5,Ada,GTX Pro,Blauwerk,Won,,,100"]) + "\n")
    counts = await importing(services, Kind.LEADS, file)
    write_rejects(rejects, read_table(file).header, counts.rejects)
    assert (counts.created, counts.rejected) == (2, 6)
    lines = list(csv.reader(rejects.read_text(encoding="utf-8-sig").splitlines()))
    assert lines[0] == ["reason", *head.split(",")]
    assert [line[0] for line in lines[1:]] == [
        "account: there is no company 'Nobody' from crm_sales_opportunities",
        "deal_stage: 'Paused' has no translation",
        "close_value: 'a lot' is not a number",
        "opportunity_id: is empty",
        "3 cells instead of 8",
        f"opportunity_id: '{good.split(',')[0]}' is in line 2 already",
    ]


def test_a_run_without_rejects_leaves_no_reject_file(tmp_path: Path) -> None:
    assert write_rejects(tmp_path / "rejects.csv", ["a"], []) is None
    assert list(tmp_path.iterdir()) == []


def test_two_runs_that_reject_rows_at_the_same_time_have_a_file_each(tmp_path: Path) -> None:
    """Also where they were given the same name; what the first one has is whole when the second one has none."""
    file, nothing = tmp_path / "people.rejected.csv", tmp_path / "people.csv"
    nothing.write_text("a\n1\n")
    (row,) = read_table(nothing)
    assert isinstance(row, Row)
    with reject_file(file, ["a"]) as first:
        with reject_file(file, ["a"]) as second:
            first(Rejected(row, "of the first"))
        assert second.written is None
        with reject_file(file, ["a"]) as third:
            third(Rejected(row, "of the third"))
    assert (third.written, first.written) == (file, tmp_path / "people.rejected-2.csv")
    texts = [each.read_text() for each in (third.written, first.written) if each]
    assert ["of the third" in texts[0], "of the first" in texts[1]] == [True, True]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_file_of_rejected_rows_that_somebody_may_have_corrected_is_neither_overwritten_nor_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CMN-14: whatever is imported next, itself included, and however that ends."""
    monkeypatch.chdir(tmp_path)
    bad, good = "product,series,sales_price\nP1,,a lot\nP2,,2\n", "product,series,sales_price\nP1,,1\nP2,,2\n"
    first, second, third = (tmp_path / f"products.rejected{end}.csv" for end in ("", "-2", "-3"))
    corrected = "product,series,sales_price\nP1,,half corrected\n"

    def imported(file: str, content: str | None = None) -> Result:
        if content is not None:
            Path(file).write_text(content)
        command = ["import", "products", file, "--map", str(SAMPLES / "products.toml")]
        return CliRunner().invoke(app, command, env=environment)

    with served(Services()) as environment:
        found = imported("products.csv", bad)
        assert (found.exit_code, found.stderr.splitlines()[-1]) == (
            1,
            "1 row was rejected; see products.rejected.csv",
        )
        first.write_text(corrected)
        found = imported("products.csv", bad)
        assert found.stderr.splitlines()[-1] == (
            "1 row was rejected; see products.rejected-2.csv; "
            "products.rejected.csv was there already, and stays as it is"
        )
        assert ("a lot" in second.read_text(), imported(first.name).exit_code) == (True, 1)
        assert "half corrected" in third.read_text()
        for file, content in (("products.csv", good), (third.name, good)):
            assert imported(file, content).exit_code == 0
    assert (first.read_text(), "a lot" in second.read_text(), third.read_text()) == (corrected, True, good)
    assert len(list(tmp_path.iterdir())) == 4


def test_a_file_of_rejected_rows_has_a_free_name_also_where_it_is_named(tmp_path: Path) -> None:
    """CMN-14: and the answer for programs says which."""
    file, rejects = tmp_path / "products.csv", tmp_path / "bad.csv"
    file.write_text("product,series,sales_price\nP1,,a lot\n")
    rejects.write_text("corrected")
    command = ["import", "products", str(file), "--map", str(SAMPLES / "products.toml"), "--reject", str(rejects)]
    with served(Services()) as environment:
        found = CliRunner().invoke(app, [*command, "--json"], env=environment)
    assert json.loads(found.stdout)["reject_file"] == str(tmp_path / "bad-2.csv")
    assert rejects.read_text() == "corrected"


async def test_a_field_that_the_service_does_not_have_stops_the_import_before_its_first_row(tmp_path: Path) -> None:
    services = Services()
    file = tmp_path / "mapping.toml"
    file.write_text('originator = "o"\norigin = "id"\n[columns]\nname = "titel"\n')
    table = tmp_path / "rows.csv"
    table.write_text("id,name\n1,a\n")
    async with services.crm() as crm:
        with pytest.raises(BadMapping, match="companies have no field 'titel'; did you mean title\\?"):
            await Import(crm, Kind.COMPANIES, read_mapping(file), QUIET).run(read_table(table))
    assert services.writes == 0


@pytest.mark.parametrize("lacking", [product_not_found, price_missing])
async def test_a_product_that_leads_has_not_received_yet_is_waited_for(lacking: Callable[[], Any]) -> None:
    """Nor its price."""
    services = Services()
    await importing(services, Kind.COMPANIES)
    await importing(services, Kind.PRODUCTS)
    services.refusals = [lacking() for _ in range(10)]
    assert (await importing(services, Kind.LEADS)).created == 200


async def test_a_product_that_never_comes_rejects_the_row_after_the_deadline() -> None:
    services = Services()
    await importing(services, Kind.COMPANIES)
    await importing(services, Kind.PRODUCTS)
    services.refusals = [product_not_found() for _ in range(6)]
    counts = await importing(services, Kind.LEADS, product_wait_s=0)
    assert (counts.created, counts.rejected) == (194, 6)
    assert "product_not_found" in counts.rejects[0].reason


async def test_a_service_that_is_away_for_a_moment_is_asked_again() -> None:
    services = Services()
    services.away = 3
    assert (await importing(services, Kind.PRODUCTS)).created == 6


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("")
    with pytest.raises(BadFile, match="is empty"):
        read_table(file)


async def test_the_summary_counts_the_reasons_and_says_what_was_recognised(tmp_path: Path) -> None:
    """CMN-14: 30 rows of one mistake are one line, with an example."""
    services = Services()
    rows = [f"A{place};Ada;GTXPro;Nobody {place};Engaging;;;" for place in range(30)]
    file = tmp_path / "leads.csv"
    head = (SAMPLES / "leads.csv").read_text().splitlines()[0].replace(",", ";")
    file.write_text("\n".join([head, *rows, "B1;Ada"]) + "\n", encoding="utf-16")
    await importing(services, Kind.PRODUCTS)
    counts = await importing(services, Kind.LEADS, file)
    assert [(reason.rows, reason.line) for reason in counts.reasons] == [(30, 2), (1, 32)]
    console = Console(width=200, record=True, file=StringIO())
    views.counts(console, "leads.csv", counts)
    told = console.export_text()
    assert "UTF-16, separated by semicolons" in told
    assert "30 x account: there is no company 'Nobody 0' from crm_sales_opportunities (line 2)" in told
    assert "1 x 2 cells instead of 8 (line 32)" in told


async def test_what_was_rejected_before_an_import_broke_off_is_in_the_file(tmp_path: Path) -> None:
    """CMN-14."""
    services = Services()
    file, rejects = tmp_path / "products.csv", tmp_path / "rejects.csv"
    file.write_text("product,series,sales_price\nP1,,a lot\n../P2,,1\nP3,,2\n")
    mapping, table = read_mapping(SAMPLES / "products.toml"), read_table(file)
    away = Crm(URLS, "token", transport=services, patience_s=0)
    services.breaks = True
    with pytest.raises(ServiceAway) as broken, reject_file(rejects, table.header) as hand_on:
        async with away as crm:
            await Import(crm, Kind.PRODUCTS, mapping, QUIET, hand_on=hand_on).run(table)
    assert broken.value.__notes__ == [f"What was rejected before is in {rejects}."]
    lines = list(csv.reader(rejects.read_text(encoding="utf-8-sig").splitlines()))[1:]
    assert [line[1] for line in lines if line[1] == "../P2"] == ["../P2"]


@pytest.mark.parametrize("first", ["P1,,1", "P1,,a lot"])
async def test_an_import_that_breaks_off_leaves_the_file_that_it_reads(first: str, tmp_path: Path) -> None:
    """CMN-14: a corrected file of rejected rows may be imported into itself, and not all of its rows were tried."""
    services, file = Services(), tmp_path / "products.rejected.csv"
    file.write_text(f"product,series,sales_price\n{first}\nP2,,2\n")
    before, mapping, table = file.read_text(), read_mapping(SAMPLES / "products.toml"), read_table(file)
    away = Crm(URLS, "token", transport=services, patience_s=0)
    services.breaks = True
    with pytest.raises(ServiceAway), reject_file(file, table.header) as hand_on:
        async with away as crm:
            await Import(crm, Kind.PRODUCTS, mapping, QUIET, hand_on=hand_on).run(table)
    assert file.read_text() == before


def test_an_import_that_never_began_leaves_the_rejected_rows_of_an_earlier_one(tmp_path: Path) -> None:
    """CMN-14: a mapping that does not fit says nothing of them."""
    file, rejects, mapping = (tmp_path / name for name in ("rows.csv", "rows.rejected.csv", "map.toml"))
    file.write_text("a,b\n1,2\n")
    rejects.write_text("of an earlier run, and half corrected")
    mapping.write_text('originator = "x"\norigin = "id"\n')
    command = ["import", "products", str(file), "--map", str(mapping), "--reject", str(rejects)]
    nowhere = {"CRM_TOKEN": "token", **{f"CRM_{name.upper()}_URL": "http://127.0.0.1:1" for name in SERVICES}}
    found = CliRunner().invoke(app, command, env=nowhere)
    assert (found.exit_code, "column 'id' is not in the file" in found.stderr) == (1, True)
    assert rejects.read_text() == "of an earlier run, and half corrected"


def test_a_file_of_rejected_rows_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="nowhere cannot take the file of rejected rows: No such file"):
        write_rejects(tmp_path / "nowhere" / "rejects.csv", ["a"], [])
