"""The tree of a trace, without anything around it."""

from typing import Any

from services.timeline.entry.domain.entry import Entry, entries_of
from services.timeline.trace import domain as tracing
from services.timeline.trace.domain import Step, Trace, trace_of
from tests.timeline.events import contacts_attached, lead_renamed


def entries(id_: str, seconds: float, caused_by: str | None = None, **attributes: Any) -> list[Entry]:
    """Those of one event."""
    event = lead_renamed(f"lead-of-{id_}", id=id_, seconds=seconds, causation_id=caused_by, **attributes)
    return entries_of(event)


def tree(*steps: list[Entry]) -> Trace:
    found = trace_of("c1", [entry for each in steps for entry in each], truncated=False)
    assert found is not None
    return found


def shape(steps: list[Step]) -> dict[str, Any]:
    return {step.event_id: shape(step.children) for step in steps}


def test_a_trace_is_the_tree_of_causes_over_the_services() -> None:
    """What a request caused, what that caused, and so on; side by side in the order of time."""
    found = tree(
        entries("asked", 0, None, source="/crm/leads"),
        entries("resolved", 0.25, "asked", source="/crm/clients", actor="service:importer"),
        entries("wanted", 0.375, "resolved"),
        entries("linked", 0.3, "resolved"),
    )
    assert shape(found.steps) == {"asked": {"resolved": {"linked": {}, "wanted": {}}}}
    assert list(shape(found.steps)["asked"]["resolved"]) == ["linked", "wanted"]
    resolved = found.steps[0].children[0]
    assert (resolved.service, resolved.actor, resolved.type) == ("clients", "service:importer", "crm.lead.updated.v1")
    assert [str(element) for element in resolved.elements] == ["lead:lead-of-resolved"]
    assert [step.elapsed_ms for step in (resolved, *resolved.children)] == [250, 50, 125]
    assert found.total_ms == 375


def test_an_event_whose_cause_is_not_stored_is_a_root() -> None:
    """Its time counts from the first step."""
    found = tree(entries("first", 1), entries("orphan", 3, "lost"), entries("second", 2))
    assert shape(found.steps) == {"first": {}, "second": {}, "orphan": {}}
    assert [step.elapsed_ms for step in found.steps] == [0, 1000, 2000]


def test_an_event_is_one_step_with_all_its_elements() -> None:
    """However many entries it made, and in whatever order they are read."""
    event = contacts_attached("d1", "ada", "bob")
    (step,) = tree(entries_of(event)[::-1]).steps
    assert {str(element) for element in step.elements} == {"deal:d1", "company:acme", "contact:ada", "contact:bob"}


def test_clocks_that_disagree_make_no_negative_times() -> None:
    """The cause may seem to be later than what it caused."""
    found = tree(entries("cause", 1), entries("effect", 0.9, "cause"))
    assert shape(found.steps) == {"cause": {"effect": {}}}
    assert found.steps[0].children[0].elapsed_ms == 0


def test_a_trace_ends_after_so_many_steps_and_says_so() -> None:
    """The first steps are shown."""
    events = [entries(f"{number:05}", number) for number in range(tracing.MAX_STEPS + 1)]
    found = tree(*events)
    assert len(found.steps) == tracing.MAX_STEPS
    assert found.truncated
    assert found.steps[0].event_id == "00000"
    assert not tree(*events[1:]).truncated


def test_nothing_is_no_trace() -> None:
    """An unknown correlation id is not found."""
    assert trace_of("c1", [], truncated=False) is None


def test_a_long_chain_of_causes_can_be_shown() -> None:
    """As JSON, which nests only so deep: what is deeper becomes siblings, in its order."""
    found = tree(*(entries(f"{n:05}", n, f"{n - 1:05}") for n in range(1000)))
    assert found.model_dump_json().count("event_id") == 1000
    step = found.steps[0]
    for _ in range(tracing.MAX_DEPTH):
        (step,) = step.children
    assert [child.event_id for child in step.children] == [f"{n:05}" for n in range(tracing.MAX_DEPTH + 1, 1000)]
