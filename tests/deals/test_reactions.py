"""What deals hears: the question of a lead, and answers about companies, as often as they come."""

from datetime import timedelta
from typing import Any

import pytest
from crm_contracts.client_answers import (
    CompanyContacts,
    ElementCompanyRefused,
    ElementContactsResolved,
    LeadClientResolved,
)
from crm_contracts.client_field import ContactLink
from crm_contracts.conversions import ConversionRef, DealRequest, ResolvedClient
from crm_contracts.deal_answers import LeadDealConfirmed, LeadDealRefused
from crm_contracts.deals import DealCompanyUnlinked, DealContactsAttached, DealCreated
from crm_contracts.envelope import Event
from crm_contracts.pipelines import DEFAULT_PIPELINE
from crm_contracts.values import ElementRef, Utm

from services.deals.deal.domain.deal import Deal
from services.deals.deal.domain.order import DealOrder
from services.deals.deal.domain.refusal import Refusal
from services.deals.deal.events import reactions
from services.deals.deal.usecases import create_deal, open_deal_for_lead
from services.leads.lead.domain.draft import MAX_DRAFT_BYTES, MAX_FORWARDED_BYTES
from shared.elements.domain.client_field import set_company
from shared.elements.domain.product_rows import NewRow
from shared.elements.domain.room import MAX_CLIENT_BYTES, size_of
from shared.elements.events.client_field import client_answer_reactions
from shared.elements.usecases.create_element import NewElement
from shared.kit.domain import Invalid
from tests.builders.causes import NOON, a_cause
from tests.builders.deals import PIPELINES, StartPipelines, deal_collaborators, just_created_deal
from tests.builders.events import an_event, react
from tests.builders.fakes import Memory, NobodyLeft, Said, again
from tests.builders.leads import LEAD_REF, a_deal_question, a_deal_request
from tests.builders.values import a_client, a_link, a_row, company_ref, contact_ref, euros

ASKED = a_cause("event-1")
DEAL_REF = ElementRef(type="deal", id="deal-1", title="Pumps for ACME")


class Deals:
    """The part of the service that leads talks to."""

    def __init__(self) -> None:
        self.deals, self.refusals = Memory(Deal), Memory(Refusal)
        self.answers, self._collaborators = Said(), deal_collaborators()

    async def asked(self, cause: Any = ASKED, **question: Any) -> None:
        await self._open(DealOrder.of_lead(a_deal_question(a_row("row-of-lead"), **question)), cause)

    async def passed_on(self, answer: LeadClientResolved, cause: Any = ASKED) -> None:
        assert answer.deal is not None
        await self._open(DealOrder.of_clients(answer, answer.deal), cause)

    async def _open(self, order: DealOrder, cause: Any) -> None:
        await open_deal_for_lead(
            order,
            cause,
            deals=self.deals,
            refusals=self.refusals,
            pipelines=StartPipelines(),
            collaborators=self._collaborators,
            answers=self.answers,
        )


def conversion(attempt: int = 1) -> ConversionRef:
    return ConversionRef(lead_id="lead-1", conversion_id="conversion-1", attempt=attempt)


async def test_a_lead_gets_the_deal_that_it_asked_for() -> None:
    """LEAD-12, DEAL-16."""
    service = Deals()
    utm = Utm(source="newsletter")
    await service.asked(
        amount=euros("10"),
        comments="asked for a call",
        observers=("bob",),
        source_id="WEB",
        source_description="fair",
        open_to_all=False,
        utm=utm,
    )
    deal = await service.deals.get("deal-1")
    assert service.deals.said("deal-1") == [DealCreated(deal=deal.state, conversion=conversion())]
    assert (deal.lead_id, deal.title, deal.responsible_id, deal.stage_id) == ("lead-1", "Pumps for ACME", "anna", "NEW")
    assert (deal.comments, deal.observers, deal.open_to_all, deal.utm) == ("asked for a call", ("bob",), False, utm)
    assert (deal.source_id, deal.source_description, deal.amount) == ("WEB", "fair", euros("10"))
    assert (deal.begin_date, deal.close_date) == (NOON.date(), NOON.date() + timedelta(days=7))


