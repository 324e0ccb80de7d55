"""Each promise is seen broken: by the log, by the data, or by both not being alike."""

from datetime import timedelta
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from crm_contracts.client_answers import ElementContactsResolved
from crm_contracts.conversions import ResolvedClient
from crm_contracts.envelope import Envelope, Event
from crm_contracts.recurrences import DealRecurringDue, DealRecurringExposed
from crm_contracts.values import ElementRef

from deploy.verify.conversions import Conversions
from deploy.verify.findings import Finding
from deploy.verify.links import Links
from deploy.verify.log import FirstOccurrences
from deploy.verify.names import NAMING_SERVICES, Names
from deploy.verify.outbox import Outbox
from deploy.verify.recurrences import Recurrences
from deploy.verify.removed_clients import RemovedClients
from deploy.verify.sequences import Sequences
from deploy.verify.stages import Stages
from deploy.verify.timeline import Timeline
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.deals.deal.domain.deal import Deal
from services.deals.pipeline.domain.pipeline import Pipeline
from services.leads.lead.domain.lead import Lead
from services.leads.stage.domain import LeadStages
from services.timeline.entry.domain.bindings import Bindings
from services.timeline.entry.domain.entry import Entry, entry_id
from services.timeline.entry.domain.entry import entries_of as timeline_entries_of
from shared.elements.domain.client_field import NewContactLink, remove_contact, set_company, set_contacts
from shared.kit.domain import derived_id
from tests.builders import templates
from tests.builders.causes import NOON, ids, later
from tests.builders.clients import just_created_company, just_created_contact, works_for
from tests.builders.deals import ASKED_BY, just_created_deal
from tests.builders.leads import a_wish, just_created_lead, wake
from tests.builders.templates import just_created_template, just_made_deal
from tests.builders.values import a_client, company_ref, contact_ref, deal_ref
from tests.cli.office import By, Office

PATIENCE = timedelta(minutes=10)


def told(findings: list[Finding]) -> list[str]:
    return [f"{finding.subject} {finding.detail}" for finding in findings]


# Sequences


@pytest.fixture
async def renamed() -> Office:
    """A lead that said four things."""
    office = Office()
    await office.add(just_created_lead())
    for title in ("A", "B", "C"):
        await office.change(Lead, "lead-1", lambda lead, by, title=title: lead.correct({"title": title}, **by))  # type: ignore[misc]
    return office


async def test_a_history_without_a_gap_is_as_it_must_be(renamed: Office) -> None:
    sequences = Sequences()
    assert renamed.judged(sequences) == []
    assert sequences.checked == 4


async def test_what_waits_in_the_outbox_continues_the_history(renamed: Office) -> None:
    renamed.wait("lead:lead-1", 2)
    assert renamed.judged(Sequences()) == []


async def test_an_event_that_was_published_and_not_yet_taken_out_is_no_other_event(renamed: Office) -> None:
    events = list(renamed.events)
    renamed.wait("lead:lead-1", 2)
    renamed.events = events
    assert renamed.judged(Sequences()) == []


async def test_a_gap_is_named_once(renamed: Office) -> None:
    del renamed.events[1]
    assert told(renamed.judged(Sequences())) == ["lead:lead-1 after event 1 comes event 3 on the topic"]


async def test_a_history_that_does_not_begin_at_its_beginning_has_a_gap(renamed: Office) -> None:
    del renamed.events[0]
    assert told(renamed.judged(Sequences())) == ["lead:lead-1 after the beginning comes event 2 on the topic"]


async def test_events_out_of_order_are_named(renamed: Office) -> None:
    renamed.events[1], renamed.events[2] = renamed.events[2], renamed.events[1]
    assert told(renamed.judged(Sequences())) == [
        "lead:lead-1 after event 1 comes event 3 on the topic",
        "lead:lead-1 after event 3 comes event 2 on the topic",
    ]


