"""Whose rights show which timelines, and what they do not say of others (TL-12, PERM-08)."""

from collections.abc import Callable
from itertools import permutations
from typing import Any, TypeAlias

import pytest
from crm_contracts import registry
from crm_contracts.contacts import ContactDeleted
from crm_contracts.deals import DealClientChanged, DealStageChanged
from crm_contracts.elements import ELEMENTS
from crm_contracts.envelope import Event
from crm_contracts.events import ElementEvent
from crm_contracts.leads import LeadUpdated
from crm_contracts.products import ProductCreated
from crm_contracts.values import ElementRef

from services.timeline.entry.domain.entry import entries_of
from services.timeline.entry.domain.masking import masked, named_beside
from services.timeline.entry.domain.narration.line import name_of
from tests.catalog.running import Api, wrong_fields
from tests.timeline.conftest import Deliver
from tests.timeline.events import (
    contact_created,
    contacts_attached,
    contacts_merged,
    deal_created,
    lead_created,
    lead_renamed,
    said,
    sampled,
)
from tests.timeline.readers import Reader, tell_roles

AReader: TypeAlias = Callable[[str, str], Reader]


@pytest.fixture(scope="module")
async def reader(timeline: Api, deliver: Deliver) -> AReader:
    """A user with a role."""
    await tell_roles(deliver)
    return lambda user, role: Reader(timeline, user, role)


async def test_a_timeline_is_shown_to_those_who_may_read_its_element(
    reader: AReader, deliver: Deliver, one: str
) -> None:
    """TL-12.1, PERM-08.4, CMN-05."""
    await deliver(lead_created(one, responsible_id="ann", observers=["cid"]), deal_created(one, open_to_all=True))
    assert await reader("ann", "own").sees(f"lead:{one}")
    assert await reader("cid", "own").sees(f"lead:{one}")
    assert await reader("ben", "all").sees(f"lead:{one}")
    assert not await reader("ben", "opened").sees(f"lead:{one}")
    assert await reader("ben", "opened").sees(f"deal:{one}")
    assert not await reader("ben", "own").sees(f"deal:{one}")


async def test_what_may_not_be_read_has_the_timeline_of_what_was_never_there(
    reader: AReader, deliver: Deliver, one: str
) -> None:
    """TL-12.1: byte by byte, and with every parameter."""
    await deliver(lead_created(one, responsible_id="ann"))
    ben, ann = reader("ben", "own"), reader("ann", "own")
    cursor = (await ann.call("GET", f"/timeline?element=lead:{one}&limit=1")).json()["next_cursor"]
    for more in ("", "&types=element_created", "&limit=1", "&cursor=x", f"&cursor={cursor}", "&types=unheard"):
        hidden = await ben.call("GET", f"/timeline?element=lead:{one}{more}")
        absent = await ben.call("GET", f"/timeline?element=lead:not-{one}{more}")
        assert hidden.status_code == absent.status_code
        assert hidden.text.replace(one, "") == absent.text.replace(f"not-{one}", "") or hidden.status_code != 200
        if hidden.status_code != 200:
            assert wrong_fields(hidden) == wrong_fields(absent)


async def test_the_newest_word_on_who_has_rights_counts_in_whatever_order_it_comes(
    reader: AReader, deliver: Deliver, one: str
) -> None:
    """TL-12.1: also when all of it comes once more."""

    def given(lead: str, sequence: int, **after: Any) -> Any:
        element = {"type": "lead", "id": lead, "title": "Pumps"}
        data = LeadUpdated.model_validate({"lead": element, "before": after, "after": after})
        return said(data, sequence=sequence)

    for number, order in enumerate(permutations(range(3))):
        lead = f"{one}-{number}"
        events = [
            lead_created(lead, responsible_id="ann"),
            given(lead, 2, responsible_id="ben", observers=["cid"]),
            given(lead, 3, observers=[]),
        ]
        for place in (*order, *order):
            await deliver(events[place])
        shown = {user: await reader(user, "own").sees(f"lead:{lead}") for user in ("ann", "ben", "cid")}
        assert shown == {"ann": False, "ben": True, "cid": False}, order


async def test_a_deal_in_a_closed_stage_takes_its_timeline_along(reader: AReader, deliver: Deliver, one: str) -> None:
    """PERM-02, PERM-08.4."""
    await deliver(deal_created(one, stage_id="NEW"))
    assert await reader("ben", "sales").sees(f"deal:{one}")
    await deliver(said(sampled(DealStageChanged, deal={"type": "deal", "id": one}).data, sequence=2))
    assert not await reader("ben", "sales").sees(f"deal:{one}")
    assert await reader("ben", "all").sees(f"deal:{one}")


async def test_until_all_is_known_of_an_element_nobody_who_is_restricted_sees_its_timeline(
    timeline: Api, reader: AReader, deliver: Deliver, one: str
) -> None:
    """PERM-08.4: an installation whose view is yet to be filled; whom no role restricts sees it as before."""
    await deliver(lead_renamed(one), contacts_attached(one, one))
    assert not await reader("ben", "all").sees(f"deal:{one}")
    assert not await reader("ben", "all").sees(f"lead:{one}")
    answer = await timeline.call("GET", f"/timeline?element=deal:{one}")
    assert len(answer.json()["items"]) == 1