@pytest.mark.parametrize("is_deleted", [True, False])
async def test_a_taken_id_is_a_refusal_that_is_stored_and_a_new_attempt_may_follow(*, is_deleted: bool) -> None:
    """LEAD-13: somebody has created a deal under the id that the lead proposed."""
    service = Deals()
    stranger = just_created_deal("deal-1")
    stranger.deleted_at = NOON if is_deleted else None
    await service.deals.add(stranger, a_cause("request:eve"))
    await service.asked()
    refused = LeadDealRefused(
        lead=LEAD_REF, conversion=conversion(), code="id_taken", message="The id deal-1 is taken."
    )
    assert service.refusals.said(Refusal.id_for(conversion())) == [refused]
    await service.asked()
    service.refusals.forget_causes(Refusal.id_for(conversion()))
    await service.asked()
    assert service.answers.events == []
    await service.asked(a_cause("event-2"))
    assert service.answers.events == [refused]
    await service.asked(a_cause("event-3"), attempt=2, proposed_deal_id="deal-2")
    assert (await service.deals.get("deal-2")).lead_id == "lead-1"


async def test_the_largest_draft_that_a_lead_asks_for_fits_into_the_events_of_its_deal() -> None:
    """LEAD-13: what was begun can be ended."""
    service = Deals()
    room = MAX_DRAFT_BYTES - len(a_deal_question(a_row("row-of-lead"), comments="").draft.model_dump_json())
    await service.asked(comments="x" * room)
    assert [type(event) for event in service.deals.said("deal-1")] == [DealCreated]


async def test_the_rows_of_the_deal_are_its_own() -> None:
    """LEAD-12."""
    service = Deals()
    await service.asked()
    (row,) = (await service.deals.get("deal-1")).rows
    assert row == a_row("row-1")


async def test_the_client_comes_along_and_its_company_is_asked_for_its_contacts() -> None:
    """LEAD-12, CLI-07."""
    service = Deals()
    client = a_client("ada", "bob")
    await service.asked(company=company_ref(), contacts=client.contacts)
    deal = await service.deals.get("deal-1")
    assert (deal.client.contacts, deal.client.company) == (client.contacts, company_ref())
    assert (deal.client.link_state, deal.client.link_no) == ("pending", 1)


async def test_the_same_question_again_opens_no_second_deal_and_says_nothing() -> None:
    """LEAD-13."""
    service = Deals()
    await service.asked()
    before = service.deals.documents["deal-1"]
    await service.asked()
    service.deals.forget_causes("deal-1")
    await service.asked()
    assert (service.answers.events, len(service.deals.documents)) == ([], 1)
    assert service.deals.documents["deal-1"]["state"] == before["state"]
    assert len(service.deals.said("deal-1")) == 1


async def test_a_question_that_is_asked_once_more_gets_the_deal_that_is_there() -> None:
    """LEAD-13."""
    service = Deals()
    await service.asked()
    await service.asked(again(ASKED), title="Something else")
    await service.asked(again(ASKED))
    confirmed = LeadDealConfirmed(lead=LEAD_REF, conversion=conversion(), deal=DEAL_REF)
    assert service.answers.events == [confirmed], "the same question delivered twice is answered once"
    assert len({envelope.id for envelope in service.answers.envelopes}) == 1
    assert len(service.deals.said("deal-1")) == 1