async def test_a_lost_last_event_is_missed_by_the_document(renamed: Office) -> None:
    del renamed.events[-1]
    assert told(renamed.judged(Sequences())) == [
        "lead:lead-1 events counted by the document: 4, on the topic: 3, waiting: 0"
    ]


async def test_events_without_a_document_are_named(renamed: Office) -> None:
    renamed.documents.clear()
    assert told(renamed.judged(Sequences())) == ["lead:lead-1 events on the topic: 4, but there is no document"]


async def test_answers_belong_to_no_history(renamed: Office) -> None:
    renamed.say(ElementContactsResolved(element=deal_ref(), link_no=1, company=company_ref()))
    assert renamed.judged(Sequences()) == []


# Conversions


def conversions(minutes: float = 0) -> Conversions:
    return Conversions(now=later(minutes), patience=PATIENCE)


async def convert(office: Office, *, is_open: bool = False) -> None:
    """Lead 1 becomes Ada of ACME and deal 1."""
    await office.add(just_created_lead())

    def start(lead: Lead, by: By) -> None:
        wish = a_wish("contact", "company", "deal")
        lead.start_conversion(wish, new_id=ids("conversion"), correlation_id="chain-1", **by)

    def resolve(lead: Lead, by: By) -> None:
        lead.resolve_client("conversion-1", 1, ResolvedClient(contact=contact_ref(), company=company_ref()), **by)

    await office.change(Lead, "lead-1", start, resolve)
    await office.add(just_created_contact())
    await office.add(just_created_company())
    if not is_open:
        await office.add(just_created_deal("conversion-4", conversion=ASKED_BY))
        ref = deal_ref("conversion-4")
        await office.change(Lead, "lead-1", lambda lead, by: lead.open_deal("conversion-1", 1, ref, **by))


async def test_a_converted_lead_with_one_deal_a_contact_and_a_company_is_as_it_must_be() -> None:
    office, found = Office(), conversions()
    await convert(office)
    assert office.judged(found) == []
    assert (found.checked, found.counts) == (1, {"conversions done": 1})


@pytest.mark.parametrize("subject", ["contact:ada", "company:acme"])
async def test_a_client_that_is_not_there_is_missed(subject: str) -> None:
    """LEAD-14."""
    office = Office()
    await convert(office)
    del office.documents[subject]
    assert told(office.judged(conversions())) == [f"lead:lead-1 names {subject}, which is not there"]


async def test_a_converted_lead_without_its_deal_is_named() -> None:
    """LEAD-11."""
    office = Office()
    await convert(office)
    del office.documents["deal:conversion-4"]
    assert told(office.judged(conversions())) == [
        "lead:lead-1 was converted into deal conversion-4, but has none",
    ]


async def test_a_second_deal_of_a_conversion_is_named_on_both_sides() -> None:
    """LEAD-13."""
    office = Office()
    await convert(office)
    await office.add(just_created_deal("other", conversion=ASKED_BY))
    assert told(office.judged(conversions())) == [
        "lead:lead-1 was converted into deal conversion-4, but has conversion-4, other",
        "deal:other comes from lead:lead-1, which does not name it",
    ]


async def test_a_deal_of_a_lead_that_was_never_converted_is_named() -> None:
    office = Office()
    await office.add(just_created_lead())
    await office.add(just_created_deal(conversion=ASKED_BY))
    assert told(office.judged(conversions())) == ["deal:deal-1 comes from lead:lead-1, which does not name it"]


async def test_a_running_conversion_is_counted_and_its_deal_may_be_there() -> None:
    office, found = Office(), conversions(minutes=5)
    await convert(office, is_open=True)
    await office.add(just_created_deal(derived_id("proposed", "conversion-1", 1, "deal"), conversion=ASKED_BY))
    assert office.judged(found) == []
    assert found.counts == {"conversions running": 1}


