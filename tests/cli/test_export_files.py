"""A file of an export is whole or not there, computes nothing, and reads back as it was."""

import csv
import io
import re
import stat
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from deploy.cli.csv_guard import FORMULA, escape_formula, unescape_formula
from deploy.cli.exports.files import writing
from deploy.cli.imports.contact_points import read_points, write_points
from deploy.cli.imports.files import read_table
from deploy.cli.imports.mapping_rules import PointRule
from deploy.cli.imports.rejects import write_rejects
from deploy.cli.imports.table import REASON, BadFile, Rejected, Row

ROWS = [
    ["=1+1", "+49 30 901820"],
    ["'=1", "@ada"],
    ["-", "a,b"],
    ["two\nlines", '"'],
    ["a\r\nb", "c\rd"],
    ["_x000D_", "_x005F_x000D_ _x0041_"],
    ["007", ""],
]
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
    assert file.read_text(encoding="utf-8-sig") == "a,b\n'=cmd|' /C calc'!A0,'+49 30 901820\n"


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
        with writing(file, ["a"], overwrite=True) as put:
            put(["1"])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert file.read_text() == "of yesterday"
    assert [found.name for found in tmp_path.iterdir()] == [file.name]


def test_a_file_that_another_program_made_meanwhile_stays(tmp_path: Path) -> None:
    """CONT-06."""
    file = tmp_path / "rows.csv"
    with pytest.raises(BadFile, match="File exists"), writing(file, ["a"]):
        file.write_text("of another")
    assert file.read_text() == "of another"
    assert [found.name for found in tmp_path.iterdir()] == [file.name]


def test_an_export_that_cannot_be_written_gives_the_reason(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="No such file or directory"), writing(tmp_path / "no" / "rows.csv", ["a"]):
        pass
    with pytest.raises(BadFile, match=r"must end in \.csv or \.xlsx"), writing(tmp_path / "rows.pdf", ["a"]):
        pass


SPOILT = st.text(st.sampled_from([*FORMULA, *"'\"\r\n\t\v\u2028,; \xa0\ufeff", "a", "1"]), max_size=12)
TEXTS = st.one_of(SPOILT, st.text())
COMPUTED = re.compile("^[\\s\ufeff\u200b]*[=+@＝＋－＠-]|^[\t\r]")  # noqa: RUF001 - full-width, too


def readings(text: str) -> Iterator[str]:
    """The cells of a CSV file, for programs that disagree about what ends one."""
    for rows in (io.StringIO(text, newline=""), text.splitlines(), re.split(r"[\r\n]", text)):
        for delimiter in ",;\t":
            for row in csv.reader(rows, delimiter=delimiter):
                yield from row
    yield from re.split(r'[\r\n",;\t]', text)


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=4))
def test_whatever_the_text_a_csv_file_gives_it_back_and_computes_nothing(rows: list[list[str]]) -> None:
    """CONT-06: neither a carriage return, nor a quote, nor another delimiter begins a formula."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        with writing(file, ["a", "b"]) as put:
            for row in rows:
                put(row)
        found = [list(row.raw) for row in read_table(file, columns=["a", "b"]).rows]
        assert found == [row for row in rows if any(cell.strip() for cell in row)]
        with file.open(encoding="utf-8-sig", newline="") as opened:
            assert [cell for cell in readings(opened.read()) if COMPUTED.search(cell)] == []


@given(TEXTS, TEXTS)
def test_a_file_of_rejected_rows_computes_nothing_either(cell: str, reason: str) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "rejects.csv"
        header = ["a", cell.strip() or "b"]
        write_rejects(file, header, [Rejected(Row(2, ("x", cell), {}), reason)])
        table = read_table(file, columns=[REASON, *header])
        assert table.header == [REASON, *header]
        assert [list(row.raw) for row in table.rows] == [[reason, "x", cell]]
        with file.open(encoding="utf-8-sig", newline="") as opened:
            assert [cell for cell in readings(opened.read()) if COMPUTED.search(cell)] == []


def opened_and_saved(cell: str) -> str:
    """What a spreadsheet makes of a cell: a number or a day where it looks like one, else what it was."""
    try:
        number = float(cell)
    except ValueError:
        return "a day" if re.fullmatch("[0-9]+[-/.][0-9]+([-/.][0-9]+)?", cell) else cell
    return f"{number:.5E}" if abs(number) >= 1e11 else f"{number:.15g}"


DIGITS = st.text("0123456789", min_size=1, max_size=16)
PHONES = st.one_of(
    DIGITS, DIGITS.map("0".__add__), DIGITS.map("+".__add__), st.from_regex(r"\A[0-9]{1,2}[-/][0-9]{1,3}\Z")
)


@pytest.mark.parametrize(
    "phone",
    ["01712345678", "0049301234567", "491712345678", "1712345678901234567", "3/4", "1-2", "4711E10", "007", "+49301"],
)
def test_a_phone_survives_a_spreadsheet(tmp_path: Path, phone: str) -> None:
    """CONT-06, CMN-14: it keeps its zero, its plus and all of its digits."""
    file = tmp_path / "rows.csv"
    with writing(file, ["a", "b"]) as put:
        put([phone, "x"])
    ((saved, _),) = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))[1:]
    assert opened_and_saved(saved) == saved
    assert unescape_formula(opened_and_saved(saved)) == phone


@given(PHONES)
def test_any_digits_survive_a_spreadsheet(phone: str) -> None:
    assert unescape_formula(opened_and_saved(escape_formula(phone))) == phone


@pytest.mark.parametrize("cell", ["1990-12-24", "12", "12.5", "0", "true"])
def test_numbers_and_days_stay_what_they_are(cell: str) -> None:
    assert escape_formula(cell) == cell


def test_a_csv_file_may_have_the_delimiter_of_the_readers_country(tmp_path: Path) -> None:
    """CONT-06."""
    file = tmp_path / "rows.csv"
    with writing(file, ["a", "b"], ";") as put:
        put(["1;2", "Jörg"])
    assert file.read_bytes().startswith(b"\xef\xbb\xbfa;b")
    assert [row.raw for row in read_table(file).rows] == [("1;2", "Jörg")]


@given(TEXTS)
def test_a_cell_comes_back_as_it_was(cell: str) -> None:
    assert unescape_formula(escape_formula(cell)) == cell


@pytest.mark.parametrize("cell", ["O'Neill", "'quoted'", '"\'+49" he said', "a;'-b", "'tis a; -b"])
def test_a_cell_that_nobody_escaped_is_read_as_it_is(cell: str) -> None:
    assert unescape_formula(cell) == cell


def test_what_any_program_may_fold_into_the_begin_of_a_formula_is_known() -> None:
    folded = {
        chr(code) for code in range(sys.maxunicode) if unicodedata.normalize("NFKC", chr(code))[:1] in set("=+-@")
    }
    assert set(FORMULA) == folded


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