async def test_a_deal_of_no_known_pipeline_is_refused_and_the_refusal_is_kept() -> None:
    """LEAD-13."""
    service = Deals()
    for cause in (ASKED, ASKED, again(ASKED)):
        await service.asked(cause, pipeline_id="nowhere")
    refused = LeadDealRefused(
        lead=LEAD_REF,
        conversion=conversion(),
        code="pipeline_not_found",
        message="There is no pipeline nowhere; known: default.",
    )
    assert service.refusals.said(Refusal.id_for(conversion())) == [refused]
    assert service.answers.events == [refused]
    assert service.deals.documents == {}


async def test_an_attempt_that_was_refused_stays_refused_even_if_it_were_possible_now() -> None:
    """LEAD-13."""
    service = Deals()
    await service.asked(pipeline_id="nowhere")
    await service.asked(again(ASKED))
    assert [type(event) for event in service.answers.events] == [LeadDealRefused]
    assert service.deals.documents == {}


async def test_after_a_refusal_the_next_attempt_gets_its_deal() -> None:
    """LEAD-13."""
    service = Deals()
    await service.asked(pipeline_id="nowhere")
    await service.asked(a_cause("event-2"), attempt=2)
    assert service.deals.said("deal-1") == [
        DealCreated(deal=(await service.deals.get("deal-1")).state, conversion=conversion(2))
    ]
    await service.asked(pipeline_id="nowhere")
    assert len(service.deals.documents) == 1


async def test_a_deal_that_is_opened_for_a_lead_looks_whether_its_client_is_still_there() -> None:
    """COMP-10."""
    asked, removed_clients = a_deal_question(company=company_ref(), contacts=a_client("ada").contacts), NobodyLeft()
    of_deals = reactions(
        deals=Memory(Deal),
        refusals=Memory(Refusal),
        pipelines=StartPipelines(),
        collaborators=deal_collaborators(removed_clients=removed_clients),
        answers=Said(),
    )
    await react(of_deals, an_event(asked))
    assert removed_clients.asked == {asked.proposed_deal_id: {"company:acme", "contact:ada"}}


FOUND = ResolvedClient(contact=contact_ref(), company=company_ref(), duplicates=(contact_ref("eve"),))
STAFF = CompanyContacts(contacts=(contact_ref("bob", "Bob"), contact_ref()))


def an_answer(
    deal: DealRequest | None = None, *, attempt: int = 1, company_contacts: CompanyContacts | None = STAFF
) -> LeadClientResolved:
    """What clients says once Ada and her company are found, with the deal that the lead wants."""
    return LeadClientResolved(
        lead=LEAD_REF,
        conversion_id="conversion-1",
        attempt=attempt,
        contact=FOUND.contact,
        company=FOUND.company,
        duplicates=FOUND.duplicates,
        deal=deal or a_deal_request(a_row("row-of-lead")),
        company_contacts=company_contacts,
    )


def passed_on(attempt: int = 1) -> ConversionRef:
    return conversion(attempt).model_copy(update={"resolved": FOUND})


async def test_a_deal_that_clients_asks_for_is_complete_from_its_first_event_on() -> None:
    """LEAD-11, LEAD-12, CLI-07: the lead's contact is primary, and the others of the company come after it."""
    service = Deals()
    await service.passed_on(an_answer())
    deal = await service.deals.get("deal-1")
    assert service.deals.said("deal-1") == [DealCreated(deal=deal.state, conversion=passed_on())]
    assert (deal.lead_id, deal.title, deal.rows) == ("lead-1", "Pumps for ACME", (a_row("row-1"),))
    assert (deal.client.company, deal.client.link_state, deal.client.truncated) == (company_ref(), "done", False)
    assert [(link.contact_id, link.is_primary, link.auto_linked_from) for link in deal.client.contacts] == [
        ("ada", True, None),
        ("bob", False, "acme"),
    ]


