"""Timelines, bindings and traces over HTTP, on the real MongoDB."""

from typing import Any

import pytest
from crm_contracts.leads import LeadStageChanged
from crm_contracts.timeline import TimelineEntryBound, TimelineEntryUnbound

from services.timeline.entry.domain.bindings import Bindings
from tests.catalog.running import Api, wrong_fields
from tests.kit.tokens import Signer
from tests.timeline.conftest import Deliver
from tests.timeline.events import AT, contacts_attached, lead_renamed, said, sampled
from tests.timeline.reading import events_of, page


async def news(timeline: Api, deliver: Deliver, event_id: str) -> list[Any]:
    """Return what the service publishes about the bindings of an event, and deliver it back at once."""
    events = await timeline.pending("bindings", Bindings.id_for(event_id))
    await deliver(*events)
    return [event.data for event in events]


async def test_a_timeline_is_read_newest_first(timeline: Api, deliver: Deliver, one: str) -> None:
    """TL-01."""
    events = [lead_renamed(one, seconds=second) for second in (3, 1, 2)]
    await deliver(*events)
    assert await events_of(timeline, f"lead:{one}") == [events[0].id, events[2].id, events[1].id]
    assert await events_of(timeline, f"lead:{one}", limit=1) == [events[0].id, events[2].id, events[1].id]


async def test_an_element_of_which_nothing_is_known_has_an_empty_timeline(timeline: Api, one: str) -> None:
    """TL-01."""
    assert await page(timeline, f"deal:{one}") == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("element", ["", "deal", "deal:", ":1", "elephant:1", "deal1", f"deal:{'x' * 300}"])
async def test_what_is_no_element_is_refused(timeline: Api, element: str) -> None:
    """TL-01."""
    assert wrong_fields(await timeline.call("GET", f"/timeline?element={element}")) == {"element"}
    assert wrong_fields(await timeline.call("GET", "/timeline")) == {"element"}
    answer = await timeline.call("POST", "/timeline/entries/e1/bindings", {"element": element, "why": "so"})
    assert wrong_fields(answer) == {"element", "why"}


async def test_a_bad_page_is_refused(timeline: Api, one: str) -> None:
    """TL-01."""
    for query, field in [("limit=0", "limit"), ("limit=201", "limit"), ("cursor=x", "cursor")]:
        assert wrong_fields(await timeline.call("GET", f"/timeline?element=deal:{one}&{query}")) == {field}


async def test_a_timeline_can_be_read_by_kinds(timeline: Api, deliver: Deliver, one: str) -> None:
    """TL-01, TL-02."""
    lead = {"type": "lead", "id": one}
    moved = said(sampled(LeadStageChanged, lead=lead).data, seconds=1)
    attached, renamed = contacts_attached(one, "ada", seconds=2), lead_renamed(one, seconds=3)
    await deliver(moved, attached, renamed)
    assert await events_of(timeline, f"lead:{one}", types="stage_changed") == [moved.id]
    kinds = "stage_changed,element_modified"
    assert await events_of(timeline, f"lead:{one}", types=kinds, limit=1) == [renamed.id, moved.id]
    assert await events_of(timeline, f"lead:{one}", types="linked") == []