async def test_a_deal_that_came_after_its_lead_had_given_up_is_as_it_must_be() -> None:
    """LEAD-13: the next attempt finds it; only a conversion that has ended without a deal may have none."""
    office = Office()
    await convert(office, is_open=True)
    reason = {"code": "no_answer", "message": "no"}
    await office.change(Lead, "lead-1", lambda lead, by: lead.refuse_conversion("conversion-1", 1, **reason))
    late = derived_id("proposed", "conversion-1", 1, "deal")
    await office.add(just_created_deal(late, conversion=ASKED_BY))
    assert office.judged(conversions()) == []

    def start(lead: Lead, by: By) -> None:
        lead.start_conversion(a_wish("contact"), new_id=ids("again"), correlation_id="chain-2", **by)

    await office.change(Lead, "lead-1", start)
    assert told(office.judged(conversions())) == [f"lead:lead-1 was converted into no deal, but has {late}"]


@pytest.mark.parametrize(
    ("is_converted", "wrong"),
    [
        (True, {"stage_id": "JUNK", "stage_semantic": "F"}),
        (True, {"converted": False}),
        (False, {"stage_id": "CONVERTED", "stage_semantic": "S"}),
        (False, {"converted": True}),
    ],
)
async def test_a_lead_whose_stage_and_conversion_disagree_is_named(*, is_converted: bool, wrong: Any) -> None:
    """LEAD-11: else every funnel counts wrong."""
    office = Office()
    await (convert(office) if is_converted else office.add(just_created_lead()))
    assert office.judged(conversions()) == []
    office.documents["lead:lead-1"] |= wrong
    assert told(office.judged(conversions())) == [
        "lead:lead-1 its stage and its conversion disagree on whether it was converted"
    ]


async def test_a_lead_that_was_converted_elsewhere_is_as_it_must_be() -> None:
    """LEAD-11."""
    office = Office()
    await office.add(just_created_lead(stage_id="CONVERTED", converted_elsewhere=True))
    assert office.judged(conversions()) == []


async def test_a_conversion_that_stands_still_is_named_however_often_it_asked_again() -> None:
    """LEAD-13: silence never fails a conversion, so nobody else would tell."""
    office = Office()
    await convert(office, is_open=True)
    await office.change(Lead, "lead-1", lambda lead, _: wake(lead, at=later(600)))
    assert told(office.judged(conversions(minutes=15))) == ["lead:lead-1 is being converted for more than 14 minutes"]


# Links


def links(minutes: float = 0) -> Links:
    return Links(now=later(minutes), patience=PATIENCE)


def link(deal: Deal, by: By) -> None:
    deal.set_client(set_company(deal.client, "acme"), **by)


def attach(deal: Deal, by: By) -> None:
    deal.attach_contacts(
        link_no=deal.client.link_no,
        company=company_ref(),
        contacts=(contact_ref("ada"), contact_ref("bob")),
        truncated=False,
        **by,
    )


@pytest.fixture
async def linked() -> Office:
    """A deal with ACME and its two contacts."""
    office = Office()
    await office.add(just_created_deal())
    await office.change(Deal, "deal-1", link)
    both = (contact_ref("ada"), contact_ref("bob"))
    office.say(ElementContactsResolved(element=deal_ref(), link_no=1, company=company_ref(), contacts=both))
    await office.change(Deal, "deal-1", attach)
    return office


async def test_attached_contacts_that_the_log_tells_of_are_as_they_must_be(linked: Office) -> None:
    """CLI-07."""
    found = links(minutes=60)
    assert linked.judged(found) == []
    assert found.checked == 1


async def test_contacts_that_people_removed_or_touched_are_not_missed(linked: Office) -> None:
    await linked.change(
        Deal,
        "deal-1",
        lambda deal, by: deal.set_client(remove_contact(deal.client, "bob"), **by),
        lambda deal, by: deal.set_client(set_contacts(deal.client, [NewContactLink("ada")]), **by),
    )
    assert linked.judged(links()) == []


