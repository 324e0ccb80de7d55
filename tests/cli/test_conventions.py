"""Numbers and dates are read as their file means them; what could be meant in two ways is wrong, and says so."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.cli.imports.bodies import Forms, References, body
from deploy.cli.imports.conventions import Conventions
from deploy.cli.imports.evidence import Unreadable
from deploy.cli.imports.mapping import Mapping
from deploy.cli.imports.survey import survey
from deploy.cli.imports.table import BadRow, Row, Table

AMOUNTS = Mapping.model_validate(
    {"originator": "o", "origin": "id", "money": {"revenue": {"column": "sum", "currency": "EUR"}}}
)
DAYS = Mapping.model_validate({"originator": "o", "origin": "id", "columns": {"born": "birth_date"}})


def values(mapping: Mapping, column: str, cells: Sequence[str], **given: str | None) -> list[object]:
    """What a file with these cells in its column gives, a reason where a row is wrong."""
    rows = [Row(line, (str(line), cell), {"id": str(line), column: cell}) for line, cell in enumerate(cells, start=2)]
    options = {"decimal": None, "dates": None, "country": None} | given
    forms = Forms((), {"birth_date"}, Conventions.given(**options))
    survey(mapping, Table(["id", column], lambda: iter(rows), "a test"), {"birth_date"}, forms.conventions)
    found: list[object] = []
    for row in rows:
        try:
            made = body(mapping, row, References(), forms)
            found.append(made["birth_date"] if column == "born" else made["revenue"]["value"])
        except BadRow as reason:
            found.append(str(reason))
    return found


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (["12,50", "1.234", "7"], ["12.5", "1234", "7"]),
        (["12.50", "1,234", "7"], ["12.5", "1234", "7"]),
        (["1.234.567,89"], ["1234567.89"]),
        (["1,234,567.89"], ["1234567.89"]),
        (["1 234,5", "1\u00a0234,5", "1'234,5"], ["1234.5"] * 3),
        (["12.345", "0.5"], ["12.345", "0.5"]),
        (["-3,5", "+4"], ["-3.5", "4"]),
        (["0.125", "7"], ["0.125", "7"]),
        (["0,125"], ["0.125"]),
    ],
)
def test_the_decimal_mark_of_a_column_is_recognised(cells: list[str], read: list[str]) -> None:
    """CMN-14."""
    assert values(AMOUNTS, "sum", cells) == read


@pytest.mark.parametrize(
    ("cells", "wrong"),
    [
        (["1,234"], 0),
        (["1.234"], 0),
        (["1.234", "950", "12000"], 0),
        (["1,5", "2.5", "1,234"], 2),
        (["1,5", "2.5", "1.234"], 2),
    ],
)
def test_a_number_that_could_be_two_is_wrong_and_names_the_option(cells: list[str], wrong: int) -> None:
    """CMN-14."""
    reason = values(AMOUNTS, "sum", cells)[wrong]
    assert (
        reason
        == f"sum: {cells[wrong]!r} could be "
        + {
            "1,234": "1234 (a decimal point) or 1.234 (a decimal comma): say which by --decimal",
            "1.234": "1.234 (a decimal point) or 1234 (a decimal comma): say which by --decimal",
        }[cells[wrong]]
    )


def test_a_decimal_mark_that_is_given_excludes_the_other() -> None:
    """CMN-14."""
    assert values(AMOUNTS, "sum", ["1.234", "1,234", "2.5"], decimal=",") == [
        "1234",
        "1.234",
        "sum: '2.5' is not written with a decimal comma, as --decimal says",
    ]


@given(
    st.decimals(min_value=-(10**9), max_value=10**9, places=2),
    st.sampled_from([",", "."]),
    st.sampled_from([",.2f", ".2f"]),
)
def test_any_amount_comes_back_from_either_way_of_writing_it(amount: Decimal, mark: str, form: str) -> None:
    text = format(amount, form)
    written = text if mark == "." else text.translate(str.maketrans(",.", ".,"))
    assert Conventions.given(mark, None, None).number("sum", written) == amount


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (["1990-12-24", "24.12.1990", "1990/12/24", "24. 12. 1990"], ["1990-12-24"] * 4),
        (["12/24/1990", "3/4/1990"], ["1990-12-24", "1990-03-04"]),
        (["24/12/1990", "3/4/1990"], ["1990-12-24", "1990-04-03"]),
        (["24-12-1990", "3-4-1990"], ["1990-12-24", "1990-04-03"]),
        (["3/3/1990"], ["1990-03-03"]),
    ],
)
def test_the_order_of_a_date_is_recognised_by_its_form_or_by_its_column(cells: list[str], read: list[str]) -> None:
    """CMN-14."""
    assert values(DAYS, "born", cells) == read


@pytest.mark.parametrize("cells", [["3/4/1990"], ["3/4/1990", "24/12/1990", "12/24/1990"], ["3-4-1990", "1990-12-24"]])
def test_a_date_that_could_be_two_is_wrong_and_names_the_option(cells: list[str]) -> None:
    """CMN-14."""
    assert values(DAYS, "born", cells)[0] == (
        f"born: {cells[0]!r} could be 1990-04-03 (the day first) or 1990-03-04 (the month first): say which by --dates"
    )


def test_an_order_that_is_given_is_used_and_excludes_the_other() -> None:
    """CMN-14."""
    assert values(DAYS, "born", ["3/4/1990", "24/12/1990", "24.12.1990"], dates="mdy") == [
        "1990-03-04",
        "born: '24/12/1990' is not written with the month first, as --dates says",
        "1990-12-24",
    ]


@pytest.mark.parametrize(
    "cell", ["0", "0.0", "86400", "31.02.1990", "24.12.90", "1990-13-01", "yesterday", "24/12/0000"]
)
def test_what_is_no_date_is_wrong_and_says_how_one_is_written(cell: str) -> None:
    """CMN-14."""
    assert values(DAYS, "born", [cell]) == [f"born: {cell!r} is not a date: write it as 1990-12-24"]


@given(st.dates(min_value=date(1900, 1, 1)), st.sampled_from(["dmy", "mdy"]))
def test_any_day_comes_back_from_either_order(day: date, order: str) -> None:
    text = f"{day.day}/{day.month}/{day.year}" if order == "dmy" else f"{day.month}/{day.day}/{day.year}"
    assert Conventions.given(None, order, None).day("born", text) == day.isoformat()


@pytest.mark.parametrize("typed", ["(212) 555-0123", "212.555.0123 x371", "+49 171 3920001", "1-888-555-0142"])
def test_a_phone_that_is_one_there_stays_as_it_was_typed(typed: str) -> None:
    """CMN-14, CONT-03."""
    assert Conventions(country="US").phone(typed) == typed
    assert Conventions().phone(typed) == typed


@pytest.mark.parametrize("typed", ["555-0123 x371", "1-800-FLOWERS", "0171 2345678", "12", "call me"])
def test_a_phone_that_is_none_there_is_wrong(typed: str) -> None:
    """CMN-14, CONT-03."""
    with pytest.raises(Unreadable, match="is not a phone of US"):
        Conventions(country="US").phone(typed)