async def test_a_page_is_stable_while_entries_arrive(timeline: Api, deliver: Deliver, one: str) -> None:
    """TL-01: also entries of the same moment are shown once each."""
    old = [lead_renamed(one, seconds=number // 3) for number in range(10)]
    await deliver(*old)
    first = await page(timeline, f"lead:{one}", limit=4)
    await deliver(*(lead_renamed(one, seconds=100 + number) for number in range(5)))
    rest = await events_of(timeline, f"lead:{one}", limit=4, cursor=first["next_cursor"])
    shown = [entry["event_id"] for entry in first["items"]] + rest
    assert sorted(shown) == sorted(event.id for event in old)
    assert len(await events_of(timeline, f"lead:{one}", limit=4)) == 15


async def test_a_page_is_empty_at_the_end_alone(timeline: Api, deliver: Deliver, one: str) -> None:
    """TL-05: where whole pages were unbound by hand, the first that shows something is given."""
    events = [contacts_attached(one, "ada", seconds=number) for number in range(6)]
    await deliver(*events)
    for event in events[1:]:
        answer = await timeline.call("DELETE", f"/timeline/entries/{event.id}/bindings/deal:{one}")
        assert answer.status_code == 200, answer.text
        await news(timeline, deliver, event.id)
    found = await page(timeline, f"deal:{one}", limit=2, types="linked")
    assert [entry["event_id"] for entry in found["items"]] == [events[0].id]
    assert found["next_cursor"] is None


async def test_a_call_without_a_good_token_is_refused(timeline: Api, one: str) -> None:
    """AUTH: reading and writing alike."""
    stranger = Signer(timeline.signer.jwks_file.with_name("stranger.json"))
    expired = timeline.signer.token(exp=1_700_000_000)
    for token in (None, expired, stranger.token(), timeline.signer.unsigned()):
        for method, path, body in [
            ("GET", f"/timeline?element=deal:{one}", None),
            ("GET", f"/timeline/traces/{one}", None),
            ("GET", f"/timeline/entries/{one}/bindings", None),
            ("POST", f"/timeline/entries/{one}/bindings", {"element": f"deal:{one}"}),
            ("DELETE", f"/timeline/entries/{one}/bindings/deal:{one}", None),
        ]:
            answer = await timeline.call(method, path, body, token=token)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), (method, path)


async def test_a_reader_binds_nothing(timeline: Api, deliver: Deliver, one: str) -> None:
    """AUTH."""
    event = lead_renamed(one)
    await deliver(event)
    path, reader = f"/timeline/entries/{event.id}/bindings", timeline.signer.token(roles=["reader"])
    assert (await timeline.call("GET", path, token=reader)).status_code == 200
    assert (await timeline.call("POST", path, {"element": f"deal:{one}"}, token=reader)).status_code == 403
    assert (await timeline.call("DELETE", f"{path}/lead:{one}", token=reader)).status_code == 403
    stranger = timeline.signer.token(roles=[], scope="deals:read")
    assert (await timeline.call("GET", f"/timeline?element=lead:{one}", token=stranger)).status_code == 403


async def test_an_entry_is_bound_unbound_and_bound_again(timeline: Api, deliver: Deliver, one: str) -> None:
    """TL-05: the newest word counts, also when all of them come once more."""
    event = lead_renamed(one)
    await deliver(event, contacts_attached(one))
    path, deal = f"/timeline/entries/{event.id}/bindings", f"deal:{one}"
    expected = [{"type": "lead", "id": one, "title": "Pumps"}, {"type": "deal", "id": one, "title": None}]

    bound = await timeline.call("POST", path, {"element": deal})
    assert (bound.status_code, bound.json()) == (201, {"event_id": event.id, "elements": expected})
    assert (await timeline.call("GET", path)).json() == bound.json()
    again = await timeline.call("POST", path, {"element": deal})
    assert (again.status_code, again.json()) == (200, bound.json())
    assert [type(said) for said in await news(timeline, deliver, event.id)] == [TimelineEntryBound]
    assert event.id in await events_of(timeline, deal)

    unbound = await timeline.call("DELETE", f"{path}/{deal}")
    assert (unbound.status_code, unbound.json()["elements"]) == (200, expected[:1])
    assert (await timeline.call("DELETE", f"{path}/{deal}")).json() == unbound.json()
    await news(timeline, deliver, event.id)
    assert event.id not in await events_of(timeline, deal)

    assert (await timeline.call("POST", path, {"element": deal})).status_code == 201
    said = await news(timeline, deliver, event.id)
    assert [type(each) for each in said] == [TimelineEntryBound, TimelineEntryUnbound, TimelineEntryBound]
    await news(timeline, deliver, event.id)
    assert event.id in await events_of(timeline, deal)


async def test_an_entry_is_bound_only_to_an_element_that_an_event_has_named(
    timeline: Api, deliver: Deliver, one: str
) -> None:
    """TL-05: also after it was bound to it in vain, and by a look at the rest of its id."""
    event = lead_renamed(one)
    await deliver(event, contacts_attached(one))
    path = f"/timeline/entries/{event.id}/bindings"
    for _ in range(2):
        for element in (f"deal:not-{one}", f"contact:{one}", f"deal:{one[:-1]}"):
            answer = await timeline.call("POST", path, {"element": element})
            assert (wrong_fields(answer), answer.json()["errors"][0]["code"]) == ({"element"}, "element_not_found")
            assert "if it was created just now" in answer.json()["detail"]
    assert await timeline.database.collection("bindings").get(Bindings.id_for(event.id)) is None
    assert (await timeline.call("POST", path, {"element": f"deal:{one}"})).status_code == 201


async def test_the_last_binding_cannot_be_removed(timeline: Api, deliver: Deliver, one: str) -> None:
    """TL-05."""
    event = lead_renamed(one)
    await deliver(event, contacts_attached(one))
    path = f"/timeline/entries/{event.id}/bindings"
    last = await timeline.call("DELETE", f"{path}/lead:{one}")
    assert (last.status_code, last.json()["code"]) == (409, "last_binding")
    await timeline.call("POST", path, {"element": f"deal:{one}"})
    assert (await timeline.call("DELETE", f"{path}/lead:{one}")).status_code == 200
    await news(timeline, deliver, event.id)
    assert event.id not in await events_of(timeline, f"lead:{one}")
    assert event.id in await events_of(timeline, f"deal:{one}")


async def test_an_unknown_entry_has_no_bindings(timeline: Api, one: str) -> None:
    """TL-05: and nothing is kept of the attempt."""
    path = f"/timeline/entries/{one}/bindings"
    for method, where, body in [
        ("GET", path, None),
        ("POST", path, {"element": f"deal:{one}"}),
        ("DELETE", f"{path}/deal:{one}", None),
    ]:
        answer = await timeline.call(method, where, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await timeline.database.collection("bindings").get(Bindings.id_for(one)) is None


async def test_a_binding_repeated_with_its_key_is_made_once(timeline: Api, deliver: Deliver, one: str) -> None:
    """TL-05: the second answer is the first."""
    event = lead_renamed(one)
    await deliver(event, contacts_attached(one))
    path = f"/timeline/entries/{event.id}/bindings"
    answers = [await timeline.call("POST", path, {"element": f"deal:{one}"}, idempotency_key=one) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    other = await timeline.call("POST", path, {"element": f"deal:{one}2"}, idempotency_key=one)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert len(await timeline.pending("bindings", Bindings.id_for(event.id))) == 1


async def test_the_trace_of_a_request_is_a_tree_of_what_it_set_in_motion(
    timeline: Api, deliver: Deliver, one: str
) -> None:
    """An entry bound by hand is no step, and no element of one."""
    asked = lead_renamed(one, correlation_id=one)
    answer = contacts_attached(one, "ada", seconds=0.5, correlation_id=one, causation_id=asked.id)
    await deliver(answer, asked, contacts_attached(f"{one}2"))
    await timeline.call("POST", f"/timeline/entries/{asked.id}/bindings", {"element": f"deal:{one}2"})
    await news(timeline, deliver, asked.id)
    found = await timeline.call("GET", f"/timeline/traces/{one}")
    assert found.status_code == 200, found.text
    tree = found.json()
    (step,) = tree["steps"]
    (child,) = step["children"]
    assert (tree["correlation_id"], tree["total_ms"], tree["truncated"]) == (one, 500, False)
    assert (step["event_id"], step["service"], step["elapsed_ms"]) == (asked.id, "leads", 0)
    assert (step["actor"], step["occurred_at"]) == ("user:ann", AT.isoformat().replace("+00:00", "Z"))
    assert [element["type"] for element in step["elements"]] == ["lead"]
    assert (child["event_id"], child["service"], child["elapsed_ms"]) == (answer.id, "deals", 500)
    assert {element["type"] for element in child["elements"]} == {"deal", "company", "contact"}


async def test_a_trace_of_nothing_is_not_found(timeline: Api, one: str) -> None:
    """As an unknown address."""
    answer = await timeline.call("GET", f"/timeline/traces/{one}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_unknown_kind_of_entries_is_refused_by_name(timeline: Api) -> None:
    """TL-01."""
    answer = await timeline.call("GET", "/timeline?element=lead:x&types=linked,stage_change")
    assert wrong_fields(answer) == {"types"}
    assert "did you mean stage_changed?" in answer.json()["errors"][0]["message"]
    answer = await timeline.call("GET", "/timeline?element=lead:x&types=zzz")
    assert "there are " in answer.json()["detail"]
