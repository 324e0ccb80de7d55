"""Which filters callers may write, and what they are told of those that they may not (DEAL-01)."""

import json
from typing import Any

import pytest

from shared.elements.domain.filters.errors import InvalidQuery
from shared.elements.domain.filters.nodes import EVERYTHING, All, AnyOf, Condition, Node, Not
from shared.elements.domain.filters.parsing import MAX_DEPTH, MAX_PARTS, MAX_VALUES, parse_filter
from tests.builders.filters import FIELDS, NOW


def parsed(raw: Any) -> Node:
    return parse_filter(raw, FIELDS, now=NOW)


def refused(raw: Any) -> dict[str, str]:
    """The places that are wrong, with their codes."""
    with pytest.raises(InvalidQuery) as error:
        parsed(raw)
    errors = error.value.details["errors"]
    assert json.dumps(errors, ensure_ascii=False).encode()  # an answer can say it
    return {wrong["field"]: wrong["code"] for wrong in errors}


def test_a_value_alone_is_equality_and_conditions_in_one_object_all_have_to_hold() -> None:
    title, number = FIELDS["title"], FIELDS["number"]
    assert parsed({"title": "Pumps"}) == Condition(title, "=", "Pumps")
    both = All((Condition(title, "=", "Pumps"), All((Condition(number, ">", 1), Condition(number, "<=", 7)))))
    assert parsed({"title": "Pumps", "number": {">": 1, "<=": 7}}) == both
    assert parsed({}) == EVERYTHING


def test_groups_are_nested() -> None:
    title = FIELDS["title"]
    raw = {"or": [{"not": {"title": {"like": "%x%"}}}, {"and": [{"title": {"in": ["a", "b"]}}, {"title": "c"}]}]}
    one = Not(Condition(title, "like", "%x%"))
    other = All((Condition(title, "in", ("a", "b")), Condition(title, "=", "c")))
    assert parsed(raw) == AnyOf((one, other))


def test_dates_count_from_now() -> None:
    assert parsed({"begin_date": {">=": {"days": -30}}}) == Condition(FIELDS["begin_date"], ">=", "2026-03-01")
    assert parsed({"begin_date": {"days": 0}}) == Condition(FIELDS["begin_date"], "=", "2026-03-31")
    later = parsed({"created_at": {"<": {"hours": 2}}})
    assert isinstance(later, Condition)
    assert str(later.operand) == "2026-03-31 11:30:00+00:00"


def test_a_custom_field_is_named_with_a_dot_and_no_other_name_may_have_one() -> None:
    assert parsed({"custom.REGION": "north"}) == Condition(FIELDS["custom.REGION"], "=", "north")
    assert refused({"amount.value": "1"}) == {"filter.amount.value": "unknown_field"}


