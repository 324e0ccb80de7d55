"""What leads hears, delivered as Kafka may deliver it: twice, late, after the inbox has forgotten."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from crm_contracts.client_answers import (
    ElementCompanyRefused,
    ElementContactsResolved,
    LeadClientRefused,
    LeadClientResolved,
)
from crm_contracts.conversions import (
    ConversionRef,
    LeadConversionRefused,
    LeadConversionRequested,
    LeadConverted,
    LeadDealRequested,
    ResolvedClient,
)
from crm_contracts.deal_answers import LeadDealConfirmed, LeadDealRefused
from crm_contracts.deals import DealCreated
from crm_contracts.envelope import Event
from crm_contracts.leads import (
    LeadClientChanged,
    LeadCompanyUnlinked,
    LeadContactsAttached,
    LeadCreated,
    LeadProductRowsChanged,
    LeadStageChanged,
)
from crm_contracts.values import ElementRef

from services.leads.lead.domain.conversion_request import ConversionRequest
from services.leads.lead.domain.errors import LeadTooLarge
from services.leads.lead.domain.lead import Lead
from services.leads.lead.events import reactions
from services.leads.lead.usecases import convert_lead, create_lead
from shared.elements.domain.client_field import set_company
from shared.elements.domain.product_rows import NewRow, ProductFacts
from shared.elements.events.client_field import client_answer_reactions
from shared.elements.store.removed_clients import RemovedClients
from shared.elements.usecases.client_field import set_client
from shared.elements.usecases.correct_element import correct_element
from shared.elements.usecases.create_element import NewElement
from shared.elements.usecases.set_rows import set_rows
from shared.kit.domain import Invalid
from shared.kit.messaging.reactions import Reactions
from tests.builders.causes import NOON, a_cause, ids, later
from tests.builders.deals import just_created_deal
from tests.builders.events import an_event, react
from tests.builders.fakes import Catalog, Memory, NobodyLeft, again, collaborators
from tests.builders.leads import LEAD_ID, LEAD_REF, LEAD_STAGES, a_deal_request, a_wish, just_created_lead, start
from tests.builders.values import a_row, company_ref, contact_ref, deal_ref, euros, priced

CONVERSION = "id-1"
ASKED_BY = ConversionRef(lead_id=LEAD_ID, conversion_id=CONVERSION, attempt=1)
DEAL_CREATED = DealCreated(deal=just_created_deal(conversion=ASKED_BY).state, conversion=ASKED_BY)
RESOLVED = LeadClientResolved(lead=LEAD_REF, conversion_id=CONVERSION, attempt=1, contact=contact_ref())


def all_reactions(leads: Memory[Lead], removed_clients: RemovedClients) -> Reactions:
    """Those of leads alone, and those to answers about linked companies."""
    return [
        *reactions(leads=leads, removed_clients=removed_clients),
        *client_answer_reactions({"lead": leads}, removed_clients=removed_clients),
    ]


async def stored(lead: Lead) -> Memory[Lead]:
    leads = Memory(Lead)
    await leads.add(lead, a_cause("request:0"))
    return leads


def as_another_process_sees(leads: Memory[Lead]) -> Memory[Lead]:
    """The same leads, of which none was written there."""
    others = Memory(Lead)
    others.documents = leads.documents
    return others


def converting(*targets: Any) -> Lead:
    lead = just_created_lead()
    start(lead, *targets)
    return lead


def waiting_for_a_deal() -> Lead:
    lead = converting("contact", "deal")
    lead.resolve_client(CONVERSION, 1, ResolvedClient(contact=contact_ref()), by="user:anna", at=NOON)
    return lead


@pytest.mark.parametrize(
    "event", [DEAL_CREATED, LeadDealConfirmed(lead=LEAD_REF, conversion=ASKED_BY, deal=deal_ref())]
)
async def test_a_lead_that_is_converted_looks_whether_its_client_is_still_there(event: Event) -> None:
    """COMP-10: it may have ended while the deal was opened."""
    leads, removed_clients = await stored(waiting_for_a_deal()), NobodyLeft()
    await react(all_reactions(leads, removed_clients), an_event(event))
    assert removed_clients.asked == {"lead-1": {"contact:ada"}}


def linking() -> Lead:
    lead = just_created_lead()
    lead.set_client(set_company(lead.client, "acme"), by="user:anna", at=NOON)
    return lead


async def deliver(leads: Memory[Lead], event: Event, id_: str = "event-1", at: datetime = NOON) -> None:
    await react(all_reactions(leads, NobodyLeft()), an_event(event, id_=id_), at=at)


FOUND = ResolvedClient(contact=contact_ref(), duplicates=(contact_ref("bob"),))
PASSED_ON = ASKED_BY.model_copy(update={"resolved": FOUND})


async def test_a_client_with_a_deal_to_come_changes_nothing_of_the_lead_yet() -> None:
    """LEAD-11: deals answers, and tells of the client."""
    leads = await stored(converting("contact", "deal"))
    before = leads.documents[LEAD_ID]["state"]
    await deliver(leads, RESOLVED.model_copy(update={"deal": a_deal_request()}))
    assert leads.documents[LEAD_ID]["state"] == before


REACTIONS_TO: list[tuple[Callable[[], Lead], Event, list[type[Event]]]] = [
    (lambda: converting("contact", "deal"), RESOLVED, [LeadDealRequested]),
    (lambda: converting("contact"), RESOLVED, [LeadConverted, LeadStageChanged]),
    (
        lambda: converting("contact", "deal"),
        LeadClientRefused(lead=LEAD_REF, conversion_id=CONVERSION, attempt=1, code="duplicates_found", message="no"),
        [LeadConversionRefused],
    ),
    (waiting_for_a_deal, DEAL_CREATED, [LeadConverted, LeadStageChanged]),
    (
        lambda: converting("contact", "deal"),
        DEAL_CREATED.model_copy(update={"conversion": PASSED_ON}),
        [LeadConverted, LeadStageChanged],
    ),
    (
        lambda: converting("contact", "deal"),
        LeadDealConfirmed(lead=LEAD_REF, conversion=PASSED_ON, deal=deal_ref()),
        [LeadConverted, LeadStageChanged],
    ),
    (
        lambda: converting("contact", "deal"),
        LeadDealRefused(lead=LEAD_REF, conversion=PASSED_ON, code="pipeline_not_found", message="no"),
        [LeadConversionRefused],
    ),
    (
        waiting_for_a_deal,
        LeadDealConfirmed(lead=LEAD_REF, conversion=ASKED_BY, deal=deal_ref()),
        [LeadConverted, LeadStageChanged],
    ),
    (
        waiting_for_a_deal,
        LeadDealRefused(lead=LEAD_REF, conversion=ASKED_BY, code="pipeline_not_found", message="no"),
        [LeadConversionRefused],
    ),
    (
        linking,
        ElementContactsResolved(element=LEAD_REF, link_no=1, company=company_ref(), contacts=(contact_ref(),)),
        [LeadContactsAttached],
    ),
    (
        linking,
        ElementCompanyRefused(element=LEAD_REF, link_no=1, company=company_ref(), code="company_not_found"),
        [LeadCompanyUnlinked],
    ),
]


@pytest.mark.parametrize(
    ("lead", "event", "said"),
    REACTIONS_TO,
    ids=[f"{number}-{type(event).__name__}" for number, (_, event, _) in enumerate(REACTIONS_TO)],
)
async def test_what_is_heard_twice_is_done_once_even_when_the_inbox_has_forgotten(
    lead: Callable[[], Lead], event: Event, said: list[type[Event]]
) -> None:
    """LEAD-13, CLI-07."""
    leads = await stored(lead())
    before = len(leads.said(LEAD_ID))
    await deliver(leads, event)
    after = leads.documents[LEAD_ID]["state"]
    assert [type(event) for event in leads.said(LEAD_ID)[before:]] == said
    await deliver(leads, event)
    leads.forget_causes(LEAD_ID)
    await deliver(leads, event)
    await deliver(leads, event, "another-event-that-says-the-same")
    assert leads.documents[LEAD_ID]["state"] == after
    assert len(leads.said(LEAD_ID)) == before + len(said)


async def test_a_deal_that_no_lead_asked_for_concerns_no_lead() -> None:
    await deliver(Memory(Lead), DealCreated(deal=just_created_deal().state))


async def test_the_company_of_another_element_concerns_no_lead() -> None:
    """CLI-07."""
    deal = ElementRef(type="deal", id="deal-1")
    await deliver(Memory(Lead), ElementContactsResolved(element=deal, link_no=1, company=company_ref()))
    await deliver(Memory(Lead), ElementCompanyRefused(element=deal, link_no=1, company=company_ref(), code="none"))


async def test_any_number_of_calls_starts_one_conversion() -> None:
    """LEAD-13."""
    leads, new_id = await stored(just_created_lead()), ids()
    for number in range(5):
        await convert_lead(LEAD_ID, ConversionRequest(), a_cause(f"request:{number}"), leads=leads, new_id=new_id)
    asked = [event for event in leads.said(LEAD_ID) if isinstance(event, LeadConversionRequested)]
    assert [(event.conversion_id, event.attempt) for event in asked] == [(CONVERSION, 1)]


async def test_the_call_that_started_a_refused_conversion_starts_no_other_when_it_is_repeated() -> None:
    """LEAD-13."""
    leads, cause = await stored(just_created_lead()), a_cause("key:1")
    await convert_lead(LEAD_ID, a_wish(), cause, leads=leads, new_id=ids())
    await deliver(leads, REACTIONS_TO[2][1])
    lead = await convert_lead(LEAD_ID, a_wish(), cause, leads=leads, new_id=ids())
    assert (lead.conversion.state, lead.conversion.attempt) == ("refused", 1)


async def wake_at(at: datetime, leads: Memory[Lead]) -> None:
    """What the waker does with the lead when it is due."""
    timers = (await leads.get(LEAD_ID)).timers
    for each in timers:
        cause = replace(a_cause(f"wake/{each.at}", actor=each.actor), traceparent=each.traceparent, roles=each.roles)
        if each.at <= at:
            await leads.change(LEAD_ID, partial(Lead.wake, timer_id=each.id, due=each.at, at=at), cause)


async def test_a_conversion_that_heard_nothing_asks_the_same_attempt_again_and_two_replicas_ask_once() -> None:
    """LEAD-13."""
    leads = await stored(converting("contact", "deal"))

    async def requests() -> int:
        return len([event for event in leads.said(LEAD_ID) if isinstance(event, LeadConversionRequested)])

    await wake_at(later(0.5), leads)
    assert await requests() == 1
    await wake_at(later(2), leads)
    await wake_at(later(2.5), leads)
    assert await requests() == 2
    first, second = (event for event in leads.said(LEAD_ID) if isinstance(event, LeadConversionRequested))
    assert first == second
    await deliver(leads, RESOLVED)
    await wake_at(later(5), leads)
    assert isinstance(leads.said(LEAD_ID)[-1], LeadDealRequested)


async def test_what_is_asked_again_belongs_to_the_trace_of_the_conversion() -> None:
    leads = await stored(just_created_lead())
    cause = replace(a_cause("request:2"), traceparent="00-of-the-conversion", roles=("sales",))
    await convert_lead(LEAD_ID, a_wish("contact"), cause, leads=leads, new_id=ids())
    await wake_at(later(2), leads)
    _, asked, asked_again = (entry["headers"] for entry in leads.documents[LEAD_ID]["outbox"])
    assert asked_again["ce_type"] == asked["ce_type"] == LeadConversionRequested.ce_type
    for name in ("traceparent", "ce_correlationid", "ce_actor", "ce_actorroles"):
        assert asked_again[name] == asked[name]


PUMP = ProductFacts("pump", "Pump", active=True, price=euros("550"))


async def new_lead(leads: Memory[Lead], wish: NewElement, key: str = "request:1") -> Lead:
    return await create_lead(
        LEAD_ID, wish, a_cause(key), leads=leads, collaborators=collaborators(PUMP), stages=LEAD_STAGES
    )


async def test_a_new_lead_belongs_to_whoever_entered_it_unless_somebody_else_is_named() -> None:
    """CMN-04."""
    assert (await new_lead(Memory(Lead), NewElement())).responsible_id == "anna"
    assert (await new_lead(Memory(Lead), NewElement(fields={"responsible_id": "bob"}))).responsible_id == "bob"


async def test_a_new_lead_comes_with_its_products_its_client_and_its_stage() -> None:
    """LEAD-01, LEAD-18."""
    wish = NewElement(rows=[NewRow("pump")], company_id="acme", stage_id="IN_PROCESS")
    lead = await new_lead(Memory(Lead), wish)
    assert (lead.rows[0].name, lead.amount, lead.stage_id) == ("Pump", euros("550.00"), "IN_PROCESS")
    assert (lead.client.link_state, lead.is_repeat) == ("pending", True)


async def test_a_lead_that_is_created_twice_by_one_request_is_one_lead() -> None:
    """CMN-03."""
    leads = Memory(Lead)
    first, second = await new_lead(leads, NewElement()), await new_lead(leads, NewElement())
    assert (first.number, second.number) == (1, 1)
    assert [type(event) for event in leads.said(LEAD_ID)] == [LeadCreated]


async def sell(leads: Memory[Lead], *wishes: NewRow, key: str = "request:2", **amount: Any) -> Lead:
    return await set_rows(
        LEAD_ID,
        wishes,
        a_cause(key),
        **{"amount": None, "is_manual_amount": None, **amount},
        elements=leads,
        products=Catalog(PUMP),
        new_id=ids("row"),
    )


async def test_setting_the_products_of_a_lead_sums_them_up_once() -> None:
    """ROW-01, ROW-02."""
    leads = await stored(just_created_lead())
    lead = await sell(leads, NewRow("pump"), NewRow(name="Advice"))
    assert (lead.amount, len(lead.rows)) == (euros("550.00"), 2)
    keeps = [NewRow("pump", id=lead.rows[0].id), NewRow(name="Advice", id=lead.rows[1].id)]
    assert (await sell(leads, *keeps, key="request:3")).version == lead.version
    assert [type(event) for event in leads.said(LEAD_ID)] == [LeadCreated, LeadProductRowsChanged]


async def test_a_wrong_row_leaves_all_rows_as_they_were() -> None:
    """ROW-01."""
    leads = await stored(just_created_lead())
    with pytest.raises(Invalid) as refused:
        await sell(leads, NewRow("pump"), NewRow("nothing"), NewRow())
    assert [error["field"] for error in refused.value.details["errors"]] == ["rows.1.product_id", "rows.2.name"]
    assert (await leads.get(LEAD_ID)).rows == ()


async def test_a_client_that_is_set_by_a_repeated_request_is_asked_for_once() -> None:
    """CLI-07."""
    leads, cause = await stored(just_created_lead()), a_cause("request:4")

    async def link(why: Any) -> Lead:
        rule: Callable[..., Any] = lambda client: set_company(client, "acme")  # noqa: E731
        setting: Awaitable[Lead] = set_client(LEAD_ID, rule, why, elements=leads)
        return await setting

    await link(cause)
    await link(cause)
    lead = await link(again(cause))
    assert lead.client.link_no == 1
    assert [type(event) for event in leads.said(LEAD_ID)] == [LeadCreated, LeadClientChanged]


async def test_a_lead_whose_deal_would_be_too_large_to_be_asked_for_is_not_converted() -> None:
    """LEAD-13: never half done. Its rows were stored before parts were bounded, and the rest came in by itself."""
    many = (a_row(f"row-{number}").model_copy(update={"name": "\u5024" * 255}) for number in range(500))
    leads = await stored(just_created_lead(priced=priced(*many)))
    for field in ("comments", "source_description"):
        await correct_element(
            LEAD_ID, {field: "\u5024" * 20_000}, a_cause(field), elements=leads, collaborators=collaborators()
        )
    said = leads.said(LEAD_ID)
    with pytest.raises(LeadTooLarge):
        await convert_lead(LEAD_ID, a_wish("contact", "deal"), a_cause("convert"), leads=leads, new_id=ids("id"))
    assert ((await leads.get(LEAD_ID)).conversion.state, leads.said(LEAD_ID)) == ("none", said)
    await convert_lead(LEAD_ID, a_wish("contact"), a_cause("no deal"), leads=leads, new_id=ids("id"))
    assert (await leads.get(LEAD_ID)).conversion.state == "running"


async def test_the_same_rows_again_are_no_change() -> None:
    """LEAD-10: an update that changes no value must not save or publish."""
    leads = await stored(just_created_lead())
    for key in ("request:1", "request:2"):
        await sell(leads, NewRow(name="Advice"), NewRow(name="Advice"), key=key)
    assert [type(event) for event in leads.said(LEAD_ID)] == [LeadCreated, LeadProductRowsChanged]
