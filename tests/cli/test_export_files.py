"""A file of an export is whole or not there, computes nothing, and reads back as it was."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from deploy.cli.csv_guard import escape_formula, unescape_formula
from deploy.cli.exports.files import writing
from deploy.cli.imports.contact_points import read_points, write_points
from deploy.cli.imports.files import read_table
from deploy.cli.imports.mapping_rules import PointRule
from deploy.cli.imports.table import BadFile

ROWS = [["=1+1", "+49 30 901820"], ["'=1", "@ada"], ["-", "a,b"], ["two\nlines", '"'], ["007", ""]]
SUFFIXES = ["csv", "xlsx"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_exported_reads_back_as_it_was(tmp_path: Path, suffix: str) -> None:
    """CONT-06, CMN-14."""
    file = tmp_path / f"rows.{suffix}"
    with writing(file, ["a", "b"]) as put:
        for row in ROWS:
            put(row)
    table = read_table(file)
    assert table.header == ["a", "b"]
    assert [list(row.raw) for row in table.rows] == ROWS
    assert [found.name for found in tmp_path.iterdir()] == [file.name]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_cell_of_an_exported_csv_file_begins_like_a_formula(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    with writing(file, ["a", "b"]) as put:
        put(["=cmd|' /C calc'!A0", "+49 30 901820"])
    assert file.read_text() == "a,b\n'=cmd|' /C calc'!A0,'+49 30 901820\n"


def test_no_cell_of_an_exported_workbook_is_a_formula(tmp_path: Path) -> None:
    file = tmp_path / "rows.xlsx"
    with writing(file, ["a"]) as put:
        put(["=1+1"])
        put(["#N/A"])
        put(["bell \a"])
    cells = [row[0] for row in load_workbook(file).worksheets[0].iter_rows()]
    assert [(cell.value, cell.data_type) for cell in cells[1:3]] == [("=1+1", "s"), ("#N/A", "s")]
    assert cells[3].value == "bell \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_broken_export_leaves_what_was_there_before(tmp_path: Path, suffix: str) -> None:
    """CONT-06."""
    file = tmp_path / f"rows.{suffix}"
    file.write_text("of yesterday")

    def broken() -> None:
        with writing(file, ["a"]) as put:
            put(["1"])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert file.read_text() == "of yesterday"
    assert [found.name for found in tmp_path.iterdir()] == [file.name]


def test_an_export_that_cannot_be_written_gives_the_reason(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="No such file or directory"), writing(tmp_path / "no" / "rows.csv", ["a"]):
        pass
    with pytest.raises(BadFile, match=r"must end in \.csv or \.xlsx"), writing(tmp_path / "rows.pdf", ["a"]):
        pass


@given(st.text())
def test_a_harmless_cell_comes_back_as_it_was(cell: str) -> None:
    assert unescape_formula(escape_formula(cell)) == cell
    assert not escape_formula(cell).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


LINES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1)
POINTS = st.lists(st.fixed_dictionaries({"kind": st.sampled_from(["WORK", "MOBILE", "ICQ"]), "value": LINES}))


@given(POINTS)
def test_phones_come_back_in_their_order_with_their_kinds(points: list[dict[str, str]]) -> None:
    """CONT-03."""
    rule = PointRule(column="phones", kind="WORK", kinded=True)
    assert list(read_points(rule, write_points(points))) == [
        {"value": point["value"], "kind": point["kind"]} for point in points
    ]
    assert list(read_points(rule, write_points([{"kind": "WORK", "value": "ICQ: 7"}]))) == [
        {"value": "ICQ: 7", "kind": "WORK"}
    ]
