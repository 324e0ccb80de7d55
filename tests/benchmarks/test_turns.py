"""Revisions and limits take turns, and what is chosen by name is what is measured."""

import pytest

from benchmarks.measures.conversion import b2, b9
from benchmarks.measures.order import NoSuchMeasurement, chosen
from benchmarks.turns import turns


def test_sides_are_measured_forth_and_back() -> None:
    assert "".join(turns("AB", 4)) == "ABBAABBA"
    assert turns(["ours", "limit", "theirs"], 2) == ["ours", "limit", "theirs", "theirs", "limit", "ours"]
    assert turns(["ours"], 3) == ["ours"] * 3


def test_measurements_are_chosen_by_name_in_any_case() -> None:
    assert chosen(["B9,b2"], against=True) == [b2, b9]
    assert chosen(["b9", "B2"], against=False) == [b2, b9]
    assert len(chosen([], against=False)) > len(chosen([], against=True)) > 2


def test_a_measurement_that_there_is_not_is_named() -> None:
    with pytest.raises(NoSuchMeasurement, match="b99: there are b8, b1, "):
        chosen(["b2,b99"], against=False)
    with pytest.raises(NoSuchMeasurement, match="b5"):
        chosen(["b5"], against=True)  # a million contacts, and the other revision is not asked