async def test_the_client_field_of_a_deal_is_the_same_whichever_way_it_was_asked_for() -> None:
    """CLI-07: by clients with all that is known, or by the lead with a question about the company."""
    short, long = Deals(), Deals()
    await short.passed_on(an_answer())
    contact = a_link("ada", is_primary=True).model_copy(update={"title": "Ada Lovelace"})
    await long.asked(company=company_ref(), contacts=(contact,))
    answer = ElementContactsResolved(element=DEAL_REF, link_no=1, company=company_ref(), contacts=STAFF.contacts)
    await deliver(long.deals, answer, "event-2")
    assert (await short.deals.get("deal-1")).client == (await long.deals.get("deal-1")).client


async def test_contacts_of_the_lead_that_nobody_has_confirmed_yet_are_still_asked_for() -> None:
    """CLI-02: the company is confirmed, so that the question is about them alone."""
    service = Deals()
    unknown = ContactLink(contact_id="nada", link_state="pending")
    await service.passed_on(an_answer(a_deal_request(contacts=(unknown,))))
    client = (await service.deals.get("deal-1")).client
    assert (client.link_state, client.link_no, client.company_confirmed) == ("pending", 1, True)
    assert (client.pending_contacts, client.contact_id) == (("nada",), "ada")


async def test_a_company_whose_contacts_did_not_come_along_is_asked_for_them() -> None:
    """CLI-07."""
    service = Deals()
    await service.passed_on(an_answer(company_contacts=None))
    client = (await service.deals.get("deal-1")).client
    assert (client.company, client.link_state, client.asks_for_company) == (company_ref(), "pending", True)


async def test_what_clients_passes_on_again_opens_no_second_deal() -> None:
    """LEAD-13: delivered again it is not answered, and asked once more it is told of the deal that is there."""
    service = Deals()
    await service.passed_on(an_answer())
    before = service.deals.documents["deal-1"]["state"]
    await service.passed_on(an_answer())
    service.deals.forget_causes("deal-1")
    await service.passed_on(an_answer())
    assert service.answers.events == []
    for _ in range(2):
        await service.passed_on(an_answer(company_contacts=None), again(ASKED))
    await service.passed_on(an_answer(attempt=2), a_cause("event-2"))
    assert service.answers.events == [
        LeadDealConfirmed(lead=LEAD_REF, conversion=passed_on(attempt), deal=DEAL_REF) for attempt in (1, 2)
    ]
    assert (service.deals.documents["deal-1"]["state"], len(service.deals.documents)) == (before, 1)


async def test_a_refusal_tells_the_lead_of_its_client_and_is_kept() -> None:
    """LEAD-13: a retry keeps what was created, and the refused attempt opens no deal later."""
    service = Deals()
    nowhere = a_deal_request(pipeline_id="nowhere")
    for cause in (ASKED, ASKED, again(ASKED)):
        await service.passed_on(an_answer(nowhere), cause)
    await service.passed_on(an_answer(), again(ASKED))
    refused = LeadDealRefused(
        lead=LEAD_REF,
        conversion=passed_on(),
        code="pipeline_not_found",
        message="There is no pipeline nowhere; known: default.",
    )
    assert service.refusals.said(Refusal.id_for(passed_on())) == [refused]
    assert set(map(type, service.answers.events)) == {LeadDealRefused}
    assert service.deals.documents == {}


@pytest.mark.parametrize("deal", [a_deal_request(), None], ids=["with a deal", "without"])
async def test_what_clients_resolves_concerns_deals_where_a_deal_comes_along(deal: DealRequest | None) -> None:
    """LEAD-11, COMP-10: the deal then looks whether each of its clients is still there."""
    deals, removed_clients = Memory(Deal), NobodyLeft()
    of_deals = reactions(
        deals=deals,
        refusals=Memory(Refusal),
        pipelines=StartPipelines(),
        collaborators=deal_collaborators(removed_clients=removed_clients),
        answers=Said(),
    )
    await react(of_deals, an_event(an_answer().model_copy(update={"deal": deal})))
    expected = {"deal-1": {"company:acme", "contact:ada", "contact:bob"}} if deal else {}
    assert removed_clients.asked == expected
    assert set(deals.documents) == set(expected)


