"""Places of cards: any order can be made by hand, one card at a time (DEAL-04)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.deals.deal.domain.rank import LONGEST, NoRoom, above, at_moment, below, between

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60))
def test_any_card_can_be_put_anywhere_and_the_others_stay(moves: list[tuple[int, int]]) -> None:
    """DEAL-04: what is shown is always in the order that was made."""
    cards = {card: at_moment(NOON + timedelta(seconds=card)) for card in range(31)}
    order = sorted(cards, key=lambda card: cards[card])
    assert order == sorted(cards, reverse=True), "the newest stands on top"
    for card, place in moves:
        order.remove(card)
        order.insert(place, card)
        here = order.index(card)
        upper = cards[order[here - 1]] if here else None
        lower = cards[order[here + 1]] if here + 1 < len(order) else None
        cards[card] = above(lower) if upper is None else below(upper) if lower is None else between(upper, lower)  # type: ignore[arg-type] # one of them is there
        assert sorted(cards, key=lambda each: cards[each]) == order
        assert len(set(cards.values())) == len(cards)


def test_a_card_that_comes_later_stands_above_one_that_was_put_on_top() -> None:
    first = above(at_moment(NOON))
    assert at_moment(NOON + timedelta(seconds=1)) < first < at_moment(NOON)


def test_a_gap_is_full_at_some_time_and_says_so() -> None:
    upper, lower = at_moment(NOON), at_moment(NOON - timedelta(seconds=1))
    while len(lower) < LONGEST:
        lower = between(upper, lower)
    assert upper < lower
    with pytest.raises(NoRoom):
        between(upper, lower)
