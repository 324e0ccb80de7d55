"""A file of any common encoding and dialect is read as it was meant, and what was recognised is said."""

import codecs
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.cli.imports.dialect import recognise_dialect
from deploy.cli.imports.files import read_table
from deploy.cli.imports.rejects import write_rejects
from deploy.cli.imports.table import BadFile, Table
from tests.deadlines import DEADLINE_S

PEOPLE = [
    ["id", "name", "city"],
    ["1", "Jörg Müller", "Köln"],
    ["2", "Zoë Çelik", "Łódź"],
    ["3", "Anna “Ann” Berg", "½"],
]
WESTERN = [*PEOPLE[:2], ["2", "Zoë Çelik", "Málaga"], ["3", "Anna “Ann” Berg", "5 €"]]


def written(folder: Path, content: bytes, name: str = "people.csv") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def text_of(rows: list[list[str]], delimiter: str) -> str:
    return "".join(delimiter.join(row) + "\r\n" for row in rows)


def raw(table: Table) -> list[list[str]]:
    return [table.header, *(list(row.raw) for row in table.rows)]


ENCODINGS = {
    "utf-8": (PEOPLE, "UTF-8"),
    "utf-8-sig": (PEOPLE, "UTF-8 with a byte order mark"),
    "utf-16": (PEOPLE, "UTF-16"),
    "utf-16-le": (PEOPLE, "UTF-16-LE"),
    "utf-16-be": (PEOPLE, "UTF-16-BE"),
    "utf-32": (PEOPLE, "UTF-32"),
    "cp1252": (WESTERN, "CP1252 (Windows)"),
}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encoding_and_delimiter_are_recognised_and_said(tmp_path: Path, encoding: str, delimiter: str) -> None:
    """CMN-14."""
    rows, name = ENCODINGS[encoding]
    table = read_table(written(tmp_path, text_of(rows, delimiter).encode(encoding)))
    assert raw(table) == rows
    separators = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
    assert table.form == f"{name}, separated by {separators[delimiter]}"