async def test_the_largest_draft_that_is_passed_on_fits_into_the_events_of_its_deal() -> None:
    """LEAD-13: with as many contacts of the company as an answer may have."""
    service = Deals()
    room = MAX_FORWARDED_BYTES - size_of(a_deal_request(comments="").draft)
    many = CompanyContacts(contacts=tuple(contact_ref(f"contact-{number:030}", "x" * 200) for number in range(500)))
    assert MAX_CLIENT_BYTES - 40_000 < size_of(many) < MAX_CLIENT_BYTES
    await service.passed_on(an_answer(a_deal_request(comments="x" * room), company_contacts=many))
    assert len((await service.deals.get("deal-1")).client.contacts) == 500


def linking() -> Deal:
    deal = just_created_deal()
    deal.set_client(set_company(deal.client, "acme"), by="user:anna", at=NOON)
    return deal


RESOLVED = ElementContactsResolved(element=DEAL_REF, link_no=1, company=company_ref(), contacts=(contact_ref(),))
REFUSED = ElementCompanyRefused(element=DEAL_REF, link_no=1, company=company_ref(), code="company_not_found")


async def deliver(deals: Memory[Deal], event: Event, id_: str = "event-1") -> None:
    answers = client_answer_reactions({"deal": deals}, removed_clients=NobodyLeft())
    await react(answers, an_event(event, id_=id_))


@pytest.mark.parametrize(("event", "said"), [(RESOLVED, DealContactsAttached), (REFUSED, DealCompanyUnlinked)])
async def test_an_answer_about_a_company_counts_once_even_when_the_inbox_has_forgotten(
    event: Event, said: type[Event]
) -> None:
    """CLI-07."""
    deals = Memory(Deal)
    await deals.add(linking(), a_cause("request:0"))
    await deliver(deals, event)
    after = deals.documents["deal-1"]["state"]
    for forget, id_ in ((False, "event-1"), (True, "event-1"), (False, "event-2")):
        if forget:
            deals.forget_causes("deal-1")
        await deliver(deals, event, id_)
    assert deals.documents["deal-1"]["state"] == after
    assert [type(event) for event in deals.said("deal-1")][2:] == [said]


async def test_the_company_of_another_element_concerns_no_deal() -> None:
    """CLI-07."""
    for event in (RESOLVED, REFUSED):
        await deliver(Memory(Deal), event.model_copy(update={"element": LEAD_REF}))


async def new_deal(deals: Memory[Deal], *, pipeline_id: str = DEFAULT_PIPELINE, **wish: Any) -> Deal:
    return await create_deal(
        "deal-1",
        NewElement(**wish),
        a_cause("request:1"),
        deals=deals,
        collaborators=deal_collaborators(),
        pipelines=PIPELINES,
        pipeline_id=pipeline_id,
    )


async def test_a_new_deal_belongs_to_whoever_entered_it_unless_somebody_else_is_named() -> None:
    """CMN-04."""
    assert (await new_deal(Memory(Deal))).responsible_id == "anna"
    assert (await new_deal(Memory(Deal), fields={"responsible_id": "bob"})).responsible_id == "bob"


async def test_a_new_deal_of_an_unknown_pipeline_stage_or_product_is_refused() -> None:
    """DEAL-06, ROW-01."""
    for wish in ({"pipeline_id": "nowhere"}, {"stage_id": "JUNK"}, {"rows": [NewRow("nothing")]}):
        with pytest.raises(Invalid):
            await new_deal(Memory(Deal), **wish)


async def test_a_new_deal_may_be_entered_on_a_later_stage() -> None:
    """DEAL-06, DEAL-08."""
    deal = await new_deal(Memory(Deal), stage_id="WON")
    assert (deal.closed, deal.closed_at, deal.stage_semantic) == (True, NOON, "S")
