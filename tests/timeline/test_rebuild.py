"""What a rebuild allows, and which replica may work at it: the rules alone."""

from datetime import UTC, datetime, timedelta

import pytest

from services.timeline.rebuild.domain import (
    Comparison,
    NothingToAccept,
    Rebuild,
    TooLateToCancel,
)
from shared.kit.leases.leased import HeldByAnother

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
EQUAL = Comparison(entries=3)
OTHER = Comparison(entries=3, missing=1)


def rebuild() -> Rebuild:
    return Rebuild(id="r1", generation=2, requested_by="user:ann", requested_at=NOON)


def test_one_replica_works_at_a_rebuild_at_a_time() -> None:
    found = rebuild()
    found.hold("a", now=NOON, seconds=10)
    with pytest.raises(HeldByAnother):
        found.hold("b", now=NOON + timedelta(seconds=9), seconds=10)
    found.hold("a", now=NOON + timedelta(seconds=9), seconds=10)
    with pytest.raises(HeldByAnother):
        found.hold("b", now=NOON + timedelta(seconds=18), seconds=10)


def test_another_replica_goes_on_when_the_first_has_died_or_stopped() -> None:
    found = rebuild()
    found.hold("a", now=NOON, seconds=10)
    found.hold("b", now=NOON + timedelta(seconds=11), seconds=10)
    found.release("a")
    with pytest.raises(HeldByAnother):
        found.hold("a", now=NOON + timedelta(seconds=12), seconds=10)
    found.release("b")
    found.hold("a", now=NOON + timedelta(seconds=12), seconds=10)


def test_progress_is_counted_and_never_goes_back() -> None:
    """A replica that lost the rebuild may have read further than the one that took it over."""
    found = rebuild()
    found.plan({("t", 0): 5, ("t", 1): 0}, {("t", 0): 25, ("t", 1): 0})
    assert (found.read, found.total) == (0, 20)
    found.advance({("t", 0): 15}, unreadable=1, unknown=2, untold=3)
    found.advance({("t", 0): 10}, unreadable=1)
    assert (found.read, found.unreadable, found.unknown, found.untold) == (10, 2, 2, 3)


def test_equal_it_is_switched_and_different_the_operator_decides() -> None:
    equal, different = rebuild(), rebuild()
    equal.decide(EQUAL)
    different.decide(OTHER)
    assert (equal.state, different.state) == ("switching", "differs")
    with pytest.raises(HeldByAnother):
        different.hold("a", now=NOON, seconds=10)


def test_differences_are_accepted_once_and_only_where_there_are_some() -> None:
    found = rebuild()
    with pytest.raises(NothingToAccept):
        found.accept("user:ann")
    found.decide(OTHER)
    found.accept("user:ann")
    found.accept("user:bob")
    assert (found.state, found.accepted_by) == ("switching", "user:ann")


def test_a_cancelled_rebuild_leaves_its_generation_to_be_dropped() -> None:
    for state in ("building", "catching_up", "comparing", "differs"):
        found = rebuild().model_copy(update={"state": state})
        found.cancel(now=NOON)
        found.cancel(now=NOON + timedelta(seconds=1))
        assert (found.state, found.open, found.leftover, found.ended_at) == ("cancelled", False, 2, NOON)


def test_what_is_switched_cannot_be_cancelled() -> None:
    found = rebuild()
    found.decide(EQUAL)
    with pytest.raises(TooLateToCancel):
        found.cancel(now=NOON)
    found.complete(replaced=1, now=NOON)
    with pytest.raises(TooLateToCancel):
        found.cancel(now=NOON)
    assert (found.state, found.open, found.leftover) == ("switched", False, 1)


def test_a_failed_rebuild_says_why_and_stays_failed() -> None:
    found = rebuild()
    found.fail("NotNext", now=NOON)
    found.cancel(now=NOON)
    assert (found.state, found.reason, found.open, found.leftover) == ("failed", "NotNext", False, 2)
