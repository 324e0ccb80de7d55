"""The projection on the real MongoDB: events delivered twice, in any order, and once more from the start (TL-11)."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from crm_contracts import registry
from crm_contracts.envelope import Envelope, Event
from crm_contracts.timeline import TimelineEntryBound, TimelineEntryUnbound

from services.timeline.access.store import ACCESSED, AccessedElements
from services.timeline.entry.events import reactions
from services.timeline.entry.store.live import LiveEntries
from services.timeline.entry.store.versions import ProjectionVersions
from shared.elements.store.rights import RightsOfUsers
from tests.catalog.running import Api
from tests.timeline.conftest import Deliver
from tests.timeline.events import contacts_attached, contacts_merged, lead_renamed, ref, said, sampled
from tests.timeline.reading import events_of, page


async def shown(timeline: Api, element: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await page(timeline, element, limit=200))["items"]
    return items


async def stored(timeline: Api, event: Envelope[Event]) -> dict[str, Any] | None:
    """The document of an event."""
    return await timeline.database.collection("entries").get(event.id)


async def told_by(timeline: Api, element: str) -> set[str]:
    """The events whose entries an element shows."""
    return {entry["event_id"] for entry in await shown(timeline, element)}


def bound(event: Envelope[Event], element: str, sequence: int) -> Envelope[TimelineEntryBound]:
    return said(TimelineEntryBound(entry_event_id=event.id, element=ref(element)), sequence=sequence)


def unbound(event: Envelope[Event], element: str, sequence: int) -> Envelope[TimelineEntryUnbound]:
    return said(TimelineEntryUnbound(entry_event_id=event.id, element=ref(element)), sequence=sequence)


def test_every_event_has_a_reaction(timeline: Api) -> None:
    """TL-11."""
    entries = LiveEntries(ProjectionVersions(timeline.database))
    rights = RightsOfUsers.open(timeline.database.collection)
    accessed = AccessedElements(timeline.database.collection(ACCESSED))
    every = reactions(entries=entries, rights=rights, accessed=accessed)
    assert {reaction.event for reaction in every} == set(registry.EVENTS.values())


@pytest.mark.parametrize("event", [pytest.param(event, id=ce_type) for ce_type, event in registry.EVENTS.items()])
async def test_an_event_heard_twice_is_told_once(timeline: Api, deliver: Deliver, event: type[Event]) -> None:
    """TL-11: one after the other, and at the same moment on two replicas."""
    sample = sampled(event)
    await deliver(sample)
    once = await stored(timeline, sample)
    assert once is not None
    await deliver(sample, sample)
    assert await stored(timeline, sample) == once


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


async def test_the_timeline_of_a_survivor_shows_those_of_all_that_were_merged(
    timeline: Api, deliver: Deliver, one: str
) -> None:
    """DUP-02: also of those whose survivor was merged in its turn; what several of them share is shown once."""
    ada, eve, dan = (f"{name}-{one}" for name in ("ada", "eve", "dan"))
    both = contacts_attached(one, ada, eve)
    later = contacts_attached(one, dan, seconds=1)
    merges = contacts_merged(eve, dan, seconds=2), contacts_merged(ada, eve, seconds=3)
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
    await deliver(both, later, contacts_merged(ada, eve, seconds=2), unbound(both, f"contact:{eve}", 1))
    for limit in (1, 2, 3, 200):
        ids = await events_of(timeline, f"contact:{ada}", limit=limit)
        assert [id_ for id_ in ids if id_ in {later.id, both.id}] == [later.id, both.id], limit


async def test_a_binding_half_stored_is_stored_in_full_when_either_event_comes_again(
    timeline: Api, deliver: Deliver, one: str
) -> None:
    """TL-05, TL-11: the process that wrote a part of it has died, after the override or after the event's entries."""
    event = lead_renamed(one)
    binding = bound(event, f"deal:{one}", 1)
    await deliver(event)
    await deliver(binding)
    before = await stored(timeline, event)
    entries = timeline.database.collection("entries")
    for again in (event, binding):
        await entries.update({"_id": event.id}, {"$pull": {"elements": {"bound": True}}})
        assert await stored(timeline, event) != before
        await deliver(again)
        assert await stored(timeline, event) == before


async def test_bindings_in_any_order_make_the_same_document(timeline: Api, deliver: Deliver, one: str) -> None:
    """TL-05, TL-11: so that a rebuild, which reads other topics first, equals the live version."""
    event = contacts_attached(one, "ada")
    elements = [f"{kind}:{one}{number}" for kind in ("lead", "company", "deal") for number in range(3)]
    bindings = [bound(event, element, number) for number, element in enumerate(elements, start=1)]
    found = []
    for attempt in range(4):
        random.Random(attempt).shuffle(bindings)
        await timeline.database.collection("entries").delete({"_id": event.id})
        if attempt % 2:
            await deliver(event, *bindings)
        else:
            for each in (*bindings[:5], event, *bindings[5:], *bindings):
                await deliver(each)
        found.append(await stored(timeline, event))
    assert found[1:] == found[:-1]
    assert [each["ref"] for each in found[0]["elements"] if each.get("bound")] == sorted(elements)  # type: ignore[index]


async def test_an_entry_bound_again_to_an_element_that_its_event_names_shows_there_once(
    timeline: Api, deliver: Deliver, one: str
) -> None:
    """TL-05: as the event says it, and not as a copy."""
    event = contacts_attached(one, f"ada-{one}")
    ada = f"contact:ada-{one}"
    await deliver(event)
    (before,) = await shown(timeline, ada)
    await deliver(unbound(event, ada, 1))
    assert event.id not in await told_by(timeline, ada)
    await deliver(bound(event, ada, 2))
    assert [entry for entry in await shown(timeline, ada) if entry["event_id"] == event.id] == [before]


async def test_what_an_event_says_to_many_is_stored_once(timeline: Api, deliver: Deliver, one: str) -> None:
    """TL-01: one document, however many elements there are; each is shown its own line."""
    contacts = [f"{one}-{number}" for number in range(50)]
    event = contacts_attached(one, *contacts)
    await deliver(event)
    document = await stored(timeline, event)
    assert document is not None
    assert (len(document["elements"]), len(document["lines"])) == (52, 2)
    (of_contact,) = await shown(timeline, f"contact:{contacts[7]}")
    (of_deal,) = await shown(timeline, f"deal:{one}")
    assert (of_contact["text"], of_contact["payload"]) == ("Linked to deal Pumps", {"element": f"deal:{one}"})
    assert (of_deal["text"], len(of_deal["payload"]["contacts"])) == ("50 contacts of the company were attached", 50)
    assert of_contact["element"] == {"type": "contact", "id": contacts[7], "title": contacts[7]}


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
    for name in ("entries", "marks"):
        found += await timeline.database.collection(name).find({"_id": {"$in": ids}}, sort=[("_id", 1)])
    return found
