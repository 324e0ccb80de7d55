"""Clauses about timelines that no other test shows, over the API (docs/requirements/timeline.md)."""

from crm_contracts.deals import DealProductRowsChanged
from crm_contracts.leads import LeadStageChanged

from services.timeline.entry.domain.bindings import MAX_BOUND
from tests.catalog.running import Api
from tests.timeline.conftest import Deliver
from tests.timeline.events import AT, contacts_attached, lead_renamed, said, sampled
from tests.timeline.reading import page


async def test_a_stage_change_tells_its_semantic_who_and_when(timeline: Api, deliver: Deliver, one: str) -> None:
    """TL-02."""
    lead = {"type": "lead", "id": one}
    move = sampled(LeadStageChanged, lead=lead, to_stage="JUNK", from_semantic="P", to_semantic="F").data
    await deliver(said(move, actor="user:bob"))
    (entry,) = (await page(timeline, f"lead:{one}"))["items"]
    assert (entry["payload"]["from_semantic"], entry["payload"]["to_semantic"]) == ("P", "F")
    assert (entry["actor"], entry["occurred_at"]) == ("user:bob", AT.isoformat().replace("+00:00", "Z"))


async def test_a_change_of_products_shows_as_such(timeline: Api, deliver: Deliver, one: str) -> None:
    """TL-01."""
    deal = {"type": "deal", "id": one}
    await deliver(said(sampled(DealProductRowsChanged, deal=deal).data))
    (entry,) = (await page(timeline, f"deal:{one}", types="product_rows_changed"))["items"]
    assert (entry["kind"], entry["type"]) == ("product_rows_changed", "crm.deal.product_rows_changed.v1")


async def test_an_entry_is_bound_to_so_many_elements_at_most(timeline: Api, deliver: Deliver, one: str) -> None:
    """TL-05."""
    event, contacts = lead_renamed(one), [f"{one}-{number}" for number in range(MAX_BOUND + 1)]
    await deliver(event, contacts_attached(one, *contacts))
    path = f"/timeline/entries/{event.id}/bindings"
    answers = [await timeline.call("POST", path, {"element": f"contact:{contact}"}) for contact in contacts]
    assert {answer.status_code for answer in answers[:-1]} == {201}
    assert (answers[-1].status_code, answers[-1].json()["code"]) == (409, "too_many_bindings")
    bound = (await timeline.call("GET", path)).json()["elements"]
    assert f"contact:{contacts[-1]}" not in {f"{each['type']}:{each['id']}" for each in bound}


async def test_attached_contacts_are_linked_on_the_deal_the_company_and_each_contact(
    timeline: Api, deliver: Deliver, one: str
) -> None:
    """TL-01."""
    event = contacts_attached(one, f"{one}-ada", f"{one}-bob")
    await deliver(event)
    for element in (f"deal:{one}", "company:acme", f"contact:{one}-ada", f"contact:{one}-bob"):
        found = await page(timeline, element, types="linked", limit=200)
        assert event.id in [entry["event_id"] for entry in found["items"]], element
