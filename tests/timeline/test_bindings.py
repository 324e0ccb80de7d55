"""To which elements an entry is bound by hand: the rules, without anything around them."""

import pytest
from crm_contracts.timeline import TimelineEntryBound, TimelineEntryUnbound

from services.timeline.entry.domain.bindings import MAX_BOUND, MAX_UNBOUND, Bindings, LastBinding, TooManyBindings
from tests.timeline.events import ref

DEAL, LEAD, ACME = ref("deal:d1"), ref("lead:l1"), ref("company:acme")
NAMED = [DEAL, LEAD]


def bindings() -> Bindings:
    return Bindings(id=Bindings.id_for("e1"), event_id="e1")


def test_an_entry_shows_where_its_event_says_and_where_it_was_bound() -> None:
    """TL-05."""
    found = bindings()
    found.bind(ACME, named=NAMED)
    assert found.elements(NAMED) == [DEAL, LEAD, ACME]
    assert found.recorded == (TimelineEntryBound(entry_event_id="e1", element=ACME),)


@pytest.mark.parametrize("title", [None, "another title"])
def test_what_is_bound_already_is_not_bound_again(title: str | None) -> None:
    """TL-05: neither where the event says so, nor where a hand did; titles do not matter."""
    found = bindings()
    found.bind(ref("deal:d1", title), named=NAMED)
    assert found.recorded == ()
    found.bind(ACME, named=NAMED)
    found.bind(ref("company:acme", title), named=NAMED)
    assert len(found.recorded) == 1


def test_an_entry_can_be_unbound_and_bound_again() -> None:
    """TL-05: each change is news."""
    found = bindings()
    for element in (DEAL, ACME):
        found.bind(element, named=NAMED)
        found.unbind(element, named=NAMED)
        found.unbind(element, named=NAMED)
        assert element not in found.elements(NAMED)
        found.bind(element, named=NAMED)
        assert element in found.elements(NAMED)
    kinds = [type(event) for event in found.recorded]
    on_the_deal = [TimelineEntryUnbound, TimelineEntryBound]
    assert kinds == [*on_the_deal, TimelineEntryBound, *on_the_deal]


def test_the_last_binding_stays() -> None:
    """TL-05."""
    found = bindings()
    found.bind(ACME, named=NAMED)
    found.unbind(DEAL, named=NAMED)
    found.unbind(LEAD, named=NAMED)
    with pytest.raises(LastBinding):
        found.unbind(ACME, named=NAMED)
    found.unbind(DEAL, named=NAMED)
    assert found.elements(NAMED) == [ACME]


def test_an_entry_is_bound_to_so_many_elements_at_most() -> None:
    """TL-05."""
    found = bindings()
    for number in range(MAX_BOUND):
        found.bind(ref(f"deal:x{number}"), named=NAMED)
    with pytest.raises(TooManyBindings):
        found.bind(ACME, named=NAMED)
    found.bind(ref("deal:x0"), named=NAMED)
    found.unbind(ref("deal:x0"), named=NAMED)
    found.bind(ACME, named=NAMED)


def test_an_entry_is_unbound_from_a_thousand_elements_and_no_more() -> None:
    """TL-05: each was bound before; what is stored has an end."""
    found = bindings()
    found.unbound = tuple(ref(f"deal:{number}") for number in range(MAX_UNBOUND))
    found.bind(ACME, named=NAMED)
    with pytest.raises(TooManyBindings):
        found.unbind(ACME, named=NAMED)
