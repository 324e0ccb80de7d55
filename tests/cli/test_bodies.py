"""What a row of the file becomes."""

import re
from pathlib import Path

import pytest

from deploy.cli.imports.bodies import Forms, References, body
from deploy.cli.imports.mapping import Mapping, read_mapping
from deploy.cli.imports.mapping_rules import MoneyRule
from deploy.cli.imports.table import BadRow, Row

LEADS = read_mapping(Path(__file__).parents[2] / "deploy" / "samples" / "leads.toml")
KNOWN = References(companies={"Blauwerk": "c1"}, products={"GTX Pro": "p1"})
STAFFED = Mapping(
    originator="o", origin="id", columns={"staff": "employees"}, ranges={"staff": {"FEW": 50, "SOME": 250}}
)
SORTED, WHOLE = Mapping(originator="o", origin="id", columns={"place": "sort"}), Forms(integers={"sort"})
WON = {
    "opportunity_id": "A1",
    "sales_agent": "Ada Winter",
    "product": "GTXPro",
    "account": "Blauwerk",
    "deal_stage": "Won",
    "engage_date": "2026-01-01",
    "close_date": "2026-02-01",
    "close_value": "5100",
}


def row(**changes: str) -> Row:
    cells = WON | changes
    return Row(2, tuple(cells.values()), cells)


def test_a_won_row_is_a_processed_lead_with_the_price_that_was_paid() -> None:
    assert body(LEADS, row(), KNOWN) == {
        "title": "GTX Pro for Blauwerk",
        "responsible_id": "Ada Winter",
        "stage_id": "PROCESSED",
        "currency": "USD",
        "comments": "Engaged 2026-01-01, closed 2026-02-01",
        "company_id": "c1",
        "rows": [{"product_id": "p1", "price": "5100"}],
    }


def test_a_lost_row_keeps_the_list_price_although_its_value_is_zero() -> None:
    made = body(LEADS, row(deal_stage="Lost", close_value="0"), KNOWN)
    assert (made["stage_id"], made["rows"]) == ("JUNK", [{"product_id": "p1"}])


def test_an_open_row_without_account_and_dates_has_neither_company_nor_comment() -> None:
    empty = dict.fromkeys(("account", "engage_date", "close_date", "close_value"), "")
    made = body(LEADS, row(deal_stage="Prospecting", **empty), KNOWN)
    assert made["title"] == "GTX Pro"
    assert {"company_id", "comments"}.isdisjoint(made)


def test_everything_that_is_wrong_with_a_row_is_named_at_once() -> None:
    with pytest.raises(BadRow) as found:
        body(LEADS, row(account="Nobody", product="GTX Max", close_value="much"), KNOWN)
    assert str(found.value) == (
        "account: there is no company 'Nobody' from crm_sales_opportunities; product: there is no product 'GTX Max'; "
        "close_value: 'much' is not a number"
    )


def test_what_a_translation_made_of_a_cell_is_named_beside_the_cell() -> None:
    """CMN-14: a person finds in the file what the file has."""
    translated = LEADS.model_copy(update={"values": {**LEADS.values, "product": {"GTXPro": "GTX Pro"}}})
    with pytest.raises(BadRow) as found:
        body(translated, row(product="GTXPro"), References(KNOWN.companies, {}))
    assert str(found.value) == "product: there is no product 'GTX Pro'; the file has 'GTXPro'"


def test_a_won_row_without_a_value_is_bad() -> None:
    with pytest.raises(BadRow, match="close_value: is empty"):
        body(LEADS, row(close_value=""), KNOWN)


def test_a_stage_without_translation_is_bad() -> None:
    with pytest.raises(BadRow, match="deal_stage: 'Paused' has no translation"):
        body(LEADS, row(deal_stage="Paused"), KNOWN)


@pytest.mark.parametrize(
    ("cell", "code"),
    [("49", "FEW"), ("50", "SOME"), ("249.5", "SOME"), ("", None)],
)
def test_a_number_becomes_the_code_of_its_range(cell: str, code: str | None) -> None:
    """COMP-06."""
    assert body(STAFFED, Row(2, ("A1", cell), {"id": "A1", "staff": cell}), KNOWN).get("employees") == code


@pytest.mark.parametrize(
    ("cell", "reason"), [("250", "staff: '250' is in no range"), ("many", "staff: 'many' is not a number")]
)
def test_what_is_in_no_range_is_bad(cell: str, reason: str) -> None:
    """COMP-06."""
    with pytest.raises(BadRow) as found:
        body(STAFFED, Row(2, ("A1", cell), {"id": "A1", "staff": cell}), KNOWN)
    assert str(found.value) == reason


@pytest.mark.parametrize(
    "cell", ["1e9999999", "-1e99", "NaN", "Infinity", "1e3", "1_000", "\N{ARABIC-INDIC DIGIT ONE}", ".5"]
)
def test_a_number_beyond_any_meaning_is_bad(cell: str) -> None:
    with pytest.raises(BadRow, match="is not a number"):
        body(LEADS, row(close_value=cell), KNOWN)


@pytest.mark.parametrize(("cell", "value"), [("1100.04", "1100040000"), ("4618", "4618000000"), ("4.54", "4540000")])
def test_millions_become_a_plain_amount(cell: str, value: str) -> None:
    rule = MoneyRule.model_validate({"column": "revenue", "currency": "USD", "factor": "1000000"})
    mapping = Mapping(originator="o", origin="id", money={"revenue": rule})
    made = body(mapping, Row(2, ("1", cell), {"id": "1", "revenue": cell}), References())
    assert made["revenue"] == {"value": value, "currency": "USD"}


@pytest.mark.parametrize(("cell", "value"), [("7", 7), ("-7", -7), ("007", 7), ("7.0", 7), ("", None)])
def test_a_cell_of_a_whole_number_becomes_one(cell: str, value: int | None) -> None:
    """CMN-14: as a body has it, and not as a text."""
    assert body(SORTED, Row(2, ("1", cell), {"id": "1", "place": cell}), References(), WHOLE).get("sort") == value


@pytest.mark.parametrize(
    ("cell", "reason"), [("7.5", "place: '7.5' is no whole number"), ("many", "place: 'many' is not a number")]
)
def test_a_cell_that_is_no_whole_number_is_bad(cell: str, reason: str) -> None:
    with pytest.raises(BadRow, match=re.escape(reason)):
        body(SORTED, Row(2, ("1", cell), {"id": "1", "place": cell}), References(), WHOLE)