async def test_a_contact_that_the_document_lost_is_missed(linked: Office) -> None:
    client = linked.documents["deal:deal-1"]["client"]
    linked.documents["deal:deal-1"]["client"] = {**client, "contacts": client["contacts"][:1]}
    assert told(linked.judged(links())) == ["deal:deal-1 has not the company and the contacts of it that it said"]


async def test_contacts_that_nobody_answered_are_named(linked: Office) -> None:
    linked.events = [event for event in linked.events if not isinstance(event.data, ElementContactsResolved)]
    assert told(linked.judged(links())) == ["deal:deal-1 took contacts of company:acme, which no event names"]


async def test_a_contact_that_was_answered_and_not_attached_is_missed() -> None:
    office = Office()
    await office.add(just_created_deal())
    three = tuple(map(contact_ref, ("ada", "bob", "eve")))
    office.say(ElementContactsResolved(element=deal_ref(), link_no=1, company=company_ref(), contacts=three))
    await office.change(Deal, "deal-1", link, attach)
    assert told(office.judged(links())) == ["deal:deal-1 lacks contacts that company:acme had when it was linked"]


async def test_of_two_answers_to_one_link_either_may_have_come_first(linked: Office) -> None:
    """A link whose field is corrected while it waits is asked for twice."""
    three = tuple(map(contact_ref, ("ada", "bob", "eve")))
    linked.say(ElementContactsResolved(element=deal_ref(), link_no=1, company=company_ref(), contacts=three))
    linked.events.insert(0, linked.events.pop())
    assert linked.judged(links()) == []


async def test_a_link_is_pending_for_a_while_and_then_stands_still() -> None:
    office = Office()
    await office.add(just_created_deal())
    await office.change(Deal, "deal-1", link)
    soon, late = links(minutes=5), links(minutes=15)
    assert office.judged(soon) == []
    assert soon.counts == {"links pending": 1}
    assert told(office.judged(late)) == ["deal:deal-1 waits in vain for an answer about the clients that it links"]


# RemovedClients


async def test_whoever_links_somebody_who_is_gone_is_named() -> None:
    office = Office()
    await office.add(just_created_contact("ada", works_for("acme")))
    await office.add(just_created_company("acme"))
    await office.add(just_created_deal(client=a_client("ada", company_id="acme")))
    removed_clients = RemovedClients()
    assert office.judged(removed_clients) == []
    assert removed_clients.checked == 3
    for kind, id_ in ((Contact, "ada"), (Company, "acme")):
        await office.change(kind, id_, lambda found, by: found.delete(**by))
    assert told(office.judged(RemovedClients())) == [
        "deal:deal-1 links company:acme, which is deleted",
        "deal:deal-1 links contact:ada, which is deleted",
    ]


async def test_a_merge_without_an_end_is_named() -> None:
    """DUP-02."""
    office = Office()
    await office.add(just_created_contact())
    other = just_created_contact("eve", number=2)
    await office.change(Contact, "ada", lambda found, by: found.begin_merge("m1", [other], {}, **by))
    assert told(office.judged(RemovedClients())) == ["contact:ada takes over others without an end"]


# Outbox


async def test_an_event_may_wait_for_a_minute_and_no_longer(renamed: Office) -> None:
    renamed.wait("lead:lead-1", 2)
    renamed.documents["lead:lead-1"]["due"] = NOON
    soon = Outbox(now=later(3))
    assert renamed.judged(soon) == []
    assert soon.counts == {"events waiting to be published": 2}
    assert told(renamed.judged(Outbox(now=later(3.1)))) == [
        "lead:lead-1 an event waits to be published since 2026-03-02 12:02:00"
    ]


async def test_an_event_that_kafka_refuses_is_said_to_be_held_back(renamed: Office) -> None:
    renamed.wait("lead:lead-1", 1)
    renamed.documents["lead:lead-1"]["quarantined"] = {"type": "crm.lead.updated.v1"}
    (finding,) = renamed.judged(Outbox(now=later(60)))
    assert finding.detail.endswith("Kafka refuses it, see `crm outbox list`")