async def test_products_are_open_to_all(reader: AReader, deliver: Deliver) -> None:
    """PERM-04: nobody is responsible for them."""
    product = sampled(ProductCreated)
    await deliver(product)
    assert await reader("ben", "opened").sees(str(product.data.element))
    assert not await reader("ben", "own").sees(str(product.data.element))


async def test_a_deleted_element_is_known_to_those_alone_who_may_read_everything(
    reader: AReader, deliver: Deliver, one: str
) -> None:
    """TL-12.1."""
    await deliver(contact_created(one, responsible_id="ann"))
    gone = sampled(ContactDeleted, contact={"type": "contact", "id": one}).data
    await deliver(said(gone, sequence=2))
    assert not await reader("ann", "own").sees(f"contact:{one}")
    assert await reader("ann", "all").sees(f"contact:{one}")


async def test_a_timeline_is_shown_although_it_names_an_element_that_may_not_be_read(
    reader: AReader, deliver: Deliver, one: str
) -> None:
    """TL-12.3: the entry without the name; the id stays, as in the deal itself."""
    hers, his = f"{one}-hers", f"{one}-his"
    await deliver(contact_created(hers, responsible_id="ann"), contact_created(his, responsible_id="ben"))
    await deliver(deal_created(one, responsible_id="ann"))
    for seconds, contact, name in ((1, hers, "Ada Lovelace"), (2, his, "Bob Hidden")):
        after = {"contacts": [{"contact_id": contact, "title": name, "is_primary": True}]}
        changed = sampled(DealClientChanged, deal={"type": "deal", "id": one}, before={}, after=after)
        await deliver(said(changed.data, seconds=seconds, sequence=int(seconds) + 1))
    hidden, shown, created = await reader("ann", "own").entries(f"deal:{one}")
    assert created["text"].startswith("Deal ")
    assert shown["text"] == "Linked: Ada Lovelace"
    assert (hidden["text"], hidden["payload"]["linked"]) == ("Deal client changed", [f"contact:{his}"])
    assert "Hidden" not in str(hidden)
    assert (await reader("ann", "all").entries(f"deal:{one}"))[0]["text"] == "Linked: Bob Hidden"


async def test_rights_that_change_later_change_what_is_shown(reader: AReader, deliver: Deliver, one: str) -> None:
    """TL-12.3: nothing of them is stored with an entry."""
    await deliver(contact_created(one, responsible_id="ann"), contacts_attached(one, one, seconds=1))
    (entry, *_) = await reader("ann", "own").entries(f"contact:{one}")
    assert entry["text"] == "Deal contacts attached"
    await deliver(deal_created(one, observers=["ann"]))
    (entry, *_) = await reader("ann", "own").entries(f"contact:{one}")
    assert entry["text"] == "Linked to deal Pumps"


async def test_what_was_merged_into_an_element_is_a_part_of_its_timeline(
    reader: AReader, deliver: Deliver, one: str
) -> None:
    """TL-12, DUP-02: whoever may read the survivor reads what became of the others."""
    other = f"{one}-other"
    await deliver(contact_created(one, responsible_id="ann"), contact_created(other, seconds=1))
    await deliver(contacts_merged(one, other, seconds=2))
    merge, created, _ = await reader("ann", "own").entries(f"contact:{one}")
    assert created["text"].startswith("Contact ")
    assert created["element"]["id"] == other
    assert merge["text"].startswith("Merged with ")
    assert not await reader("ben", "own").sees(f"contact:{one}")


def linked_in(part: dict[str, Any]) -> list[str]:
    """The type of client that a link is to."""
    return [type_ for type_ in ("contact", "company") if f"{type_}_id" in part and "title" in part]


def told_of(part: Any) -> list[ElementRef]:
    """All references in a document."""
    if isinstance(part, dict):
        own = [ElementRef.model_validate(part)] if {"type", "id", "title"} <= part.keys() else []
        own += [ElementRef(type=type_, id=part[f"{type_}_id"], title=part["title"]) for type_ in linked_in(part)]
        return own + [ref for each in part.values() for ref in told_of(each)]
    return [ref for each in part for ref in told_of(each)] if isinstance(part, list) else []


@pytest.mark.parametrize("event", [pytest.param(event, id=ce_type) for ce_type, event in registry.EVENTS.items()])
def test_a_text_says_what_those_elements_are_called_that_it_is_known_to_name(event: type[Event]) -> None:
    """TL-12.3: so nothing is said of others, and of those that may not be read the text says nothing once masked."""
    sample = sampled(event)
    own = [sample.data.element] if isinstance(sample.data, ElementEvent) else []
    told = [*told_of(sample.data.model_dump(mode="json")), *own]
    titles = {str(ref): name_of(ref) for ref in told if ref.title and ref.type in ELEMENTS}
    entries = entries_of(sample)
    elements = [(str(entry.element), entry.kind) for entry in entries]
    for entry in entries:
        named = {*named_beside(entry, elements), str(entry.element)}
        known = {titles[ref] for ref in named & titles.keys()}
        for title in set(titles.values()) - known:
            assert title not in entry.text, entry
        for title in titles.values():
            assert title not in masked(entry).text
