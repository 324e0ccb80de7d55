"""An XLSX file is as good as a CSV file, and a broken one is one sentence."""

from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook

from deploy.cli.imports import files, workbook
from deploy.cli.imports.files import read_table
from deploy.cli.imports.rejects import write_rejects
from deploy.cli.imports.table import BadFile

HALF_PAST_EIGHT = datetime(2026, 3, 31, 8, 30)  # noqa: DTZ001 - a sheet knows no zones
CONTENT = "[Content_Types].xml"


def saved(folder: Path, *rows: list[Any], title: str = "People", more: list[list[Any]] | None = None) -> Path:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(row)
    if more is not None:
        other = book.create_sheet("Other")
        for row in more:
            other.append(row)
    file = folder / "rows.xlsx"
    book.save(file)
    return file


def repacked(file: Path, replaced: dict[str, bytes]) -> Path:
    with ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, content in {**parts, **replaced}.items():
            archive.writestr(name, content)
    return file


def test_numbers_days_and_truths_become_the_texts_of_a_csv_file(tmp_path: Path) -> None:
    """CMN-14."""
    values = [7, 4930901820.0, 1.5, 1e-7, True, date(2026, 3, 31), HALF_PAST_EIGHT, time(8, 30), " Ada "]
    texts = ("7", "4930901820", "1.5", "0.0000001", "true", "2026-03-31", "2026-03-31T08:30:00", "08:30:00", " Ada ")
    names = [f"c{place}" for place in range(len(values))]
    table = read_table(saved(tmp_path, names, values))
    assert table.header == names
    assert [row.raw for row in table.rows] == [texts]
    assert table.rows[0].cells["c8"] == "Ada"


def test_empty_rows_are_passed_over_and_short_ones_are_filled_up(tmp_path: Path) -> None:
    """CMN-14."""
    file = saved(tmp_path, [None], ["id", "name", None], ["1", "Ada"], [None, None], ["2"], [" ", None])
    table = read_table(file)
    assert table.header == ["id", "name"]
    assert [(row.line, row.raw) for row in table.rows] == [(3, ("1", "Ada")), (5, ("2", ""))]


def test_a_row_with_too_many_cells_or_an_error_in_one_is_rejected_with_its_line(tmp_path: Path) -> None:
    """CMN-14."""
    table = read_table(saved(tmp_path, ["id", "name"], ["1", "#N/A"], ["2", "Bob", "who?"], ["3", "Eve"]))
    assert [row.cells["id"] for row in table.rows] == ["3"]
    assert [(one.row.line, one.reason) for one in table.malformed] == [
        (2, "name: the cell holds #N/A"),
        (3, "3 cells instead of 2"),
    ]


def test_of_a_formula_the_computed_value_counts(tmp_path: Path) -> None:
    file = saved(tmp_path, ["id", "sum"], ["1", "=2+3"])
    part = "xl/worksheets/sheet1.xml"
    with ZipFile(file) as archive:
        content = archive.read(part)
    assert b"<v />" in content or b"<v></v>" in content
    for empty in (b"<v />", b"<v></v>"):
        content = content.replace(empty, b"<v>5</v>")
    assert read_table(repacked(file, {part: content})).rows[0].cells == {"id": "1", "sum": "5"}


@pytest.mark.parametrize("formula", ["=2+3", "=HYPERLINK(A1)", "=A1", "=SUM(B2:B9)"])
def test_a_formula_without_a_stored_result_rejects_its_row_and_names_its_column(tmp_path: Path, formula: str) -> None:
    """CMN-14: it is not taken for an empty cell."""
    table = read_table(saved(tmp_path, ["id", "sum", "note"], ["1", "5", "-"], ["2", formula, "-"], ["3", "", formula]))
    assert [row.cells["id"] for row in table.rows] == ["1"]
    reasons = {one.row.line: one.reason for one in table.malformed}
    said = "the cell holds a formula without a result: open the file in a spreadsheet and save it"
    assert reasons == {3: f"sum: {said}", 4: f"note: {said}"}