async def test_an_event_that_no_sweep_will_find_is_named_at_once(renamed: Office) -> None:
    renamed.wait("lead:lead-1", 1)
    assert told(renamed.judged(Outbox(now=later(3)))) == [
        "lead:lead-1 events wait that no sweep will find: `due` is not set"
    ]


# Timeline


def entries_of(events: list[Envelope[Event]]) -> list[Entry]:
    return [entry for event in events for entry in timeline_entries_of(event)]


def copied(entry: Entry) -> Entry:
    """The entry as it shows on a lead that it was bound to by hand."""
    lead = ElementRef(type="lead", id="lead-1")
    return entry.model_copy(update={"id": entry_id(entry.event_id, lead), "element": lead, "bound_by_hand": True})


def judged(events: list[Envelope[Event]], entries: list[Entry]) -> list[str]:
    timeline = Timeline()
    for event in events:
        timeline.take_event(event)
    for entry in entries:
        timeline.take_entry(entry)
    return told(list(timeline.broken()))


async def test_every_event_told_once_to_each_element_is_as_it_must_be(linked: Office) -> None:
    """TL-01."""
    entries = entries_of(linked.events)
    assert {str(entry.element) for entry in entries} == {"deal:deal-1", "company:acme", "contact:ada", "contact:bob"}
    assert judged(linked.events, entries) == []


async def test_a_missing_entry_is_named_with_its_element(linked: Office) -> None:
    entries = entries_of(linked.events)
    gone = next(entry for entry in entries if str(entry.element) == "contact:bob")
    entries.remove(gone)
    assert judged(linked.events, entries) == [f"contact:bob there is no entry of event {gone.event_id}"]


async def test_an_entry_that_no_event_tells_is_named(linked: Office) -> None:
    foreign = entries_of(linked.events)[0].model_copy(update={"id": "e:deal:deal-1", "event_id": "e"})
    assert judged(linked.events, [*entries_of(linked.events), foreign]) == [
        "deal:deal-1 an entry of event e does not come from its event"
    ]


@pytest.mark.parametrize("change", [{"text": "nothing"}, {"payload": {}}, {"occurred_at": NOON}, {"kind": "other"}])
async def test_an_entry_that_says_something_else_is_named(linked: Office, change: dict[str, Any]) -> None:
    """TL-11: it can be told anew from its event, and would be the same."""
    *others, last = entries_of(linked.events)
    assert judged(linked.events, [*others, last.model_copy(update=change)]) == [
        f"{last.element} the entry of event {last.event_id} differs from its event"
    ]


@pytest.fixture
async def bound(linked: Office) -> Office:
    """The first event of the deal shows at a lead as well."""
    event_id = linked.events[0].id
    id_ = Bindings.id_for(event_id)
    await linked.add(Bindings(id=id_, event_id=event_id))
    lead = ElementRef(type="lead", id="lead-1")
    await linked.change(Bindings, id_, lambda bindings, _: bindings.bind(lead, named=[deal_ref()]))
    return linked


async def test_a_copy_that_was_bound_by_hand_must_be_there_and_be_like_its_original(bound: Office) -> None:
    """TL-05."""
    entries = entries_of(bound.events)
    copy = copied(entries[0])
    assert judged(bound.events, [*entries, copy]) == []
    missing = f"lead:lead-1 there is no entry of event {copy.event_id}, which was bound to it"
    assert judged(bound.events, entries) == [missing]
    other = copy.model_copy(update={"text": "nothing"})
    unlike = f"lead:lead-1 the copied entry of event {copy.event_id} is not like the original"
    assert judged(bound.events, [*entries, other]) == [unlike]


