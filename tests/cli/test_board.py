"""`crm board`: what a person sees of a pipeline on a terminal of 80 columns, and what a program gets."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from deploy.cli.board_view import board


def a_column(name: str, *titles: str, semantic: str = "P", number: int | None = None, **more: Any) -> dict[str, Any]:
    return {
        "stage": {"id": name.upper(), "name": name, "semantic": semantic, "color": "#39A8EF"},
        "count": {"value": len(titles) if number is None else number, "is_exact": True},
        "sums": [{"value": "1234.50", "currency": "EUR"}],
        "items": [
            {"title": title, "amount": {"value": "1000", "currency": "EUR"}, "responsible_id": "anna"}
            for title in titles
        ],
        "complete": True,
        "next": None if number is None else {"cursor": "x"},
        **more,
    }


def printed(*columns: dict[str, Any], width: int = 80) -> str:
    out = StringIO()
    board(
        Console(file=out, width=width, force_terminal=False),
        {"pipeline_id": "default", "columns": columns, "former": []},
    )
    return out.getvalue()


STAGES = [a_column(name, f"{name} one", f"{name} two") for name in ("New", "Prepare", "Prepay", "Execute", "Invoice")]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_board_fits_its_terminal_and_shows_every_stage_and_card(width: int) -> None:
    shown = printed(*STAGES, a_column("Won", semantic="S", number=7), width=width)
    assert max(len(line) for line in shown.splitlines()) <= width
    for stage in STAGES:
        assert all(card["title"] in shown for card in stage["items"])
    assert "2 deals" in shown
    assert "1,234.50 EUR" in shown
    assert "● Won  7 deals  1,234.50 EUR" in shown


def test_open_stages_stand_side_by_side() -> None:
    (heads,) = [line for line in printed(*STAGES[:4]).splitlines() if "● New" in line]
    assert all(f"● {name}" in heads for name in ("New", "Prepare", "Prepay", "Execute"))


def test_what_is_left_out_is_told() -> None:
    shown = printed(a_column("New", "only card", number=1200))
    assert "1,200 deals" in shown
    assert "1,199 more" in shown


def test_a_count_within_the_budget_is_told_as_such() -> None:
    shown = printed(a_column("New", "card", count={"value": 30, "is_exact": False}, sums=None))
    assert "30+ deals" in shown


def test_titles_are_no_markup_and_long_ones_are_cut() -> None:
    shown = printed(a_column("New", "[red]danger[/red]", "x" * 300))
    assert "[red]danger[/red]" in shown
    assert "…" in shown


def test_a_board_without_open_stages_is_a_line_for_each() -> None:
    assert printed(a_column("Won", semantic="S")).splitlines() == ["● Won  0 deals  1,234.50 EUR"]


def test_stages_that_were_deleted_since_are_told_below() -> None:
    out, gone = StringIO(), {"stage_id": "TALKS", "count": {"value": 3, "is_exact": True}}
    board(Console(file=out, width=80), {"columns": [a_column("New", sums=None)], "former": [gone]})
    assert out.getvalue().splitlines()[-1] == "TALKS, deleted since  3 deals"