@pytest.mark.parametrize(
    ("raw", "wrong"),
    [
        ({"$where": "1"}, {"filter.$where": "unknown_field"}),
        ({"title": {"$gt": ""}}, {"filter.title.$gt": "unknown_operator"}),
        ({"and": [{"amount": "much"}]}, {"filter.and.0.amount": "wrong_operand"}),
        ({"or": [{"title": "x"}, {"amount": {">=": 1.5}}]}, {"filter.or.1.amount.>=": "wrong_operand"}),
        ({"amount": {">": json.loads("1e400")}}, {"filter.amount.>": "wrong_operand"}),
        ({"number": json.loads("1e400")}, {"filter.number": "wrong_operand"}),
        ({"number": 2**63}, {"filter.number": "wrong_operand"}),
        ({"number": True}, {"filter.number": "wrong_operand"}),
        ({"number": "1"}, {"filter.number": "wrong_operand"}),
        ({"closed": 1}, {"filter.closed": "wrong_operand"}),
        ({"title": 1}, {"filter.title": "wrong_operand"}),
        ({"title": None}, {"filter.title": "wrong_operand"}),
        ({"title": ["a", "b"]}, {"filter.title": "wrong_operand"}),
        ({"title": {}}, {"filter.title": "wrong_operand"}),
        ({"title": "a\x00"}, {"filter.title": "wrong_operand"}),
        ({"title": "\ud800"}, {"filter.title": "wrong_operand"}),
        ({"\ud800": 1}, {"filter.?": "unknown_field"}),
        ({"title": {"\ud800": 1}}, {"filter.title.?": "unknown_operator"}),
        ({"title": "x" * 2_001}, {"filter.title": "wrong_operand"}),
        ({"title": {"like": "a\\b"}}, {"filter.title.like": "wrong_operand"}),
        ({"title": {"like": "x" * 256}}, {"filter.title.like": "wrong_operand"}),
        ({"title": {"like": {"$regex": "x"}}}, {"filter.title.like": "wrong_operand"}),
        ({"title": {"in": []}}, {"filter.title.in": "wrong_operand"}),
        ({"title": {"in": "a"}}, {"filter.title.in": "wrong_operand"}),
        (
            {"title": {"in": ["a", 7, None]}},
            {"filter.title.in.1": "wrong_operand", "filter.title.in.2": "wrong_operand"},
        ),
        ({"title": {"in": ["x"] * (MAX_VALUES + 1)}}, {"filter.title.in": "wrong_operand"}),
        ({"title": {">": "a"}}, {"filter.title.>": "unknown_operator"}),
        ({"comments": "a"}, {"filter.comments": "unknown_operator"}),
        ({"amount": {"like": "1%"}}, {"filter.amount.like": "unknown_operator"}),
        ({"title": {"empty": "yes"}}, {"filter.title.empty": "wrong_operand"}),
        ({"begin_date": "2026-02-30"}, {"filter.begin_date": "wrong_operand"}),
        ({"begin_date": 0}, {"filter.begin_date": "wrong_operand"}),
        ({"begin_date": {"days": "1"}}, {"filter.begin_date": "wrong_operand"}),
        ({"begin_date": {"days": 10**9}}, {"filter.begin_date": "wrong_operand"}),
        ({"begin_date": {"hours": 1}}, {"filter.begin_date.hours": "unknown_operator"}),
        ({"begin_date": {">": {"days": -1, "hours": 1}}}, {"filter.begin_date.>": "wrong_operand"}),
        ({"created_at": "2026-03-31"}, {"filter.created_at": "wrong_operand"}),
        ({"created_at": "0001-01-01T00:00:00+23:59"}, {"filter.created_at": "wrong_operand"}),
        ({"and": []}, {"filter.and": "wrong_filter"}),
        ({"and": {}}, {"filter.and": "wrong_filter"}),
        ({"not": []}, {"filter.not": "wrong_filter"}),
        ({"or": [{}]}, {"filter.or.0": "wrong_filter"}),
        ({"or": ["title"]}, {"filter.or.0": "wrong_filter"}),
        ([], {"filter": "wrong_filter"}),
    ],
)
def test_whatever_is_wrong_is_named_by_its_path(raw: Any, wrong: dict[str, str]) -> None:
    assert refused(raw) == wrong


def test_everything_that_is_wrong_is_named_at_once() -> None:
    raw = {"nonsense": 1, "and": [{"amount": "much"}, {"closed": "yes"}]}
    assert list(refused(raw)) == ["filter.nonsense", "filter.and.0.amount", "filter.and.1.closed"]


def test_a_field_that_is_hidden_is_refused_in_the_words_for_one_that_does_not_exist() -> None:
    visible = {name: field for name, field in FIELDS.items() if name != "amount"}

    def told(name: str) -> str:
        with pytest.raises(InvalidQuery) as error:
            parse_filter({name: "1"}, visible, now=NOW)
        return str(error.value).replace(name, "it")

    assert told("amount") == told("nonsense") == "filter.it: there is no such field."


def test_the_bounds_of_a_filter_are_told_once_and_nothing_beyond_is_read() -> None:
    deep: Any = {"title": "x"}
    for _ in range(200):
        deep = {"and": [deep]}
    assert list(refused(deep).values()) == ["filter_too_large"]
    wide = {"or": [{"nonsense": 1} for _ in range(10_000)]}
    codes = list(refused(wide).values())
    assert codes[-1] == "filter_too_large"
    assert len(codes) <= MAX_PARTS + 1
    assert len(refused({"or": [{}] * 10_000})) == MAX_PARTS
    fits: Any = {"title": "x"}
    for _ in range(MAX_DEPTH):
        fits = {"not": fits}
    assert isinstance(parsed(fits), Not)