async def test_a_copy_that_nobody_bound_is_named(linked: Office) -> None:
    entries = entries_of(linked.events)
    copy = copied(entries[0])
    assert judged(linked.events, [*entries, copy]) == [
        f"lead:lead-1 an entry of event {copy.event_id} was bound to it by no event"
    ]


# The log


def record(headers: dict[str, str | None], value: bytes | None) -> "ConsumerRecord[bytes, bytes]":
    pairs = tuple((name, None if text is None else text.encode()) for name, text in headers.items())
    return ConsumerRecord("t", 0, 0, 0, 0, b"k", value, 0, 1, 1, pairs)


async def test_an_event_counts_once_and_poison_never(renamed: Office) -> None:
    first, *others = renamed.events
    records = [
        record(dict(first.headers()), first.body()),
        record({"ce_type": None}, b"x"),
        record(dict(first.headers()), b"{"),
        record({**first.headers(), "ce_type": "crm.lead.created.v9"}, first.body()),
        record({}, None),
        *(record(dict(event.headers()), event.body()) for event in (*others, first, *others)),
    ]
    occurrences = FirstOccurrences()
    assert [event.id for event in occurrences.of(records)] == [event.id for event in (first, *others)]
    assert occurrences.counts == {
        "events": 4,
        "repeated deliveries": 4,
        "records that are no events": 3,
        "events of unknown types": 1,
    }


# Names


@pytest.fixture
async def named() -> Office:
    """Ada, who is renamed, ACME, and Bob, who is deleted."""
    office = Office()
    await office.add(just_created_contact())
    await office.add(just_created_contact("bob"))
    await office.add(just_created_company())
    await office.change(Contact, "ada", lambda ada, by: ada.correct({"last_name": "King"}, **by))
    await office.change(Contact, "bob", lambda bob, by: bob.delete(**by))
    return office


def judge_names(office: Office, **kept: str | None) -> list[str]:
    """What is found where every service keeps these names, but for `:` in ids."""
    names = Names()
    for service in NAMING_SERVICES:
        for client, title in kept.items():
            names.take_name(service, {"_id": client.replace("_", ":"), "title": title})
    return sorted(told(office.judged(names)))


async def test_services_that_keep_the_newest_names_are_as_they_must_be(named: Office) -> None:
    """CLI-01."""
    assert NAMING_SERVICES == ["deals", "leads"]
    assert judge_names(named, contact_ada="Ada King", company_acme="ACME GmbH", contact_bob=None) == []


async def test_an_old_a_missing_and_an_invented_name_are_told_of_each_service(named: Office) -> None:
    """CLI-01: and of one that is deleted no name remains; no finding quotes one."""
    found = judge_names(named, contact_ada="Ada Lovelace", contact_bob="Ada Lovelace", contact_eve="Eve")
    assert found == [
        "company:acme deals has not heard of its name",
        "company:acme leads has not heard of its name",
        "contact:ada deals shows another name than its events tell",
        "contact:ada leads shows another name than its events tell",
        "contact:bob deals shows another name than its events tell",
        "contact:bob leads shows another name than its events tell",
        "contact:eve deals shows a name that no event tells",
        "contact:eve leads shows a name that no event tells",
    ]


# Stages


def stages(minutes: float = 60) -> Stages:
    return Stages(now=later(minutes), patience=PATIENCE)


async def an_office_with_stages() -> Office:
    office = Office()
    await office.add(LeadStages.create())
    await office.add(Pipeline.create("default", "Deals", 500))
    await office.add(just_created_lead())
    await office.add(just_created_deal("deal-1"))
    assert office.judged(stages()) == []
    return office


