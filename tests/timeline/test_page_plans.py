"""How MongoDB finds the entries of a page: by an index that orders them, whatever is asked for (TL-01, 0047)."""

from collections.abc import Sequence

import pytest
from crm_contracts.leads import LeadStageChanged

from services.timeline.entry.domain.entry import Entry
from services.timeline.entry.store.entries import Entries
from tests.builders.running import Explained
from tests.catalog.running import Api
from tests.timeline.conftest import Deliver
from tests.timeline.events import contacts_attached, contacts_merged, lead_renamed, ref, said, sampled


class Reader:
    """Reads the entries that the service stored, and notes how they are found."""

    def __init__(self, timeline: Api) -> None:
        self.entries = Explained(timeline.database.collection("entries"))
        self._stored = Entries(self.entries, timeline.database.collection("marks"))

    async def page(
        self, element: str, kinds: Sequence[str] | None, *, limit: int = 20, cursor: str | None = None
    ) -> tuple[list[Entry], str | None]:
        self.entries.plans.clear()
        found, more = await self._stored.page(ref(element), kinds, with_named=True, limit=limit, cursor=cursor)
        for plan in self.entries.plans:
            assert "IXSCAN" in plan.stages, plan
            assert not plan.stages & {"SORT", "COLLSCAN"}, plan
        return [entry for entry, _ in found], more


@pytest.mark.parametrize("others", [0, 1, 100])
@pytest.mark.parametrize("kinds", [None, ["linked", "element_modified"]])
async def test_a_page_is_served_by_an_index(
    timeline: Api, deliver: Deliver, one: str, kinds: list[str] | None, others: int
) -> None:
    """Also the page after it, and those of a survivor with all that were merged into it: no more is read than shown."""
    merged = [f"{one}-{number}" for number in range(others)]
    events = [contacts_attached(f"{one}-{number}", one, seconds=number) for number in range(50)]
    shared = [contacts_attached(f"{one}-all", one, *merged, seconds=20.5)]
    await deliver(*events, *shared, *([contacts_merged(one, *merged, seconds=-1)] if others else []))
    newest = [events[49 - number].id for number in range(29)] + [shared[0].id, *(events[20 - n].id for n in range(21))]
    reader = Reader(timeline)
    first, cursor = await reader.page(f"contact:{one}", kinds)
    assert [entry.event_id for entry in first] == newest[:20]
    second, _ = await reader.page(f"contact:{one}", kinds, cursor=cursor)
    assert [entry.event_id for entry in second] == newest[20:40]
    assert {entry.kind for entry in (*first, *second)} == {"linked"}
    # A key for each entry, one for each merged contact that an event names as well, and one to find each's place.
    assert reader.entries.plans[-1].keys <= 21 + 3 * others + 5


async def test_of_other_kinds_no_document_is_read(timeline: Api, deliver: Deliver, one: str) -> None:
    """They are compared in the index; the kind that another element of the event has is not this one's."""
    lead = {"type": "lead", "id": one}
    moved = said(sampled(LeadStageChanged, lead=lead).data, seconds=-1)
    await deliver(moved, *(lead_renamed(one, seconds=number) for number in range(30)))
    reader = Reader(timeline)
    (entry,), _ = await reader.page(f"lead:{one}", ["stage_changed"])
    assert entry.event_id == moved.id
    plan = reader.entries.plans[-1]
    assert plan.documents == 1
    assert plan.keys <= 2 * 31 + 1
    await deliver(contacts_attached(one, one))
    assert await reader.page(f"contact:{one}", ["stage_changed"]) == ([], None)
