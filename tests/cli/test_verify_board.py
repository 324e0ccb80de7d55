"""The promise of the board is seen broken: a cell that counts otherwise than there are deals (DEAL-04)."""

from decimal import Decimal
from typing import Any

from deploy.verify.aggregates import AGGREGATES
from deploy.verify.board_counts import BoardCounts
from deploy.verify.invariant import Stored
from tests.builders.causes import ANNA, NOON

CELL = {"pipeline_id": "default", "stage_id": "NEW", "responsible_id": "anna"}
"""Where the deals of these tests are."""


def a_deal(id_: str, value: str, **more: Any) -> Stored:
    amount = {"value": Decimal(value), "currency": "EUR"}
    told = {"number": 1, "created_at": NOON, "created_by": ANNA, "updated_at": NOON, "updated_by": ANNA}
    state = {
        "_id": id_,
        "version": 1,
        **told,
        "stage_semantic": "P",
        "open_to_all": True,
        "amount": amount,
        **CELL,
        **more,
    }
    type_ = next(each for each in AGGREGATES.values() if each.noun == "deal")
    return Stored(type_, {**told, **state, **CELL, **more})


def a_cell(number: int, total: str, **more: Any) -> dict[str, Any]:
    counts = [{"access": ["r:anna", "open"], "currency": "EUR", "number": number, "sum": Decimal(total)}]
    return {"_id": "cell", **CELL, "counts": counts, **more}


def judged(*deals: Stored, cells: list[dict[str, Any]]) -> list[str]:
    board = BoardCounts()
    for deal in deals:
        board.take_document(deal)
    for each in cells:
        board.take_cell(each)
    return [f"{finding.subject} {finding.detail}" for finding in board.broken()]


WRONG = ["pipeline:default counts otherwise than there are deals of anna on the stage NEW"]
"""What is told of a cell that does."""


def test_a_cell_that_counts_what_there_is_is_as_it_must_be() -> None:
    gone = a_deal("3", "7", deleted_at="2026-03-01T12:00:00Z")
    template = a_deal("4", "7", is_recurring=True)
    assert judged(a_deal("1", "1.10"), a_deal("2", "2"), gone, template, cells=[a_cell(2, "3.1")]) == []


def test_a_cell_that_counts_otherwise_is_named() -> None:
    assert judged(a_deal("1", "1"), cells=[a_cell(2, "1")]) == WRONG
    assert judged(a_deal("1", "1"), cells=[a_cell(1, "2")]) == WRONG
    assert judged(a_deal("1", "1", open_to_all=False), cells=[a_cell(1, "1")]) == WRONG


def test_a_cell_that_is_missing_or_has_no_deals_is_named() -> None:
    assert judged(a_deal("1", "1"), cells=[]) == WRONG
    assert judged(cells=[a_cell(1, "1")]) == WRONG


def test_a_cell_that_waits_to_be_counted_is_left_out() -> None:
    assert judged(a_deal("1", "1"), cells=[a_cell(2, "1", due="now")]) == []
