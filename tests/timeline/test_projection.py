"""The projection on the real MongoDB: events delivered twice, in any order, and once more from the start (TL-11)."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from crm_contracts import registry
from crm_contracts.contacts import ContactMerged
from crm_contracts.envelope import Envelope, Event
from crm_contracts.timeline import TimelineEntryBound, TimelineEntryUnbound

from services.timeline.entry.events import reactions
from services.timeline.entry.store.live import LiveEntries
from services.timeline.entry.store.versions import ProjectionVersions
from tests.catalog.running import Api
from tests.timeline.conftest import Deliver
from tests.timeline.events import AT, contacts_attached, lead_renamed, ref, said, sampled
from tests.timeline.reading import events_of, page


async def shown(timeline: Api, element: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await page(timeline, element, limit=200))["items"]
    return items


async def told_by(timeline: Api, element: str) -> set[str]:
    """The events whose entries an element shows."""
    return {entry["event_id"] for entry in await shown(timeline, element)}


def bound(event: Envelope[Event], element: str, sequence: int) -> Envelope[TimelineEntryBound]:
    return said(TimelineEntryBound(entry_event_id=event.id, element=ref(element)), sequence=sequence)


def unbound(event: Envelope[Event], element: str, sequence: int) -> Envelope[TimelineEntryUnbound]:
    return said(TimelineEntryUnbound(entry_event_id=event.id, element=ref(element)), sequence=sequence)


def test_every_event_has_a_reaction(timeline: Api) -> None:
    """TL-11."""
    every = reactions(entries=LiveEntries(ProjectionVersions(timeline.database)))
    assert {reaction.event for reaction in every} == set(registry.EVENTS.values())


@pytest.mark.parametrize("event", [pytest.param(event, id=ce_type) for ce_type, event in registry.EVENTS.items()])
async def test_an_event_heard_twice_is_told_once(timeline: Api, deliver: Deliver, event: type[Event]) -> None:
    """TL-11: one after the other, and at the same moment on two replicas."""
    sample = sampled(event)
    await deliver(sample)
    entries = timeline.database.collection("entries")
    once = await entries.find({"event_id": sample.id})
    assert once
    await deliver(sample, sample)
    assert await entries.find({"event_id": sample.id}) == once


async def test_an_entry_tells_when_who_where_and_why(timeline: Api, deliver: Deliver, one: str) -> None:
    """TL-01: all of it from the event alone."""
    event = lead_renamed(one, actor="service:importer", causation_id="e0")
    await deliver(event)
    (entry,) = await shown(timeline, f"lead:{one}")
    assert entry == {
        "id": f"{event.id}:lead:{one}",
        "event_id": event.id,
        "element": {"type": "lead", "id": one, "title": "Pumps"},
        "kind": "element_modified",
        "text": "Changed: title",
        "payload": {"fields": ["title"]},
        "occurred_at": "2026-05-04T12:00:00Z",
        "actor": "service:importer",
        "service": "leads",
        "type": "crm.lead.updated.v1",
        "correlation_id": event.correlation_id,
        "causation_id": "e0",
        "place": 0,
        "bound_by_hand": False,
    }


def merged(one: str, *others: str, seconds: float = 0) -> Envelope[ContactMerged]:
    removed = [{"type": "contact", "id": other} for other in others]
    said = sampled(ContactMerged, survivor={"type": "contact", "id": one}, removed=removed)
    return replace(said, id=str(uuid4()), time=AT + timedelta(seconds=seconds))


async def test_the_timeline_of_a_survivor_shows_those_of_all_that_were_merged(
    timeline: Api, deliver: Deliver, one: str
) -> None:
    """DUP-02: also of those whose survivor was merged in its turn; what several of them share is shown once."""
    ada, eve, dan = (f"{name}-{one}" for name in ("ada", "eve", "dan"))
    both = contacts_attached(one, ada, eve)
    later = contacts_attached(one, dan, seconds=1)
    merges = merged(eve, dan, seconds=2), merged(ada, eve, seconds=3)
    await deliver(both, later, *merges)
    for limit in (1, 2, 200):
        ids = await events_of(timeline, f"contact:{ada}", limit=limit)
        assert ids == [merges[1].id, merges[0].id, later.id, both.id]
    assert await told_by(timeline, f"contact:{dan}") == {later.id}


async def test_what_is_unbound_from_one_that_was_merged_stays_with_the_survivor(
    timeline: Api, deliver: Deliver, one: str
) -> None:
    """DUP-02, TL-05: on one page or on two."""
    ada, eve = f"ada-{one}", f"eve-{one}"
    both, later = contacts_attached(one, ada, eve), contacts_attached(one, ada, seconds=1)
    await deliver(both, later, merged(ada, eve, seconds=2), unbound(both, f"contact:{eve}", 1))
    for limit in (1, 2, 3, 200):
        ids = await events_of(timeline, f"contact:{ada}", limit=limit)
        assert [id_ for id_ in ids if id_ in {later.id, both.id}] == [later.id, both.id], limit


async def test_an_entry_half_told_is_told_in_full_when_the_event_comes_again(
    timeline: Api, deliver: Deliver, one: str
) -> None:
    """TL-11: the process that wrote a part of it has died."""
    event = contacts_attached(one, "ada", "bob")
    await deliver(event)
    entries = timeline.database.collection("entries")
    before = await entries.find({"event_id": event.id}, sort=[("_id", 1)])
    assert await entries.delete({"event_id": event.id, "place": {"$in": [0, 2]}}) == 2
    await deliver(event)
    assert await entries.find({"event_id": event.id}, sort=[("_id", 1)]) == before


async def test_a_bound_entry_is_a_copy_of_that_of_the_element_the_event_is_about(
    timeline: Api, deliver: Deliver, one: str
) -> None:
    """TL-05."""
    event = contacts_attached(one, "ada")
    await deliver(event)
    await deliver(bound(event, f"lead:{one}", 1))
    (copy,) = [entry for entry in await shown(timeline, f"lead:{one}") if entry["event_id"] == event.id]
    (original,) = await shown(timeline, f"deal:{one}")
    own = {"id": f"{event.id}:lead:{one}", "element": copy["element"], "bound_by_hand": True}
    assert copy == {**original, **own}
    assert copy["element"]["id"] == one


async def test_a_binding_that_comes_before_its_event_shows_when_the_event_comes(
    timeline: Api, deliver: Deliver, one: str
) -> None:
    """TL-05, TL-11: each of them once, as in a rebuild from topics that are read side by side."""
    event = lead_renamed(one)
    await deliver(bound(event, f"deal:{one}", 1))
    assert event.id not in await told_by(timeline, f"deal:{one}")
    await deliver(event)
    assert event.id in await told_by(timeline, f"deal:{one}")


@pytest.mark.parametrize("attempt", range(6))
async def test_bindings_and_their_event_may_come_in_any_order(
    timeline: Api, deliver: Deliver, one: str, attempt: int
) -> None:
    """TL-05, TL-11: nothing waits for anything; the highest sequence counts, not the last to come."""
    event = lead_renamed(one)
    events: list[Envelope[Event]] = [
        event,
        bound(event, f"deal:{one}", 1),
        unbound(event, f"deal:{one}", 2),
        bound(event, f"deal:{one}", 3),
        bound(event, f"contact:{one}", 4),
        unbound(event, f"contact:{one}", 5),
        unbound(event, f"lead:{one}", 6),
    ]
    shuffled = [*events, *events]
    random.Random(attempt).shuffle(shuffled)
    for each in shuffled[:7]:
        await deliver(each)
    await deliver(*shuffled[7:])
    assert event.id in await told_by(timeline, f"deal:{one}")
    assert event.id not in await told_by(timeline, f"contact:{one}")
    assert event.id not in await told_by(timeline, f"lead:{one}")


async def test_an_event_and_its_bindings_heard_at_the_same_moment_find_each_other(
    timeline: Api, deliver: Deliver, one: str
) -> None:
    """TL-05, TL-11: whichever is written later sees the other."""
    events = [lead_renamed(one, seconds=number) for number in range(50)]
    bindings = [bound(event, f"deal:{one}", 1) for event in events]
    await deliver(*(each for pair in zip(bindings, events, strict=True) for each in pair))
    assert {event.id for event in events} <= await told_by(timeline, f"deal:{one}")


async def test_the_timeline_dropped_and_told_anew_is_the_same(timeline: Api, deliver: Deliver, one: str) -> None:
    """TL-11: from the events alone, delivered in another order."""
    events: list[Envelope[Event]] = [lead_renamed(one, seconds=number) for number in range(10)]
    events.append(contacts_attached(one, "ada", "bob"))
    events += [bound(events[0], f"deal:{one}", 1), unbound(events[0], f"lead:{one}", 2)]
    for each in events:
        await deliver(each)
    before = await _state(timeline, events)
    for name in ("entries", "marks"):
        await timeline.database.collection(name).delete({})
    await deliver(*reversed(events))
    assert await _state(timeline, events) == before


async def _state(timeline: Api, events: Sequence[Envelope[Event]]) -> list[dict[str, Any]]:
    ids = [event.id for event in events]
    found = []
    for name, field in (("entries", "event_id"), ("marks", "_id")):
        found += await timeline.database.collection(name).find({field: {"$in": ids}}, sort=[("_id", 1)])
    return found