@pytest.mark.parametrize(
    ("subject", "wrong", "found"),
    [
        ("lead:lead-1", {"stage_id": "TALKS"}, "dictionary:lead_stage has no stage TALKS (P), on which"),
        ("lead:lead-1", {"stage_semantic": "F"}, "dictionary:lead_stage has no stage NEW (F), on which"),
        ("deal:deal-1", {"stage_id": "TALKS"}, "pipeline:default has no stage TALKS (P), on which"),
        ("deal:deal-1", {"pipeline_id": "gone"}, "pipeline:gone has no stage NEW (P), on which"),
    ],
)
async def test_an_element_on_a_stage_that_there_is_not_is_named(subject: str, wrong: Any, found: str) -> None:
    """LEAD-06, DEAL-06, PIPE-06: but one that came there a moment ago is still to be moved."""
    office = await an_office_with_stages()
    office.documents[subject] |= wrong
    assert told(office.judged(stages())) == [f"{found} {subject} stands"]
    assert office.judged(stages(0)) == []
    office.documents[subject] |= {"deleted_at": later(1)}
    assert office.judged(stages()) == []


async def test_elements_on_a_stage_that_there_is_not_are_counted() -> None:
    office = await an_office_with_stages()
    await office.add(just_created_lead("lead-2"))
    office.documents["dictionary:lead_stage"] |= {"values": ()}
    expected = "dictionary:lead_stage has no stage NEW (P), on which lead:lead-1 stands and 1 more"
    assert told(office.judged(stages())) == [expected]


# Recurrences


def recurrences(minutes: float = 0) -> Recurrences:
    return Recurrences(now=later(minutes), patience=PATIENCE)


@pytest.fixture
async def recurring() -> Office:
    """A template with a deal for the date that has come."""
    office = Office()
    await office.add(just_created_template(at=office.now))
    await office.change(Deal, "template-1", lambda deal, by: templates.wake(deal, at=by["at"]))
    await office.add(just_made_deal(due_in(office), at=office.now))
    return office


def due_in(office: Office) -> DealRecurringDue:
    return next(event.data for event in office.events if isinstance(event.data, DealRecurringDue))


async def test_a_template_with_the_deal_that_it_asked_for_is_as_it_must_be(recurring: Office) -> None:
    invariant = recurrences(60)
    assert recurring.judged(invariant) == []
    assert (invariant.checked, dict(invariant.counts)) == (1, {"templates": 1, "deals made from templates": 1})


async def test_what_waits_in_an_outbox_counts(recurring: Office) -> None:
    recurring.wait(f"deal:{due_in(recurring).proposed_deal_id}", 2)
    recurring.wait("deal:template-1", 1)
    assert recurring.judged(recurrences(60)) == []


async def test_a_date_without_its_deal_is_found_once_the_patience_is_over(recurring: Office) -> None:
    deal = due_in(recurring).proposed_deal_id
    recurring.events = [event for event in recurring.events if event.subject != deal]
    del recurring.documents[f"deal:{deal}"]
    assert recurring.judged(recurrences(5)) == []
    assert told(recurring.judged(recurrences(60))) == ["deal:template-1 has no deal for 2026-03-02, which has come"]


async def test_a_deal_that_no_date_asked_for_is_found(recurring: Office) -> None:
    deal = due_in(recurring).proposed_deal_id
    recurring.events = [event for event in recurring.events if not isinstance(event.data, DealRecurringDue)]
    found = [f"deal:{deal} was made for 2026-03-02, which deal:template-1 never asked for"]
    assert told(recurring.judged(recurrences(60))) == found


async def test_a_deal_that_is_another_ones_is_found(recurring: Office) -> None:
    deal = due_in(recurring).proposed_deal_id
    recurring.events = [event for event in recurring.events if not isinstance(event.data, DealRecurringExposed)]
    found = [f"deal:{deal} is not the deal of deal:template-1 for 2026-03-02"]
    assert told(recurring.judged(recurrences(60))) == found


async def test_a_deal_of_what_is_no_template_is_found(recurring: Office) -> None:
    deal = due_in(recurring).proposed_deal_id
    recurring.documents["deal:template-1"]["is_recurring"] = False
    found = [f"deal:{deal} was made from deal:template-1, which is no template"]
    assert told(recurring.judged(recurrences(60))) == found