def test_numbers_and_dates_of_a_sheet_are_known_as_such(tmp_path: Path) -> None:
    """CMN-14: a decimal comma of texts beside them changes no number."""
    (row,) = read_table(saved(tmp_path, ["id", "sum", "born", "text"], ["1", 1.234, date(1990, 4, 3), "1,5"])).rows
    assert row.typed == {"sum", "born"}


def test_a_sheet_is_chosen_by_its_name_and_a_wrong_name_lists_the_right_ones(tmp_path: Path) -> None:
    """CMN-14."""
    file = saved(tmp_path, ["id"], ["1"], more=[["code"], ["x"]])
    assert read_table(file).header == ["id"]
    assert read_table(file, "Other").header == ["code"]
    with pytest.raises(BadFile, match="no sheet 'Nobody', but 'People', 'Other'"):
        read_table(file, "Nobody")


def test_only_a_workbook_has_sheets_and_only_two_formats_are_read(tmp_path: Path) -> None:
    csv_file, old = tmp_path / "rows.csv", tmp_path / "rows.xls"
    csv_file.write_text("id\n1\n")
    old.write_bytes(b"\xd0\xcf\x11\xe0")
    with pytest.raises(BadFile, match="has no sheets"):
        read_table(csv_file, "People")
    with pytest.raises(BadFile, match="neither a CSV, an XLSX nor a VCF file"):
        read_table(old)


@pytest.mark.parametrize("cut", [0, 10, 500, 3000])
def test_a_file_that_was_cut_off_is_refused_in_one_sentence(tmp_path: Path, cut: int) -> None:
    file = saved(tmp_path, ["id", "name"], ["1", "Ada"])
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(BadFile, match="cannot be read"):
        read_table(file)


@pytest.mark.parametrize("part", [CONTENT, "xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"])
def test_a_file_with_a_broken_part_is_refused_in_one_sentence(tmp_path: Path, part: str) -> None:
    file = repacked(saved(tmp_path, ["id"], ["1"]), {part: b"<a><b></a>"})
    with pytest.raises(BadFile, match="cannot be read"):
        read_table(file)


def test_a_file_whose_entities_grow_is_refused(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'
    with pytest.raises(BadFile, match="EntitiesForbidden"):
        read_table(repacked(saved(tmp_path, ["id"], ["1"]), {"xl/worksheets/sheet1.xml": bomb}))


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = repacked(saved(tmp_path, ["id"], ["1"]), {"xl/media/zeros": bytes(3 << 20)})
    assert file.stat().st_size < 1 << 20
    assert read_table(file).header == ["id"]
    monkeypatch.setattr(workbook, "MOST_HELD", 2 << 20)
    with pytest.raises(BadFile, match="unpacks to 3 MB; 2 MB are the most"):
        files.read_table(file)


def test_a_workbook_without_rows_is_empty(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="is empty"):
        read_table(saved(tmp_path))


def test_what_is_rejected_of_a_workbook_is_a_csv_file_that_can_be_imported(tmp_path: Path) -> None:
    """CMN-14."""
    table = read_table(saved(tmp_path, ["id", "phone", "note"], ["1", "+49 30 1", "-"], ["2", "#N/A", "-"]))
    rejects = tmp_path / "rejects.csv"
    write_rejects(rejects, table.header, table.malformed)
    assert rejects.read_text(encoding="utf-8-sig").splitlines()[0] == "reason,id,phone,note"
    (row,) = read_table(rejects).rows
    assert row.raw[1] == "2"
    assert row.raw[0] == "phone: the cell holds #N/A"
    again = write_rejects(rejects, read_table(rejects).header, table.malformed)
    assert again == tmp_path / "rejects-2.csv"
    assert again.read_text(encoding="utf-8-sig").splitlines()[0] == "reason,id,phone,note"
