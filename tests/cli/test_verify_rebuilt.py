"""State is rebuilt from events: every field of every aggregate, or there is a reason why not."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from crm_contracts.client_answers import CheckedContact
from crm_contracts.clients import ClientMergeRequested, RequisiteEvent
from crm_contracts.conversions import ResolvedClient
from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import Answer
from crm_contracts.recurrences import DealRecurringDue
from crm_contracts.registry import EVENTS
from crm_contracts.requisites import Requisite, RequisiteChoice
from crm_contracts.settings import MODE, ModeConversion
from crm_contracts.values import ConversionTarget, ElementRef, OnDuplicate

from deploy.verify.aggregates import AGGREGATES, STORED, noun_of
from deploy.verify.rebuilt import FOLDS, fold
from deploy.verify.special_folds import UNKNOWN
from deploy.verify.state import State
from services.catalog.access.domain.department import Department
from services.catalog.access.domain.role import Role
from services.catalog.dictionary.domain.dictionary import Dictionary
from services.catalog.product.domain.product import Product
from services.clients.conversion.domain.decision import decide
from services.clients.conversion.domain.resolution import Resolution
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.deals.deal.domain.deal import Deal
from services.deals.deal.domain.refusal import Refusal
from services.deals.pipeline.domain.pipeline import Pipeline
from services.leads.lead.domain.conversion import Conversion
from services.leads.lead.domain.lead import Lead
from services.leads.mode.domain import CrmMode, Switched
from services.leads.stage.domain import LeadStages
from services.timeline.entry.domain.bindings import Bindings
from shared.elements.domain.client_field import NewContactLink, add_contact, remove_contact, set_company
from shared.kit.domain import Aggregate
from tests.builders import templates
from tests.builders.causes import ANNA, NOON, ids, later
from tests.builders.clients import a_contact, just_created_company, just_created_contact
from tests.builders.deals import ASKED_BY, DEAL_STAGES, just_created_deal
from tests.builders.leads import LEAD_REF, LEAD_STAGES, a_person, a_question, a_wish, just_created_lead, wake
from tests.builders.templates import a_schedule, just_created_template, just_made_deal
from tests.builders.values import a_client, a_phone, a_row, company_ref, contact_ref, deal_ref, priced
from tests.cli.office import By, Office
from tests.timeline.events import sampled


def start(lead: Lead, by: By, *targets: ConversionTarget) -> None:
    lead.start_conversion(a_wish(*targets), new_id=ids(), correlation_id="chain-1", **by)


def resolve(lead: Lead, by: By, *, attempt: int = 1) -> None:
    found = ResolvedClient(contact=contact_ref(), duplicates=(contact_ref("bob"),))
    lead.resolve_client("id-1", attempt, found, **by)


def refuse(lead: Lead, _: By, *, attempt: int = 1) -> None:
    lead.refuse_conversion("id-1", attempt, code="no", message="No.", candidates=(contact_ref("bob"),))


def attach(element: Lead | Deal, by: By) -> None:
    link_no = element.client.link_no
    found = (contact_ref("eve"), contact_ref("bob"))
    element.attach_contacts(link_no=link_no, company=company_ref(), contacts=found, truncated=False, **by)


def link_unknown(element: Lead | Deal, by: By) -> None:
    element.set_client(add_contact(element.client, NewContactLink("nada")), **by)


def refuse_contact(element: Lead | Deal, by: By) -> None:
    checked = (CheckedContact(contact_id="nada"),)
    element.check_contacts(link_no=element.client.link_no, checked=checked, **by)


def refuse_company(element: Lead | Deal, by: By) -> None:
    element.refuse_company(link_no=element.client.link_no, company=company_ref(), code="company_not_found", **by)


def link(element: Lead | Deal, by: By) -> None:
    element.set_client(set_company(element.client, "acme"), **by)


def clear(element: Lead | Deal, by: By) -> None:
    element.set_client(set_company(element.client, None), **by)


C = TypeVar("C", Contact, Company)


async def merged(office: Office, kind: type[C], other: C, into: str) -> None:
    await office.add(other)
    await office.change(kind, into, lambda survivor, by: survivor.begin_merge("m1", [other], {}, **by))
    await office.change(
        kind, other.id, lambda found, by: found.end_in(ElementRef(type=kind.__name__.lower(), id=into), **by)
    )
    await office.change(kind, into, lambda survivor, by: survivor.finish_merge("m1", {other.id}, **by))


PARTNERS = Pipeline.create("partners", "Partners", 10).stage_set


async def switch_mode(office: Office) -> None:
    await office.add(CrmMode.create("classic", by=ANNA, at=office.now))
    terms = ModeConversion(client="both")
    switched = Switched(run_id="r", at=office.now, actor=ANNA, is_restricted=False, correlation_id="c")
    await office.change(CrmMode, MODE, lambda mode, _: mode.switch("simple", terms, switched, allows_classic=True))


async def a_busy_office() -> Office:
    """One where everything happens that any event tells of."""
    office = Office()
    await office.add(just_created_lead(**a_person()))
    await office.change(
        Lead,
        "lead-1",
        lambda lead, by: lead.correct({"title": "More pumps", "comments": None, "responsible_id": "bob"}, **by),
        lambda lead, by: lead.set_rows(priced(a_row(), amount="10"), **by),
        lambda lead, by: lead.move(LEAD_STAGES.get("JUNK"), LEAD_STAGES.first, **by),
        lambda lead, by: lead.move(LEAD_STAGES.get("IN_PROCESS"), LEAD_STAGES.first, **by),
        link,
        refuse_company,
        link_unknown,
        refuse_contact,
        lambda lead, by: start(lead, by, "contact", "deal"),
        lambda lead, _: wake(lead, at=later(600)),
        refuse,
        lambda lead, by: start(lead, by, "contact", "deal"),
        lambda lead, by: resolve(lead, by, attempt=2),
        lambda lead, _: wake(lead, at=later(600)),
        lambda lead, by: refuse(lead, by, attempt=2),
        lambda lead, by: start(lead, by, "contact", "deal"),
        lambda lead, by: lead.open_deal("id-1", 3, deal_ref(), **by),
        link,
        attach,
    )
    await office.add(just_created_deal(conversion=ASKED_BY, client=a_client("ada")))
    await office.change(
        Deal,
        "deal-1",
        lambda deal, by: deal.correct({"title": "Pumps", "additional_info": "soon", "responsible_id": "bob"}, **by),
        lambda deal, by: deal.set_rows(priced(a_row(), amount="10"), **by),
        lambda deal, by: deal.move(DEAL_STAGES.get("WON"), DEAL_STAGES.first, **by),
        lambda deal, by: deal.move(DEAL_STAGES.get("LOSE"), DEAL_STAGES.first, **by),
        lambda deal, by: deal.move(DEAL_STAGES.first, DEAL_STAGES.first, **by),
        lambda deal, by: deal.move_to_pipeline("partners", PARTNERS.get("WON"), PARTNERS.first, **by),
        lambda deal, by: deal.move(PARTNERS.first, PARTNERS.first, **by),
        link,
        attach,
        clear,
        link,
        refuse_company,
        link_unknown,
        refuse_contact,
        lambda deal, by: deal.set_client(add_contact(deal.client, NewContactLink("zoe")), **by),
        lambda deal, by: deal.choose_requisites(RequisiteChoice(requisite_id="r2", mc_requisite_id="m1"), **by),
        lambda deal, by: deal.confirm_requisites(choice_no=1, **by),
        lambda deal, by: deal.set_client(remove_contact(deal.client, "zoe"), **by),
        lambda deal, by: deal.refuse_requisites(choice_no=2, code="requisite_not_found", field="requisite_id", **by),
        lambda deal, by: deal.choose_requisites(RequisiteChoice(mc_requisite_id="m1"), **by),
    )
    await office.add(just_created_template(at=office.now))
    await office.change(
        Deal,
        "template-1",
        lambda deal, by: deal.reschedule(a_schedule(time_of_day=f"{by['at']:%H:%M}"), **by),
        lambda deal, by: templates.wake(deal, at=by["at"]),
    )
    (due,) = [event.data for event in office.events if isinstance(event.data, DealRecurringDue)]
    await office.add(just_made_deal(due, at=office.now))
    await office.add(just_created_lead("lead-2"))
    await office.add(just_created_deal("deal-2"))
    await office.change(
        Lead,
        "lead-2",
        lambda lead, by: start(lead, by, "contact", "deal"),
        refuse,
        lambda lead, by: lead.delete(**by),
    )
    await office.change(Deal, "deal-2", link, lambda deal, by: deal.delete(**by))
    await office.add(just_created_contact())
    await office.change(
        Contact,
        "ada",
        lambda contact, by: contact.correct({"position": "Engineer", "responsible_id": "bob"}, **by),
        lambda contact, by: contact.link(company_ref(), position=10, **by),
        lambda contact, by: contact.link(company_ref("other"), position=10, is_primary=True, **by),
        lambda contact, by: contact.unlink("acme", **by),
        lambda contact, by: contact.add_requisite(
            Requisite(id="r2", name="Home", preset_id="contact-de", address_only=False), key="k2", **by
        ),
    )
    await office.add(just_created_contact("bob", number=9, phones=(a_phone(),)))
    await office.change(Contact, "bob", lambda contact, by: contact.delete(**by))
    await merged(office, Contact, just_created_contact("eve", number=8, responsible_id="bob"), "ada")
    await office.add(just_created_company("gone", number=9))
    await office.change(Company, "gone", lambda company, by: company.delete(**by))
    await office.add(just_created_company())
    office_in_berlin = Requisite(id="r1", name="Berlin", preset_id="company-de", address_only=False)
    await office.change(
        Company,
        "acme",
        lambda company, by: company.correct({"industry": "IT", "responsible_id": "bob"}, **by),
        lambda company, by: company.add_requisite(office_in_berlin, key="k1", **by),
        lambda company, by: company.change_requisite(
            office_in_berlin.model_copy(update={"name": "Munich"}), key="k1", **by
        ),
        lambda company, by: company.remove_requisite("r1", **by),
    )
    await merged(
        office, Company, just_created_company("acme-2", number=8, comments="The same.", responsible_id="bob"), "acme"
    )
    await office.add(Product.create("p1", 7, "default", {"name": "GTX"}, by=ANNA, at=office.now))
    await office.change(Product, "p1", lambda product, by: product.correct({"name": "GTX Pro"}, **by))
    await office.add(Dictionary.create("salutation"))
    await office.change(
        Dictionary,
        "salutation",
        lambda dictionary, _: dictionary.add_value("DR", "Dr.", 10),
        lambda dictionary, _: dictionary.change_value("DR", {"sort": 30}),
        lambda dictionary, _: dictionary.change_value("MR", {"name": "Mister", "sort": 40}),
        lambda dictionary, _: dictionary.delete_value("MS", by_force=True),
    )
    await office.add(LeadStages.create())
    await office.change(
        LeadStages,
        "lead_stage",
        lambda stages, _: stages.add_stage("TALKS", "Talks", "P", sort=20),
        lambda stages, _: stages.change_stage("TALKS", {"sort": 30, "name": "Negotiation", "color": "#112233"}),
        lambda stages, _: stages.change_stage("JUNK", {"sort": 60}),
        lambda stages, _: stages.close_stage("IN_PROCESS", forced=False, now=NOON),
        lambda stages, _: stages.delete_stage("IN_PROCESS", forced=False, now=NOON),
    )
    await switch_mode(office)
    for kind in (Role, Department):
        await office.add(kind.create("sales", {"name": "Sales"}))
        await office.add(kind.create("trade", {"name": "Trade"}))
        await office.change(
            kind,
            "trade",
            lambda record, _: record.correct({"name": "Old trade"}),
            lambda record, by: record.delete(at=by["at"]),
        )
    await office.add(Pipeline.create("partners", "Partners", 10))
    await office.add(Pipeline.create("trade", "Trade", 20))
    await office.change(
        Pipeline,
        "trade",
        lambda pipeline, _: pipeline.add_stage("TALKS", "Talks", "P"),
        lambda pipeline, by: (pipeline.close(now=by["at"]), pipeline.delete(at=by["at"], now=by["at"])),
    )
    await office.add(Refusal.create(LEAD_REF, ASKED_BY, code="pipeline_not_found", message="No.", at=office.now))
    policies: Sequence[OnDuplicate] = ("reject", "link")
    for attempt, policy in enumerate(policies, start=1):
        asked = a_question("contact", attempt=attempt, on_duplicate=policy)
        contact = contact_ref("bob") if policy == "link" else None
        resolution = Resolution.create(asked, decide(asked, [a_contact("bob", phones=(a_phone(),))], []), at=office.now)
        await office.add(resolution)
        await office.change(
            Resolution,
            resolution.id,
            lambda found, _, contact=contact: found.finish(to="c", contact=contact, company=None),  # type: ignore[misc]
        )
    told = [ElementRef(type="lead", id="lead-1")]
    await office.add(Bindings(id="b1", event_id="e1"))
    await office.change(
        Bindings,
        "b1",
        lambda bindings, _: bindings.bind(deal_ref(), named=told),
        lambda bindings, _: bindings.bind(company_ref(), named=told),
        lambda bindings, _: bindings.unbind(deal_ref(), named=told),
    )
    return office


async def test_whatever_happens_its_events_tell_what_became_of_it() -> None:
    office = await a_busy_office()
    assert {type(event.data) for event in office.events} == set(FOLDS)
    assert office.judged(State()) == []


async def test_what_waits_in_the_outbox_is_told_as_well() -> None:
    office = await a_busy_office()
    for subject, count in (("lead:lead-1", 3), ("deal:deal-1", 4), ("company:acme", 2)):
        office.wait(subject, count)
    assert office.judged(State()) == []


def test_every_event_is_an_aggregates_or_an_answer() -> None:
    answers = {event for event in EVENTS.values() if issubclass(event, Answer)}
    assert set(FOLDS) | answers == set(EVENTS.values())
    assert {type(event.data) for event in map(sampled, answers) if event.sequence} == set(FOLDS) & answers


KINDS: Sequence[type[Aggregate]] = (
    Lead,
    Deal,
    Refusal,
    Contact,
    Company,
    Resolution,
    Product,
    Dictionary,
    LeadStages,
    CrmMode,
    Role,
    Department,
    Pipeline,
    Bindings,
)
_COUNTERS = {
    "version": "counts writes, also those without an event",
    "sequence": "an invariant of its own",
}
BOOKKEEPING = {**_COUNTERS, "deleted_at": "nothing of its kind is deleted yet"}
_CLOSINGS = {
    "closing": "what no element enters for a moment, while it is being deleted",
    "former_stages": "follow from the stages that were deleted, the last 200 of them",
}
NOT_CARRIED: Mapping[type[Aggregate], Mapping[str, str]] = {
    **{
        client: {**_COUNTERS, "merging": "copies of others, until they are taken over"} for client in (Contact, Company)
    },
    **{aggregate: {**BOOKKEEPING, "id": "the record's key"} for aggregate in (Refusal, Dictionary, Bindings)},
    CrmMode: {**BOOKKEEPING, "id": "the record's key", "switched": "what the run of a switch is started with, once"},
    **dict.fromkeys((Role, Department), _COUNTERS),
    Pipeline: {**_COUNTERS, **_CLOSINGS},
    LeadStages: {**BOOKKEEPING, **_CLOSINGS, "id": "the record's key"},
    Deal: {
        **_COUNTERS,
        "timers": "follow from the schedule, which is carried",
        "rank": "how people arrange the cards of a board, which is of no interest elsewhere",
    },
    Lead: {
        **_COUNTERS,
        "was_repeat": "only remembers what a refused link must not change",
        "conversion.draft": "frozen at the start; the question to deals has it with the client filled in",
        "conversion.duplicates": "in the answer of the clients service",
        "conversion.linked": "in the answer of the clients service",
        "conversion.repeats": "counts the repeats of a request",
        "conversion.silence_s": "a setting",
        "candidates": "in the answer of clients, which is in the history of no lead",
        "is_linked_by_itself": "that clients answered, and no user asked, is in the causes of its events",
        "timers": "when it repeats a request, which nobody else needs to know",
        "conversion.roles": "the roles that the token of the user named, beside the events and not in them",
    },
    Resolution: {
        **BOOKKEEPING,
        "id": "the record's key",
        "on_duplicate": "in the question",
        "decision": "only its outcome is published",
        "decided_at": "only its outcome is published",
        "failure": "its code and message are those of the refusal",
        "answered_to": "the answer's cause, which is the cause of the one write that publishes it",
    },
}
"""Fields that cannot be rebuilt, each with the reason; all others are."""


def is_of(event: Envelope[Event], kind: type[Aggregate]) -> bool:
    """Whether aggregates of this kind publish it; requisites and merges are those of contacts and companies alike."""
    alike = isinstance(event.data, RequisiteEvent | ClientMergeRequested) and kind in (Contact, Company)
    return alike or noun_of(event) == kind.NOUN


def fields_of(kind: type[Aggregate]) -> set[str]:
    conversion = {f"conversion.{name}" for name in Conversion.model_fields} if kind is Lead else set()
    return {name for name in kind.model_fields if name != "conversion" or not conversion} | conversion


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_field_can_be_rebuilt_or_there_is_a_reason(kind: type[Aggregate]) -> None:
    """A new field that no event carries fails here."""
    events = [event for event in map(sampled, FOLDS) if is_of(event, kind)]
    rebuilt = {name for event in events for name, value in fold({}, event).items() if value is not UNKNOWN}
    not_carried = NOT_CARRIED.get(kind, BOOKKEEPING).keys()
    assert rebuilt | not_carried == fields_of(kind)
    assert not rebuilt & not_carried


def test_every_aggregate_whose_events_are_published_is_verified() -> None:
    """By the collections that have an outbox; rebuilds, runs, counts, forms and settings publish nothing."""
    masters = json.loads((Path(__file__).parents[1] / "golden" / "masters" / "mongodb.json").read_text())
    stored = {
        (service, collection)
        for service, databases in masters.items()
        for collections in databases.values()
        for collection, indexes in collections.items()
        if "due" in indexes and collection not in {"rebuilds", "runs", "board_cells", "forms", "lead_settings"}
    }
    assert {(each.service, each.collection) for each in STORED} == stored
    assert {kind.NOUN for kind in KINDS} == AGGREGATES.keys()


@pytest.mark.parametrize(
    ("subject", "change", "told"),
    [
        ("lead:lead-1", {"title": "Other pumps"}, "title"),
        ("lead:lead-1", {"converted": False, "deal_ids": ()}, "converted, deal_ids"),
        ("lead:lead-1", {"conversion": {"state": "refused"}}, "conversion.state"),
        ("deal:deal-1", {"stage_id": "LOSE", "closed": True}, "closed, stage_id"),
        ("deal:deal-1", {"amount": {"value": "10.01", "currency": "EUR"}}, "amount"),
        ("deal:deal-1", {"updated_at": NOON}, "updated_at"),
        ("deal:deal-1", {"requisite_link": {"state": "done"}}, "requisite_link"),
        ("contact:ada", {"companies": ()}, "companies"),
        ("company:acme", {"industry": None}, "industry"),
        ("product:p1", {"active": False}, "active"),
        ("dictionary:salutation", {"values": ()}, "values"),
        ("dictionary:lead_stage", {"values": ()}, "values"),
        ("settings:mode", {"mode": "classic"}, "mode"),
        ("role:sales", {"user_ids": ("ben",)}, "user_ids"),
        ("department:sales", {"parent_id": "trade"}, "parent_id"),
        ("pipeline:partners", {"stages": ()}, "stages"),
        ("bindings:b1", {"bound": ()}, "bound"),
    ],
)
async def test_what_is_not_as_the_events_say_is_named(subject: str, change: Mapping[str, Any], told: str) -> None:
    office = await a_busy_office()
    document = office.documents[subject]
    changes = {
        name: {**document[name], **value} if isinstance(value, dict) else value for name, value in change.items()
    }
    office.documents[subject] = {**document, **changes}
    (finding,) = office.judged(State())
    assert (finding.invariant, finding.subject) == ("state", subject)
    assert finding.detail == f"differs from its events: {told}"


async def test_what_cannot_be_read_is_named_without_its_value() -> None:
    office = await a_busy_office()
    office.documents["lead:lead-1"]["amount"] = "secret"
    (finding,) = office.judged(State())
    assert finding.detail == "the document cannot be read: amount"


async def test_what_imports_and_corrections_did_to_a_record_is_told_by_its_events() -> None:
    """CONT-08."""
    office = Office()
    fields = {"last_name": "Lovelace", "origin_version": "1"}
    await office.add(Contact.create("ada", 7, fields, by=ANNA, at=office.now, origin=("shop", "1")))
    await office.change(
        Contact,
        "ada",
        lambda contact, by: contact.correct({"position": "Countess", "first_name": "Ada"}, **by),
        lambda contact, by: contact.take_over({"first_name": "Ada", "origin_version": "2"}, **by),
    )
    assert (office.documents["contact:ada"]["origin_version"], office.judged(State())) == ("2", [])
    assert list(office.documents["contact:ada"]["edited_here"]) == ["position"]
    office.documents["contact:ada"]["edited_here"] = ()
    (finding,) = office.judged(State())
    assert finding.detail == "differs from its events: edited_here"
