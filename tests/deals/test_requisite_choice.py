"""The requisites that count for a deal are chosen, and clients says whether they fit (REQ-05)."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import pytest
from crm_contracts.client_answers import ElementRequisitesConfirmed, ElementRequisitesRefused
from crm_contracts.client_field import Client
from crm_contracts.deals import DealClientChanged, DealRequisitesChosen
from crm_contracts.envelope import Event
from crm_contracts.requisites import RequisiteChoice, RequisiteLink
from crm_contracts.values import ElementRef

from services.deals.deal.domain.deal import Deal
from shared.elements.domain.client_field import NewContactLink, add_contact, remove_contact, set_company, set_contacts
from shared.elements.events.requisites import requisite_reactions
from tests.builders.causes import ANNA, NOON, a_cause, later
from tests.builders.deals import a_deal
from tests.builders.events import an_event, react
from tests.builders.fakes import Memory
from tests.builders.leads import LEAD_REF
from tests.builders.running import Api, wrong_fields
from tests.builders.values import a_client, company_ref, contact_ref, deal_ref
from tests.kit.waiting import eventually

CHOICE = RequisiteChoice(requisite_id="r1", bank_detail_id="b1", mc_requisite_id="m1", mc_bank_detail_id="n1")
NOTHING = RequisiteChoice()
CONFIRMED = ElementRequisitesConfirmed(element=deal_ref(), choice_no=1)
REFUSED = ElementRequisitesRefused(
    element=deal_ref(), choice_no=1, code="bank_detail_not_found", field="bank_detail_id"
)


def chosen(choice: RequisiteChoice = CHOICE, *, client: Client | None = None) -> Deal:
    deal = a_deal(client=client or a_client("ada", company_id="acme"))
    deal.choose_requisites(choice, by=ANNA, at=NOON)
    return deal


def settled(choice: RequisiteChoice = CHOICE, *, client: Client | None = None) -> Deal:
    deal = chosen(choice, client=client)
    deal.confirm_requisites(choice_no=1, by=ANNA, at=NOON)
    deal._recorded.clear()
    return deal


def test_a_choice_asks_whether_the_requisites_are_those_of_the_client() -> None:
    """REQ-05."""
    deal = chosen()
    asked = RequisiteLink(**dict(CHOICE), choice_no=1, state="pending")
    clients = (company_ref(title=None), contact_ref(title=None))
    event = DealRequisitesChosen(deal=deal.ref, before=RequisiteLink(), after=asked, clients=clients)
    assert (deal.recorded, deal.requisite_link) == ((event,), asked)


def test_the_same_choice_again_changes_nothing() -> None:
    """REQ-05."""
    for deal in (chosen(), settled(), chosen(NOTHING)):
        before, said = deal.model_dump(), len(deal.recorded)
        deal.choose_requisites(deal.requisite_link.choice, by="user:bob", at=later(5))
        assert (deal.model_dump(), len(deal.recorded)) == (before, said)


def test_to_choose_nothing_is_done_at_once_and_no_late_answer_brings_the_choice_back() -> None:
    """REQ-05."""
    deal = chosen()
    deal.choose_requisites(NOTHING, by=ANNA, at=NOON)
    assert deal.requisite_link == RequisiteLink(choice_no=2)
    deal.confirm_requisites(choice_no=1, by=ANNA, at=NOON)
    deal.refuse_requisites(choice_no=1, code="requisite_not_found", field="requisite_id", by=ANNA, at=NOON)
    assert (deal.requisite_link, len(deal.recorded)) == (RequisiteLink(choice_no=2), 2)


def test_what_was_refused_is_not_chosen_and_can_be_asked_for_again() -> None:
    """REQ-05."""
    deal = chosen()
    deal.refuse_requisites(
        choice_no=1, code="mc_requisite_not_found", field="mc_requisite_id", by="user:bob", at=later(5)
    )
    refused = RequisiteLink(
        choice_no=1, state="refused", refusal="mc_requisite_not_found", refused_field="mc_requisite_id"
    )
    assert (deal.requisite_link, deal.updated_by, deal.updated_at) == (refused, "user:bob", later(5))
    deal.choose_requisites(CHOICE, by=ANNA, at=NOON)
    assert (deal.requisite_link.choice_no, deal.requisite_link.state) == (2, "pending")
    deal.refuse_requisites(choice_no=2, code="requisite_not_found", field="requisite_id", by=ANNA, at=NOON)
    deal.choose_requisites(NOTHING, by=ANNA, at=NOON)
    assert deal.requisite_link == RequisiteLink(choice_no=3)


LEAVING: dict[str, Callable[[Deal], None]] = {
    "by hand": lambda deal: deal.set_client(remove_contact(deal.client, "ada"), by=ANNA, at=NOON),
    "deleted": lambda deal: deal.unlink_deleted_client(company_ref(), None, by=ANNA, at=NOON),
    "merged": lambda deal: deal.unlink_deleted_client(company_ref(), company_ref("bell"), by=ANNA, at=NOON),
}


@pytest.mark.parametrize("how", LEAVING)
def test_whoever_leaves_the_client_lets_the_deal_ask_again(how: str) -> None:
    """REQ-05."""
    deal = settled()
    LEAVING[how](deal)
    changed, asked = deal.recorded
    assert isinstance(changed, DealClientChanged)
    assert isinstance(asked, DealRequisitesChosen)
    assert (asked.after.choice, asked.after.choice_no, asked.after.state) == (CHOICE, 2, "pending")
    assert asked.clients == deal.client.refs


def test_a_refused_company_and_contacts_that_go_with_the_old_one_let_it_ask_again() -> None:
    """REQ-05, CLI-07."""
    deal = settled(client=Client())
    deal.set_client(set_company(deal.client, "acme"), by=ANNA, at=NOON)
    assert deal.requisite_link.choice_no == 1
    deal.attach_contacts(link_no=1, company=company_ref(), contacts=(contact_ref(),), truncated=False, by=ANNA, at=NOON)
    assert deal.requisite_link.choice_no == 1, "who comes takes nobody's requisites away"
    deal.set_client(set_company(deal.client, "bell"), by=ANNA, at=NOON)
    assert deal.requisite_link.choice_no == 1, "acme stays until bell is confirmed"
    deal.attach_contacts(link_no=2, company=company_ref("bell"), contacts=(), truncated=False, by=ANNA, at=NOON)
    assert deal.requisite_link.choice_no == 2, "acme and ada went"
    deal.set_client(set_company(deal.client, "nobody"), by=ANNA, at=NOON)
    assert deal.requisite_link.choice_no == 2, "bell stays until then"
    deal.refuse_company(link_no=3, company=company_ref("nobody"), code="company_not_found", by=ANNA, at=NOON)
    assert deal.requisite_link.choice_no == 3
    assert (deal.requisite_link.choice, deal.requisite_link.state) == (CHOICE, "pending")


def test_who_comes_or_changes_places_and_a_choice_of_ours_alone_ask_nothing() -> None:
    """REQ-05."""
    deal = settled(client=a_client("ada", "bob"))
    deal.set_client(add_contact(deal.client, NewContactLink("eve")), by=ANNA, at=NOON)
    deal.set_client(
        set_contacts(deal.client, [NewContactLink("eve"), NewContactLink("bob"), NewContactLink("ada")]),
        by=ANNA,
        at=NOON,
    )
    ours = settled(RequisiteChoice(mc_requisite_id="m1"))
    ours.set_client(remove_contact(ours.client, "ada"), by=ANNA, at=NOON)
    assert {type(event) for event in (*deal.recorded, *ours.recorded)} == {DealClientChanged}


async def deliver(deals: Memory[Deal], event: Event, id_: str = "event-1") -> None:
    await react(requisite_reactions({"deal": deals}), an_event(event, id_=id_))


@pytest.mark.parametrize(("event", "state"), [(CONFIRMED, "done"), (REFUSED, "refused")])
async def test_an_answer_counts_once_even_when_the_inbox_has_forgotten(event: Event, state: str) -> None:
    """REQ-05."""
    deals = Memory(Deal)
    deal = a_deal()
    deal.choose_requisites(CHOICE, by=ANNA, at=NOON)
    await deals.add(deal, a_cause("request:0"))
    await deliver(deals, event)
    after = deals.documents["deal-1"]["state"]
    assert after["requisite_link"]["state"] == state
    for forget, heard, id_ in (
        (False, event, "event-1"),
        (True, event, "event-1"),
        (False, event, "event-2"),
        (False, REFUSED if event is CONFIRMED else CONFIRMED, "event-3"),
    ):
        if forget:
            deals.forget_causes("deal-1")
        await deliver(deals, heard, id_)
    assert deals.documents["deal-1"]["state"] == after
    assert len(deals.said("deal-1")) == 2


async def test_the_requisites_of_another_element_concern_no_deal() -> None:
    """REQ-05."""
    for event in (CONFIRMED, REFUSED):
        await deliver(Memory(Deal), event.model_copy(update={"element": LEAD_REF}))


async def test_every_wrong_field_of_a_choice_is_named(api: Api) -> None:
    """REQ-05."""
    deal = await api.made("/deals")
    path = f"/deals/{deal['id']}/requisites"
    shape = {"requisite_id": 7, "bank_detail_id": "", "mc_requisite_id": [], "mc_bank_detail_id": "x" * 101, "more": 1}
    assert sorted(wrong_fields(await api("PUT", path, shape))) == sorted(shape)
    alone = await api("PUT", path, {"bank_detail_id": "b1", "mc_bank_detail_id": "n1"})
    assert wrong_fields(alone) == ["bank_detail_id", "mc_bank_detail_id"]
    swapped = await api("PUT", path, {"requisite_id": "r1", "mc_bank_detail_id": "n1"})
    assert wrong_fields(swapped) == ["mc_bank_detail_id"]
    assert await api.read(f"/deals/{deal['id']}") == deal


async def test_a_choice_is_accepted_and_to_choose_nothing_is_done_at_once(api: Api) -> None:
    """REQ-05."""
    deal = await api.made("/deals")
    path = f"/deals/{deal['id']}/requisites"
    accepted = await api("PUT", path, CHOICE.model_dump())
    link = accepted.json()["requisite_link"]
    assert (accepted.status_code, link["state"], link["choice_no"]) == (202, "pending", 1)
    assert (await api("PUT", path, CHOICE.model_dump())).json() == accepted.json()
    cleared = await api("PUT", path, {"requisite_id": None})
    assert (cleared.status_code, cleared.json()["requisite_link"]["state"]) == (200, "none")
    assert (cleared.json()["requisite_link"]["mc_requisite_id"], cleared.json()["version"]) == (None, 3)


@pytest.mark.parametrize("fits", [True, False])
async def test_whoever_waits_for_a_choice_sees_that_it_fits_or_which_id_does_not(api: Api, *, fits: bool) -> None:
    """REQ-05."""
    deal = await api.made("/deals")
    path = f"/deals/{deal['id']}"
    call = asyncio.create_task(api("PUT", f"{path}/requisites", CHOICE.model_dump(), prefer="wait=20"))

    async def is_asked() -> bool:
        return bool((await api.read(path))["requisite_link"]["choice_no"] == 1)

    await eventually(is_asked, "the requisites are asked for")
    element = ElementRef(type="deal", id=deal["id"])
    late = REFUSED.model_copy(update={"element": element, "choice_no": 0})
    for event in (late, (CONFIRMED if fits else REFUSED).model_copy(update={"element": element})):
        owners = {"deal": api.documents(Deal, "deals")}
        await react(requisite_reactions(owners), an_event(event, id_=str(uuid4())))
    answer = await call
    link = answer.json()["requisite_link"]
    if fits:
        assert (answer.status_code, link["state"], link["bank_detail_id"]) == (200, "done", "b1")
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, "bank_detail_not_found")
        assert [error["field"] for error in answer.json()["errors"]] == ["bank_detail_id"]
        assert (await api.read(path))["requisite_link"] == link
        assert (link["state"], link["requisite_id"]) == ("refused", None)