@pytest.mark.parametrize(
    ("encoding", "text"), [("cp850", "Müller"), ("mac_roman", "Jörg"), ("cp1250", "Łódź"), ("cp1251", "Иван")]
)
def test_an_encoding_that_is_given_is_used(tmp_path: Path, encoding: str, text: str) -> None:
    """CMN-14."""
    file = written(tmp_path, f"id,name\n1,{text}\n".encode(encoding))
    assert read_table(file, encoding=encoding).rows[0].cells["name"] == text


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("id\nMüller\n".encode() + "Jörg\n".encode("cp1252"), {}, "line 3 is not UTF-8, and line 2 is"),
        (b"id\n1\nM\x81ller\n", {}, "line 3 is not CP1252 .Windows.: byte 0x81; give --encoding"),
        (
            "id\nGröße\n".encode("cp1252"),
            {"encoding": "utf-8"},
            "line 2 is not UTF-8 with a byte order mark: byte 0xF6",
        ),
        ("id\nŁódź\n".encode(), {"encoding": "ascii"}, "line 2 is not ASCII: byte 0xC5"),
        (codecs.BOM_UTF16_LE + "id\n".encode("utf-16-le") + b"\x00\xd8a\x00", {}, "line 2 is not UTF-16"),
        (b"id\n1\n", {"encoding": "klingon"}, "there is no encoding 'klingon'"),
        (b"id\n1\n", {"delimiter": "abc"}, "'abc' cannot separate cells"),
        (b'id,name\n1,"Anna\n2,Berg\n', {}, "a quote is opened in line 2"),
        (b"", {}, "is empty"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole_with_its_line_and_the_likely_cause(
    tmp_path: Path, content: bytes, options: dict[str, str], said: str
) -> None:
    """CMN-14."""
    with pytest.raises(BadFile, match=said):
        list(read_table(written(tmp_path, content), **options))


DIALECTS = {
    'id,name,city\r\n1, "Anna", "Berg"\r\n': ["1", "Anna", "Berg"],
    'id;name;city\n1;   "Anna";"B;erg"\n': ["1", "Anna", "B;erg"],
    "id,name,city\n1,Anna,  Berg\n": ["1", "Anna", "  Berg"],
    "'id','name','city'\n'1','An,na','O''Neill'\n": ["1", "An,na", "O'Neill"],
    "sep=;\r\nid;name;city\r\n1;An,na;Berg\r\n": ["1", "An,na", "Berg"],
    'id\tname\tcity\n1\t"An\tna"\tBerg, Köln; Bonn\n': ["1", "An\tna", "Berg, Köln; Bonn"],
    'id|name|city\n1|"two\nlines"|a,b;c\n': ["1", "two\nlines", "a,b;c"],
    "id;name;city\n1;1,5;2,5\n": ["1", "1,5", "2,5"],
    'id,name,city\r1,"say ""hi""",Berg\r': ["1", 'say "hi"', "Berg"],
}


@pytest.mark.parametrize("text", DIALECTS, ids=range(len(DIALECTS)))
def test_a_dialect_is_read_as_it_was_meant(tmp_path: Path, text: str) -> None:
    """CMN-14."""
    table = read_table(written(tmp_path, text.encode()))
    assert table.header == ["id", "name", "city"]
    assert [list(row.raw) for row in table.rows] == [DIALECTS[text]]


def test_the_columns_of_the_mapping_decide_where_two_delimiters_fit(tmp_path: Path) -> None:
    file = written(tmp_path, b"Name, first;Phone\nBerg, Anna;1\n")
    assert read_table(file, columns=["Name, first", "Phone"]).header == ["Name, first", "Phone"]


def test_a_delimiter_that_is_given_is_not_searched(tmp_path: Path) -> None:
    file = written(tmp_path, b"a;b,c\n1;2,3\n")
    assert read_table(file, delimiter="semicolon").header == ["a", "b,c"]
    assert read_table(file, delimiter=",").header == ["a;b", "c"]


@given(st.sampled_from(",;\t|"), st.integers(min_value=2, max_value=9), st.integers(min_value=0, max_value=50))
def test_a_plain_file_of_any_width_shows_its_delimiter(delimiter: str, columns: int, rows: int) -> None:
    head = delimiter.join(f"c{place}" for place in range(columns))
    body = "".join(delimiter.join(["x"] * columns) + "\n" for _ in range(rows))
    assert recognise_dialect(f"{head}\n{body}").delimiter == delimiter


def test_a_row_with_a_broken_quote_is_a_rejected_row_with_its_line(tmp_path: Path) -> None:
    """CMN-14."""
    table = read_table(written(tmp_path, b'id,name\n1,Ada\n2,"An"na\n3,Eve\n'))
    assert [row.cells["id"] for row in table.rows] == ["1", "3"]
    (rejected,) = table.malformed
    assert rejected.row.line == 3
    assert "a quote is not closed properly" in rejected.reason


@pytest.mark.parametrize("bad", ["1,Ada", "1,Ada,Köln,more", "1", "1,Ada,Köln,,", '1,"An"na,Köln'])
def test_a_file_of_rejected_rows_is_as_strict_as_the_first_time_and_the_next(tmp_path: Path, bad: str) -> None:
    """CMN-14: a row that is a cell short is not filled up, however often it comes again."""
    file = written(tmp_path, f"id,name,city\n{bad}\n".encode())
    table = read_table(file)
    for _ in range(3):
        assert table.rows == []
        rejects = write_rejects(tmp_path / "rejects.csv", table.header, table.malformed)
        assert rejects is not None
        table = read_table(rejects, columns=["reason", "id", "name", "city"])
        assert table.header == ["reason", "id", "name", "city"]
        assert len(table.malformed) == 1


def test_a_rejected_row_that_was_corrected_goes_in(tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    table = read_table(written(tmp_path, b"id;name\n1\n"))
    write_rejects(rejects, table.header, table.malformed)
    rejects.write_text(rejects.read_text(encoding="utf-8-sig").rstrip() + ",Ada\n")
    (row,) = read_table(rejects).rows
    assert (row.cells["id"], row.cells["name"]) == ("1", "Ada")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_a_file_of_rejected_rows_is_read_with_the_options_of_the_first_file(tmp_path: Path, encoding: str) -> None:
    """CMN-14: `--encoding` or the mapping says how that one was written, and rejected rows are UTF-8."""
    rejects = tmp_path / "rejects.csv"
    table = read_table(written(tmp_path, "id;name\n1;Jörg;Köln\n".encode(encoding)), encoding=encoding)
    write_rejects(rejects, table.header, table.malformed)
    again = read_table(rejects, encoding=encoding)
    assert again.header == ["reason", "id", "name"]
    assert again.malformed[0].row.raw[1:] == ("1", "Jörg", "Köln")


READ = """
import sys
from pathlib import Path
from deploy.cli.imports.bodies import Forms
from deploy.cli.imports.files import read_table
from deploy.cli.imports.mapping import Mapping
from deploy.cli.imports.origins import Origins
from deploy.cli.imports.row_filter import checked_rows
from deploy.cli.imports.survey import survey
def peak():  # not ru_maxrss, which begins with that of the process that started this one
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
given = {"originator": "o", "origin": "id", "columns": {"name": "last_name"}, "ignored": ["*"]}
mapping = Mapping.model_validate(given)
table = read_table(Path(sys.argv[1]))
before = peak()
forms = Forms()
found = survey(mapping, table, (), forms.conventions)
with Origins() as origins:
    rows = sum(1 for _ in checked_rows(mapping, table, origins, print))
print(found.rows, rows, (peak() - before) // 1024, peak() // 1024)
"""


def measured(file: Path) -> tuple[int, int, int, int]:
    """Return the rows counted and yielded, the memory that reading took, and that of the process, in MB."""
    ran = subprocess.run(
        [sys.executable, "-c", READ, str(file)], capture_output=True, text=True, check=True, timeout=DEADLINE_S
    )
    counted, rows, taken, peak = map(int, ran.stdout.split())
    return counted, rows, taken, peak


def test_a_large_file_is_streamed_and_takes_no_memory_for_its_rows(tmp_path: Path) -> None:
    """CMN-14: 200,000 rows of 30 MB take less than a third of the file."""
    file = tmp_path / "people.csv"
    with file.open("w") as text:
        text.write("id,name,phone,mail,note\n")
        for number in range(200_000):
            text.write(f"P-{number},Berg {number},030 {number},p{number}@example.com,{'x' * 90}\n")
    counted, rows, taken, peak = measured(file)
    assert (counted, rows) == (200_000, 200_000)
    assert taken < 10
    assert peak < 300


ANNA = "BEGIN:VCARD\nVERSION:3.0\nN:Berg;Anna;;;\nFN:Anna Berg\nEND:VCARD\n"
CUT_OFF = "BEGIN:VCARD\nVERSION:3.0\nN:Berg;Bruno;;;\nFN:Bruno Be\n"


@pytest.mark.parametrize(
    ("text", "lines"),
    [(ANNA + CUT_OFF, [9]), (CUT_OFF + ANNA, [4]), (f"\n{CUT_OFF}\n{ANNA}{CUT_OFF}", [6, 15]), (CUT_OFF, [4])],
)
def test_a_card_that_is_cut_off_is_a_rejected_one_with_its_line(tmp_path: Path, text: str, lines: list[int]) -> None:
    """CMN-14: nobody is lost without a word."""
    table = read_table(written(tmp_path, text.encode(), "people.vcf"))
    assert [row.cells["first_name"] for row in table.rows] == ["Anna"] * text.count("Anna;")
    assert [(bad.row.line, "never closed" in bad.reason) for bad in table.malformed] == [(at, True) for at in lines]
