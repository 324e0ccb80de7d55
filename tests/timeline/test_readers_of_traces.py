"""What of traces and of bindings a reader with few rights is shown, and what he may bind (TL-05, TL-12, PERM-08)."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from services.timeline.entry.domain.bindings import Bindings
from tests.catalog.running import Api
from tests.timeline.conftest import Deliver
from tests.timeline.events import contact_created, deal_created, lead_created, lead_renamed
from tests.timeline.readers import Reader, tell_roles

AReader: TypeAlias = Callable[[str, str], Reader]


@pytest.fixture(scope="module")
async def reader(timeline: Api, deliver: Deliver) -> AReader:
    """A user with a role."""
    await tell_roles(deliver)
    return lambda user, role: Reader(timeline, user, role)


def shape(steps: list[dict[str, Any]]) -> dict[str, Any]:
    return {step["event_id"]: shape(step["children"]) for step in steps}


async def test_a_trace_has_the_steps_of_what_may_be_read_alone(reader: AReader, deliver: Deliver, one: str) -> None:
    """TL-12: what a hidden step led to hangs at the nearest one that is shown."""
    mine, his = lead_created(f"{one}-1", responsible_id="ann"), lead_created(f"{one}-2", responsible_id="ben")
    chain = {"correlation_id": one}
    first = lead_renamed(f"{one}-1", seconds=1, **chain)
    hidden = lead_renamed(f"{one}-2", seconds=2, causation_id=first.id, **chain)
    deeper = lead_renamed(f"{one}-2", seconds=3, causation_id=hidden.id, **chain)
    last = lead_renamed(f"{one}-1", seconds=5, causation_id=deeper.id, **chain)
    latest = lead_renamed(f"{one}-2", seconds=60, causation_id=last.id, **chain)
    await deliver(mine, his, first, hidden, deeper, last, latest)
    found = (await reader("ann", "own").call("GET", f"/timeline/traces/{one}")).json()
    assert shape(found["steps"]) == {first.id: {last.id: {}}}
    assert found["total_ms"] == found["steps"][0]["children"][0]["elapsed_ms"] == 4000
    whole = (await reader("cid", "all").call("GET", f"/timeline/traces/{one}")).json()
    assert shape(whole["steps"]) == {first.id: {hidden.id: {deeper.id: {last.id: {latest.id: {}}}}}}


async def test_of_a_step_the_elements_that_may_be_read_are_shown(reader: AReader, deliver: Deliver, one: str) -> None:
    """TL-12."""
    client = {"contacts": [{"contact_id": one, "title": "Bob Hidden", "is_primary": True}]}
    created = deal_created(one, responsible_id="ann", client=client)
    await deliver(contact_created(one, responsible_id="ben"), created)
    path = f"/timeline/traces/{created.correlation_id}"
    (step,) = (await reader("ann", "own").call("GET", path)).json()["steps"]
    assert [element["type"] for element in step["elements"]] == ["deal"]
    (step,) = (await reader("ben", "own").call("GET", path)).json()["steps"]
    assert [element["type"] for element in step["elements"]] == ["contact"]


async def test_a_trace_of_which_nothing_may_be_read_is_not_found(reader: AReader, deliver: Deliver, one: str) -> None:
    """TL-12: in the words for an id that nobody used."""
    await deliver(lead_created(one), lead_renamed(one, correlation_id=one))
    ben = reader("ben", "own")
    hidden = await ben.call("GET", f"/timeline/traces/{one}")
    absent = await ben.call("GET", f"/timeline/traces/not-{one}")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.json()["detail"].replace(one, "") == absent.json()["detail"].replace(f"not-{one}", "")


async def test_bindings_to_what_may_not_be_read_are_not_listed(
    timeline: Api, reader: AReader, deliver: Deliver, one: str
) -> None:
    """TL-05, PERM-08: and an entry of which nothing may be read is none."""
    entry = lead_created(one, responsible_id="ann")
    await deliver(entry, deal_created(one, responsible_id="ben"))
    path = f"/timeline/entries/{entry.id}/bindings"
    assert (await reader("ben", "own").call("GET", path)).status_code == 404
    assert (await timeline.call("POST", path, {"element": f"deal:{one}"})).status_code == 201
    for user, type_ in (("ann", "lead"), ("ben", "deal")):
        shown = await reader(user, "own").call("GET", path)
        assert [element["type"] for element in shown.json()["elements"]] == [type_]
    await deliver(*await timeline.pending("bindings", Bindings.id_for(entry.id)))
    bound = next(each for each in await reader("ben", "own").entries(f"deal:{one}") if each["bound_by_hand"])
    assert bound["text"] == "Lead created"


async def test_an_entry_is_bound_only_to_what_its_reader_may_update(
    timeline: Api, reader: AReader, deliver: Deliver, one: str
) -> None:
    """TL-05, PERM-08: what may not be read is an element that no event named."""
    entry = lead_created(one, responsible_id="ann")
    await deliver(entry, deal_created(f"{one}-1"), deal_created(f"{one}-2", responsible_id="ann"))
    path = f"/timeline/entries/{entry.id}/bindings"
    ann = reader("ann", "own")
    hidden, absent = [await ann.call("POST", path, {"element": f"deal:{one}-{which}"}) for which in ("1", "never")]
    assert (hidden.status_code, hidden.json()["errors"]) == (422, absent.json()["errors"])
    seller = reader("ann", "sales")
    refused = await seller.call("POST", path, {"element": f"deal:{one}-1"})
    assert (refused.status_code, refused.json()["code"]) == (403, "right_missing")
    assert await timeline.database.collection("bindings").get(Bindings.id_for(entry.id)) is None
    bound = await ann.call("POST", path, {"element": f"deal:{one}-2"})
    assert (bound.status_code, len(bound.json()["elements"])) == (201, 2)


async def test_a_binding_is_removed_only_by_those_who_may_update_its_element(
    timeline: Api, reader: AReader, deliver: Deliver, one: str
) -> None:
    """TL-05, PERM-08: unbinding what may not be read changes nothing, as of what was never bound."""
    entry = lead_created(one, responsible_id="ann", observers=["ben"])
    await deliver(entry, deal_created(one, responsible_id="ben"))
    path = f"/timeline/entries/{entry.id}/bindings"
    assert (await timeline.call("POST", path, {"element": f"deal:{one}"})).status_code == 201
    ann, ben = reader("ann", "own"), reader("ben", "own")
    for element in (f"deal:{one}", f"deal:never-{one}"):
        unchanged = await ann.call("DELETE", f"{path}/{element}")
        assert (unchanged.status_code, len(unchanged.json()["elements"])) == (200, 1)
    refused = await ben.call("DELETE", f"{path}/lead:{one}")
    assert (refused.status_code, refused.json()["code"]) == (403, "right_missing")
    assert len((await timeline.call("GET", path)).json()["elements"]) == 2
    removed = await ben.call("DELETE", f"{path}/deal:{one}")
    assert [element["type"] for element in removed.json()["elements"]] == ["lead"]
