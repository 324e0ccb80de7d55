"""What conditions mean, in memory; that MongoDB means the same is shown in test_filter_back_ends (DEAL-01)."""

from time import process_time
from typing import Any

import pytest
from hypothesis import given

from shared.elements.domain.filters.errors import FilterTooWide
from shared.elements.domain.filters.evaluation import matches
from shared.elements.domain.filters.nodes import All
from shared.elements.domain.filters.normal_form import branches_of
from shared.elements.domain.filters.parsing import parse_filter
from shared.elements.domain.filters.wildcards import is_like
from tests.builders.filters import FIELDS, NOW, documents, filters


def passes(raw: Any, document: dict[str, Any]) -> bool:
    return matches(parse_filter(raw, FIELDS, now=NOW), document)


@pytest.mark.parametrize("document", [{}, {"observers": None}, {"observers": []}, {"observers": [None]}])
def test_a_field_without_values_equals_nothing_and_differs_from_everything(document: dict[str, Any]) -> None:
    failed: list[Any] = ["a", {"in": ["a"]}, {"empty": False}]
    passed: list[Any] = [{"!=": "a"}, {"not in": ["a"]}, {"empty": True}]
    assert not any(passes({"observers": raw}, document) for raw in failed)
    assert all(passes({"observers": raw}, document) for raw in passed)


def test_a_list_passes_if_any_of_its_items_does() -> None:
    document = {"rows": [{"price": 1}, {"price": 9}], "observers": ["ann", "bob"]}
    assert passes({"observers": "bob"}, document)
    assert not passes({"observers": {"!=": "bob"}}, document)
    assert passes({"price": {">": 5, "<": 2}}, document)
    assert not passes({"price": {">": 2, "<": 5, "!=": 9}}, document)


def test_a_number_is_neither_a_text_nor_a_truth() -> None:
    assert not passes({"number": 1}, {"number": True})
    assert not passes({"number": 1}, {"number": "1"})
    assert passes({"amount": "1.50"}, {"amount": {"value": 1.5}})


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("Pumps for ACME", "%acme", True),
        ("Pumps for ACME", "pumps%", True),
        ("Pumps for ACME", "%FOR%", True),
        ("Pumps for ACME", "acme", False),
        ("50% off", r"50\% off", True),
        ("50 off", r"50\% off", False),
        ("a\\b", r"a\\b", True),
        ("axxb", "a%b", True),
        ("aXbYc", "a%B%c", True),
        ("ab", "a%b%b", False),
        ("two\nlines", "two%lines", True),
        ("Äpfel", "ä%", True),
        ("anything", "%", True),
        ("a_c", "a_c", True),
        ("abc", "a_c", False),
    ],
)
def test_a_pattern_has_percent_signs_for_any_text_and_no_other_sign(text: str, pattern: str, expected: bool) -> None:  # noqa: FBT001
    assert is_like(text, pattern) is expected


def test_no_pattern_takes_longer_than_its_text_is_long() -> None:
    began = process_time()
    assert not is_like("a" * 20_000, "%a" * 120 + "%b")
    assert process_time() - began < 1


@given(filters, documents)
def test_the_alternatives_of_a_filter_are_passed_by_what_passes_the_filter(raw: Any, document: dict[str, Any]) -> None:
    node = parse_filter(raw, FIELDS, now=NOW)
    try:
        branches = branches_of(node)
    except FilterTooWide:
        return
    assert any(matches(All(branch), document) for branch in branches) == matches(node, document)


def test_values_of_one_field_are_one_alternative_and_nine_others_are_too_many() -> None:
    values = {"or": [{"stage_id": str(number)} for number in range(50)]}
    assert len(branches_of(parse_filter(values, FIELDS, now=NOW))) == 1
    eight = {"or": [{"number": {">": number}} for number in range(8)]}
    assert len(branches_of(parse_filter(eight, FIELDS, now=NOW))) == 8
    nine = {"and": [{"or": [{"number": {">": n}} for n in range(3)]}, {"or": [{"number": {"<": n}} for n in range(3)]}]}
    with pytest.raises(FilterTooWide, match="more than 8"):
        branches_of(parse_filter(nine, FIELDS, now=NOW))
