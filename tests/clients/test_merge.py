"""Contacts, or companies, that are the same become one (DUP-02)."""

import asyncio
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.client_answers import ElementContactsResolved
from crm_contracts.client_field import Client
from crm_contracts.clients import ClientMergeRequested
from crm_contracts.companies import CompanyDeleted, CompanyReplaced
from crm_contracts.contacts import ContactMerged, ContactReplaced
from crm_contracts.requisites import Requisite
from crm_contracts.values import ContactPoint, changed_fields

from services.clients.answers.usecases import answer_client_link
from services.clients.records.domain.contact import Contact
from services.clients.records.domain.employment import MAX_COMPANIES
from services.clients.records.domain.errors import MergeConflict, MergeRunning, NotMergeable
from services.clients.records.domain.merge import MAX_BYTES
from services.clients.records.usecases.employment import link_contact, replace_employer_everywhere
from services.clients.records.usecases.merge import finish_merge, merge_clients
from shared.elements.domain.client_field import set_company
from shared.kit.domain import Cause
from shared.kit.storage.repository_errors import ConcurrentUpdate, Gone
from tests.builders.causes import ANNA, NOON, a_cause, later
from tests.builders.clients import a_company, a_contact, works_for
from tests.builders.events import an_event, react
from tests.builders.fakes import PowerCut
from tests.builders.running import Api, wrong_fields
from tests.builders.values import a_phone, an_email, company_ref, contact_ref, deal_ref, euros
from tests.clients.office import Office

SERIAL = count(1)
OTHER_PHONE = a_phone("+49 30 111", "+4930111")
BODIES: dict[str, dict[str, Any]] = {"contacts": {"first_name": "Ada"}, "companies": {"title": "ACME"}}
NAMED = {"contacts": "first_name", "companies": "title"}


def two() -> tuple[str, str]:
    """Ids of this test alone."""
    return f"ada-{(serial := next(SERIAL))}", f"eve-{serial}"


def merged(survivor: Contact, *others: Contact, **resolution: str) -> Contact:
    """What becomes of the survivor."""
    survivor.begin_merge("m1", others, resolution, by=ANNA, at=NOON)
    survivor.finish_merge("m1", {other.id for other in others}, by="user:bob", at=later(5))
    return survivor


def test_empty_fields_are_filled_and_lists_are_joined() -> None:
    """DUP-02: what is the same in other spelling is no conflict, and the survivor's counts."""
    ada = a_contact("ada", phones=(a_phone(),), observers=("bob",))
    eve = a_contact("eve", last_name="LOVELACE ", position="Engineer", phones=(a_phone("030 901820"), OTHER_PHONE))
    dan = a_contact("dan", emails=(an_email(),), observers=("bob", "zoe"))
    merged(ada, eve, dan)
    assert (ada.last_name, ada.position) == ("Lovelace", "Engineer")
    assert ada.phones == (a_phone(), OTHER_PHONE)
    assert (ada.emails, ada.observers) == ((an_email(),), ("bob", "zoe"))


def test_the_event_tells_what_changed_and_who_was_merged() -> None:
    """DUP-02."""
    ada = merged(a_contact("ada", works_for()), a_contact("eve", position="Engineer"))
    asked, said = ada.recorded
    assert asked == ClientMergeRequested(survivor=contact_ref(), others=(contact_ref("eve"),), merge_id="m1")
    assert isinstance(said, ContactMerged)
    assert (said.survivor, said.removed) == (contact_ref(), (contact_ref("eve"),))
    assert changed_fields(said.before) == {"position": None}
    assert said.changes == {"position": "Engineer"}
    assert said.companies == ada.companies
    assert (ada.updated_by, ada.updated_at) == ("user:bob", later(5))


def test_two_extensions_of_one_number_are_both_kept_and_two_spellings_are_one_phone() -> None:
    """DUP-02, CONT-03."""
    typed = ("030 901820", "030 901820 ext. 12", "+49 (30) 90 18 20", "+4930901820 ext. 12", "030 901820 ext. 13")
    ada, *others = (a_contact(f"c{n}", phones=(a_phone(value),)) for n, value in enumerate(typed))
    ada.begin_merge("m1", others, {}, by=ANNA, at=NOON)
    ada.finish_merge("m1", {other.id for other in others}, by=ANNA, at=NOON)
    assert [phone.value for phone in ada.phones] == [typed[0], typed[1], typed[4]]


def test_the_lead_that_a_merged_record_was_made_of_is_kept() -> None:
    """DUP-02: that of the first that has one; the event says it."""
    ada, eve, dan = a_contact("ada"), a_contact("eve"), a_contact("dan")
    eve.lead_id, dan.lead_id = "lead-1", "lead-2"
    ada.begin_merge("m1", [eve, dan], {}, by=ANNA, at=NOON)
    ada.finish_merge("m1", {"eve", "dan"}, by=ANNA, at=NOON)
    said = ada.recorded[-1]
    assert isinstance(said, ContactMerged)
    assert (ada.lead_id, said.lead_id) == ("lead-1", "lead-1")
    acme, bell = a_company("acme"), a_company("bell")
    acme.lead_id, bell.lead_id = "lead-3", "lead-4"
    acme.begin_merge("m2", [bell], {}, by=ANNA, at=NOON)
    acme.finish_merge("m2", {"bell"}, by=ANNA, at=NOON)
    assert acme.lead_id == "lead-3"


def test_a_record_that_takes_over_others_leaves_room_for_what_they_have() -> None:
    """DUP-02, CONT-07: or the merge could never be completed."""
    ada = a_contact("ada", *(works_for(f"c{n}") for n in range(MAX_COMPANIES // 2)))
    eve = a_contact("eve", *(works_for(f"d{n}") for n in range(MAX_COMPANIES // 2 - 1)), phones=(a_phone(),))
    eve.source_description = "x" * (MAX_BYTES // 2)
    ada.begin_merge("m1", [eve], {}, by=ANNA, at=NOON)
    ada.link(company_ref("e0"), position=10, by=ANNA, at=NOON)
    with pytest.raises(MergeRunning):
        ada.model_copy(deep=True).link(company_ref("e1"), position=10, by=ANNA, at=NOON)
    many = tuple(a_phone(f"+4930{n:06}", normalized=f"+4930{n:06}") for n in range(50))
    for too_much in ({"comments": "x" * (MAX_BYTES // 2)}, {"phones": many}):
        with pytest.raises(MergeRunning):
            ada.model_copy(deep=True).correct(too_much, by=ANNA, at=NOON)
    full = a_contact("full", *(works_for(f"c{n}") for n in range(MAX_COMPANIES // 2 + 2)))
    with pytest.raises(NotMergeable):
        full.begin_merge(
            "m2", [a_contact("eve", *(works_for(f"d{n}") for n in range(MAX_COMPANIES // 2 - 1)))], {}, by=ANNA, at=NOON
        )


def test_what_one_record_keeps_back_is_kept_back() -> None:
    """DUP-02, CONT-06, CMN-09."""
    ada = merged(a_contact("ada"), a_contact("eve", export=False, open_to_all=False))
    assert (ada.export, ada.open_to_all) == (False, False)


def test_every_field_in_which_they_differ_is_named_with_its_values() -> None:
    """DUP-02: nothing changes."""
    ada, eve = a_contact("ada", position="Engineer"), a_contact("eve", first_name="Eve", position="Poet")
    with pytest.raises(MergeConflict) as refused:
        ada.begin_merge("m1", [eve], {}, by=ANNA, at=NOON)
    assert refused.value.details["conflicts"] == [
        {"field": "first_name", "values": [{"id": "ada", "value": "Ada"}, {"id": "eve", "value": "Eve"}]},
        {"field": "position", "values": [{"id": "ada", "value": "Engineer"}, {"id": "eve", "value": "Poet"}]},
    ]
    assert (ada.merging, ada.recorded) == (None, ())


def test_a_resolution_says_whose_value_counts() -> None:
    """DUP-02."""
    ada, eve = a_contact("ada", position="Engineer"), a_contact("eve", first_name="Eve", position="Poet")
    merged(ada, eve, first_name="ada", position="eve")
    assert (ada.first_name, ada.position) == ("Ada", "Poet")


def test_companies_of_both_are_linked_once_and_the_survivors_primary_stays() -> None:
    """DUP-02, CONT-07, CLI-06."""
    ada = a_contact("ada", works_for("acme", is_primary=True), works_for("bell", sort=20))
    eve = a_contact("eve", works_for("bell", is_primary=True), works_for("core", sort=20))
    merged(ada, eve)
    assert [(link.company_id, link.sort, link.is_primary) for link in ada.companies] == [
        ("acme", 10, True),
        ("bell", 20, False),
        ("core", 30, False),
    ]
    free = merged(a_contact("dan"), a_contact("eve", works_for("bell"), works_for("core", is_primary=True)))
    assert [link.company_id for link in free.companies if link.is_primary] == ["core"]


def test_requisites_of_both_are_kept() -> None:
    """DUP-02, REQ-01."""
    home, work = (Requisite(id=id_, name=id_, address_only=True) for id_ in ("home", "work"))
    ada, eve = a_contact("ada"), a_contact("eve")
    ada.requisites, eve.requisites = (home,), (work,)
    assert merged(ada, eve).requisites == (home, work)


def test_a_number_in_two_messengers_stays_in_both() -> None:
    """DUP-02, CONT-03: and nothing that the survivor has is lost."""
    both = tuple(ContactPoint(kind=kind, value="4930111") for kind in ("VIBER", "WHATSAPP"))
    ada = a_contact("ada", messengers=both)
    other = ContactPoint(kind="TELEGRAM", value="4930111")
    assert merged(ada, a_contact("eve", messengers=(both[0], other))).messengers == (*both, other)


def test_more_than_a_caller_may_give_is_refused() -> None:
    """DUP-02: or the card could not be saved again."""
    ada, eve = (
        a_contact(name, phones=tuple(a_phone(f"{name}{n}", f"+493{name}{n}") for n in range(30))) for name in "ab"
    )
    with pytest.raises(NotMergeable, match="phones"):
        ada.begin_merge("m1", [eve], {}, by=ANNA, at=NOON)


def test_requisites_of_one_id_cannot_stand_beside_each_other() -> None:
    """DUP-02, REQ-05: what is chosen by its id is one."""
    ada, eve = a_contact("ada"), a_contact("eve")
    ada.requisites = eve.requisites = (Requisite(id="r1", name="Home", address_only=True),)
    with pytest.raises(NotMergeable):
        ada.begin_merge("m1", [eve], {}, by=ANNA, at=NOON)


def test_what_a_merge_was_found_to_fit_into_stays_so_until_it_is_done() -> None:
    """DUP-02, COMP-08: neither requisites nor a seller of ours."""
    acme = a_company("acme")
    acme.begin_merge("m1", [a_company("bell")], {}, by=ANNA, at=NOON)
    with pytest.raises(MergeRunning):
        acme.add_requisite(Requisite(id="r1", name="Home", address_only=True), key="1", by=ANNA, at=NOON)
    with pytest.raises(MergeRunning):
        acme.correct({"is_my_company": True}, by=ANNA, at=NOON)
    acme.correct({"comments": "x"}, by=ANNA, at=NOON)


def test_of_a_resolution_only_those_who_ended_count() -> None:
    """DUP-02: whoever it names may have changed at the last moment, and goes on."""
    ada, eve, dan = a_contact("ada"), a_contact("eve", position="Poet"), a_contact("dan", position="Engineer")
    ada.begin_merge("m1", [eve, dan], {"position": "eve"}, by=ANNA, at=NOON)
    ada.finish_merge("m1", {"dan"}, by=ANNA, at=NOON)
    assert (ada.position, ada.model_dump()["merging"]) == ("Engineer", None)


def test_whoever_takes_over_others_neither_ends_nor_begins_once_more() -> None:
    """DUP-02: or two merges at one moment could end each other."""
    ada, eve = a_contact("ada"), a_contact("eve")
    ada.begin_merge("m1", [eve], {}, by=ANNA, at=NOON)
    with pytest.raises(MergeRunning):
        ada.begin_merge("m2", [eve], {}, by=ANNA, at=NOON)
    with pytest.raises(MergeRunning):
        ada.end_in(contact_ref("eve"), by=ANNA, at=NOON)
    with pytest.raises(MergeRunning):
        ada.delete(by=ANNA, at=NOON)
    ada.begin_merge("m1", [eve], {}, by=ANNA, at=NOON)
    assert len(ada.recorded) == 1
    ada.finish_merge("m2", {"eve"}, by=ANNA, at=NOON)
    assert ada.merging is not None
    ada.finish_merge("m1", set(), by=ANNA, at=NOON)
    assert ada.model_dump()["merging"] is None
    assert len(ada.recorded) == 1


@pytest.mark.parametrize("pair", [(a_contact("a"), a_contact("b")), (a_company("a"), a_company("b"))])
def test_a_merge_on_its_way_is_the_same_before_and_after_it_is_stored(pair: tuple[Any, Any]) -> None:
    survivor, other = pair
    survivor.begin_merge("m1", [other], {}, by=ANNA, at=NOON)
    stored = type(survivor).model_validate(survivor.model_dump())
    assert stored.merging == survivor.merging
    assert type(stored.merging) is type(survivor.merging)
    assert type(stored.merging.parts[0]) is type(survivor.merging.parts[0])


def test_the_event_of_the_end_has_all_and_the_record_only_its_origin() -> None:
    """DUP-02, CMN-14: the next import finds where it went."""
    eve = Contact.create(
        "eve", 2, {"first_name": "Eve", "phones": (a_phone(),)}, by=ANNA, at=NOON, origin=("shop", "7")
    )
    before = eve.state
    eve.end_in(contact_ref(), by=ANNA, at=later(5))
    assert eve.recorded[1:] == (ContactReplaced(contact=before_ref(), survivor=contact_ref(), before=before),)
    assert (eve.full_name, eve.phones, eve.search, eve.companies) == ("", (), [], ())
    assert (eve.originator_id, eve.origin_id, eve.gone_details) == ("shop", "7", {"merged_into": "ada"})


def before_ref() -> Any:
    return contact_ref("eve", "Eve")


def test_what_a_merge_filled_in_was_corrected_here() -> None:
    """DUP-02, CONT-08: the next import does not take it back; versions of others do not count."""
    ada = Contact.create("ada", 1, {"first_name": "Ada"}, by=ANNA, at=NOON, origin=("shop", "7"))
    eve = a_contact("eve", first_name="Ada", last_name=None, position="Poet", origin_version="9")
    merged(ada, eve)
    assert (ada.position, ada.origin_version, ada.edited_here) == ("Poet", None, ("position", "responsible_id"))


def test_a_seller_of_ours_is_merged_with_nobody() -> None:
    """DUP-02, COMP-08."""
    ours, client = a_company("we", is_my_company=True), a_company("acme")
    for survivor, other in ((ours, client), (client, ours)):
        with pytest.raises(NotMergeable):
            survivor.begin_merge("m1", [other], {}, by=ANNA, at=NOON)


def test_too_much_for_one_record_is_refused_before_anything_changes() -> None:
    """DUP-02: no event is ever too large."""
    for text in ("x" * 150_000, "\u5024" * 50_000):
        ada, eve = a_contact("ada", comments=text), a_contact("eve", comments=text)
        with pytest.raises(NotMergeable):
            ada.begin_merge("m1", [eve], {}, by=ANNA, at=NOON)
    ada, eve = a_contact("ada"), a_contact("eve")
    ada.requisites = eve.requisites = tuple(Requisite(id=f"r{n}", name="R", address_only=True) for n in range(11))
    with pytest.raises(NotMergeable):
        ada.begin_merge("m1", [eve], {}, by=ANNA, at=NOON)


def test_a_revenue_that_differs_is_a_conflict_and_the_same_one_is_none() -> None:
    """DUP-02, COMP-03."""
    acme, bell = a_company("acme", revenue=euros("5")), a_company("bell", revenue=euros("6"))
    with pytest.raises(MergeConflict) as refused:
        acme.begin_merge("m1", [bell], {}, by=ANNA, at=NOON)
    (conflict,) = refused.value.details["conflicts"]
    assert [each["value"] for each in conflict["values"]] == [
        {"value": "5", "currency": "EUR"},
        {"value": "6", "currency": "EUR"},
    ]
    acme.begin_merge("m1", [a_company("core", revenue=euros("5.00"))], {}, by=ANNA, at=NOON)


def test_a_contact_of_a_merged_company_works_for_the_survivor_once() -> None:
    """DUP-02, CLI-06: as primary as before."""
    ada = a_contact("ada", works_for("acme", is_primary=True), works_for("bell", sort=20))
    for _ in range(2):
        ada.replace_company(company_ref("acme"), company_ref("bell", "Bell"), last=20, by=ANNA, at=NOON)
    assert [(link.company_id, link.is_primary) for link in ada.companies] == [("bell", True)]
    assert len(ada.recorded) == 2
    bob = a_contact("bob", works_for("acme", is_primary=True), works_for("core", sort=20))
    bob.replace_company(company_ref("acme"), company_ref("bell", "Bell"), last=20, by=ANNA, at=NOON)
    assert [(link.company_id, link.title, link.is_primary) for link in bob.companies] == [
        ("bell", "Bell", True),
        ("core", None, False),
    ]


async def merge(office: Office, survivor: str, *others: str, cause: Cause | None = None, **resolution: str) -> Contact:
    return await merge_clients(
        survivor, others, resolution, cause or a_cause(f"merge:{uuid4()}"), owners=office.contacts
    )


async def heard(office: Office, survivor: str) -> None:
    """The service hears what a survivor said it was about to do."""
    for said in await office.contacts.said(survivor):
        if isinstance(said, ClientMergeRequested):
            event = an_event(said, id_=str(uuid4()), subject=survivor)
            for _ in range(2):
                await react(office.reactions, event)


async def test_however_far_a_merge_came_it_is_ended_and_nothing_is_doubled(office: Office) -> None:
    """DUP-02: the power goes off after each of its writes; then the service hears of it, or the caller asks again."""
    for off_after in (1, 2, 3, 4):
        for asks_again in (False, True):
            ada, (eve, dan) = f"ada-{next(SERIAL)}", (f"{name}-{next(SERIAL)}" for name in ("eve", "dan"))
            await office.knows_contact(ada)
            await office.knows_contact(eve, phones=(OTHER_PHONE,))
            await office.knows_contact(dan, emails=(an_email(),))
            cause = a_cause(f"merge:{ada}")
            with pytest.raises(PowerCut):
                await merge(office.replica(off_after=off_after), ada, eve, dan, cause=cause)
            if asks_again:
                done = await merge(office, ada, eve, dan, cause=cause)
                assert (done.phones, done.merging) == ((OTHER_PHONE,), None)
            await heard(office, ada)
            survivor = await office.contacts.get(ada)
            assert (survivor.phones, survivor.emails, survivor.merging) == ((OTHER_PHONE,), (an_email(),), None)
            said = [type(event).__name__ for event in await office.contacts.said(ada)]
            assert said == ["ContactCreated", "ClientMergeRequested", "ContactMerged"], (off_after, asks_again)
            for id_ in (eve, dan):
                assert [type(event) for event in await office.contacts.said(id_)][1:] == [ContactReplaced]


async def test_a_merge_that_is_asked_for_again_changes_nothing(office: Office) -> None:
    """DUP-02: by the same request or another one, also when nobody remembers the causes."""
    ada, eve = two()
    await office.knows_contact(ada)
    await office.knows_contact(eve)
    first = await merge(office, ada, eve)
    await office.contacts.forget_causes(ada)
    await office.contacts.forget_causes(eve)
    assert await merge(office, ada, eve) == first
    await heard(office, ada)
    assert (await office.contacts.get(ada)).version == first.version


@pytest.mark.parametrize("into", [None, "bell"])
async def test_a_company_that_ends_in_the_middle_of_a_merge_is_let_go_of(office: Office, into: str | None) -> None:
    """DUP-02, COMP-10: those who worked there had ended, and the survivor did not work there yet."""
    ada, eve = two()
    acme, bell = f"acme-{ada}", f"bell-{ada}"
    for company in (acme, bell):
        await office.knows_company(company)
    await office.knows_contact(ada)
    await office.knows_contact(eve)
    await office.contacts.change(
        eve, lambda found: found.link(company_ref(acme), position=10, by=ANNA, at=NOON), a_cause("link")
    )
    with pytest.raises(PowerCut):
        await merge(office.replica(off_after=2), ada, eve)
    if into:
        await merge_clients(bell, [acme], {}, a_cause(f"merge:{bell}"), owners=office.companies)
    else:
        await office.companies.change(acme, lambda found: found.delete(by=ANNA, at=NOON), a_cause("end"))
    await replace_employer_everywhere(company_ref(acme), a_cause("left"), contacts=office.contacts, views=office.views)
    await heard(office, ada)
    said = next(said for said in await office.contacts.said(ada) if isinstance(said, ContactMerged))
    for _ in range(2):
        event = an_event(said, id_=f"merged-{ada}", subject=ada)
        await react(office.reactions, event)
    links = (await office.contacts.get(ada)).companies
    assert [link.company_id for link in links] == ([bell] if into else [])


async def test_what_changes_while_it_is_merged_is_not_lost(office: Office) -> None:
    """DUP-02: it is merged as it has become."""
    ada, eve = two()
    await office.knows_contact(ada)
    known = await office.knows_contact(eve)
    survivor = await office.contacts.get(ada)
    await office.contacts.change(
        ada, lambda found: found.begin_merge("m1", [known], {}, by=ANNA, at=NOON), a_cause("begins")
    )
    await office.contacts.change(
        eve, lambda found: found.correct({"position": "Poet"}, by=ANNA, at=NOON), a_cause("meanwhile")
    )
    await finish_merge(ada, "m1", a_cause("ends"), owners=office.contacts)
    assert (await office.contacts.get(eve)).position == "Poet"
    assert (await office.contacts.get(ada)).state == survivor.state.model_copy(
        update={"updated_at": NOON, "updated_by": ANNA}
    )
    assert (await merge(office, ada, eve)).position == "Poet"


async def test_two_who_take_over_each_other_at_one_moment_do_not_both_end(office: Office) -> None:
    """DUP-02: whatever the order, nothing is lost."""
    for _ in range(10):
        ada, eve = two()
        await office.knows_contact(ada, phones=(a_phone(),))
        await office.knows_contact(eve, phones=(OTHER_PHONE,))
        replicas = office.replica(), office.replica()
        ended = await asyncio.gather(merge(replicas[0], ada, eve), merge(replicas[1], eve, ada), return_exceptions=True)
        assert all(
            isinstance(each, Contact | ConcurrentUpdate | MergeRunning | Gone) or "merged" in str(each)
            for each in ended
        )
        await heard(office, ada)
        await heard(office, eve)
        left = [found for id_ in (ada, eve) if (found := await office.contacts.find(id_)) is not None]
        assert left
        assert all(found.merging is None for found in left)
        assert {phone for found in left for phone in found.phones} == {a_phone(), OTHER_PHONE}


async def test_all_contacts_of_a_merged_company_work_for_the_survivor(office: Office) -> None:
    """DUP-02: more than are looked at in one go; heard twice, nothing changes."""
    acme, bell = (f"{name}-{next(SERIAL)}" for name in ("acme", "bell"))
    await office.knows_company(acme)
    await office.knows_company(bell)
    people = [f"{acme}-{n}" for n in range(120)]
    for id_ in people:
        await office.knows_contact(id_)
        await office.contacts.change(
            id_, lambda found: found.link(company_ref(acme), position=10, by=ANNA, at=NOON), a_cause(f"link:{id_}")
        )
    await merge_clients(bell, [acme], {}, a_cause(f"merge:{bell}"), owners=office.companies)
    replaced = next(said for said in await office.companies.said(acme) if isinstance(said, CompanyReplaced))
    for _ in range(2):
        await react(office.reactions, an_event(replaced, id_=f"r-{acme}"))
    assert {contact.id for contact in await office.views.contacts_of(bell)} == set(people)
    assert await office.views.contacts_of(acme) == []
    assert (await office.contacts.get(people[0])).version == 3


async def test_an_element_that_links_a_merged_company_is_told_the_survivors_contacts(office: Office) -> None:
    """DUP-02, CLI-07: also where that one was merged in its turn."""
    acme, bell, core = (f"{name}-{next(SERIAL)}" for name in ("acme", "bell", "core"))
    for id_ in (acme, bell, core):
        await office.knows_company(id_)
    for gone, survivor in ((acme, bell), (bell, core)):
        await merge_clients(survivor, [gone], {}, a_cause(f"merge:{gone}"), owners=office.companies)
    replica = office.replica()
    await answer_client_link(
        deal_ref(),
        set_company(Client(), acme),
        a_cause(),
        companies=replica.companies,
        views=replica.views,
        answers=replica.answers,
    )
    (answer,) = replica.answers.events
    assert isinstance(answer, ElementContactsResolved)
    assert (answer.link_no, answer.company.id) == (1, core)


async def test_who_is_linked_to_a_company_while_it_is_merged_works_for_the_survivor(office: Office) -> None:
    """DUP-02: its contacts had been looked through before; the event about the link makes clients look again."""
    acme, bell = (f"{name}-{next(SERIAL)}" for name in ("acme", "bell"))
    ada, _ = two()
    await office.knows_company(acme)
    await office.knows_company(bell)
    await office.knows_contact(ada)
    replica = office.replica()

    async def merged_meanwhile(_: str) -> int:
        await merge_clients(bell, [acme], {}, a_cause(f"merge:{bell}"), owners=office.companies)
        return 0

    class Slow:
        last_position = staticmethod(merged_meanwhile)

    await link_contact(ada, acme, a_cause("link"), contacts=replica.contacts, companies=replica.companies, views=Slow())
    linked = (await office.contacts.said(ada))[-1]
    for _ in range(2):
        await react(office.reactions, an_event(linked, id_=str(uuid4()), subject=ada))
        await office.contacts.forget_causes(ada)
    assert [link.company_id for link in (await office.contacts.get(ada)).companies] == [bell]


@pytest.mark.parametrize("path", BODIES)
async def test_the_old_id_answers_with_the_survivors(api: Api, path: str) -> None:
    """DUP-02: read, corrected or imported again."""
    named = {NAMED[path]: f"Twin{uuid4().hex[:8]}"}
    survivor = await api.made(f"/{path}", named)
    origin = f"/{path}/external/shop/{uuid4()}"
    other = (await api("PUT", origin, named)).json()
    answer = await api("POST", f"/{path}/{survivor['id']}/merge", {"others": [other["id"]]})
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
    url = f"/{path}/{other['id']}"
    for method, address, body in (
        ("GET", url, None),
        ("GET", f"{url}/elements", None),
        ("PATCH", url, named),
        ("DELETE", url, None),
        ("PUT", origin, named),
        ("GET", origin, None),
        ("POST", f"{url}/merge", {"others": [survivor["id"]]}),
    ):
        gone = await api(method, address, body)
        told = (gone.status_code, gone.json()["code"], gone.json().get("merged_into"))
        assert told == (404, "gone", survivor["id"]), f"{method} {address}"
    kind = {"contacts": "contact", "companies": "company"}[path]
    found = await api.read(f"/clients/search?kind={kind}&q={named[NAMED[path]]}")
    assert [item["client"]["id"] for item in found["items"]] == [survivor["id"]]


@pytest.mark.parametrize("path", BODIES)
async def test_a_conflict_is_answered_field_by_field_and_taken_back_with_a_resolution(api: Api, path: str) -> None:
    """DUP-02: with a key, the second call is another request."""
    name = NAMED[path]
    one, two = await api.made(f"/{path}", {name: "Ada"}), await api.made(f"/{path}", {name: "Eve"})
    url = f"/{path}/{one['id']}/merge"
    refused = await api("POST", url, {"others": [two["id"]]})
    assert (refused.status_code, refused.json()["code"]) == (409, "merge_conflict")
    assert refused.json()["conflicts"] == [
        {"field": name, "values": [{"id": one["id"], "value": "Ada"}, {"id": two["id"], "value": "Eve"}]}
    ]
    assert await api.read(f"/{path}/{one['id']}") == one
    body = {"others": [two["id"]], "resolution": {name: two["id"]}}
    done = await api("POST", url, body, idempotency_key=f"merge-{one['id']}")
    assert (done.status_code, done.json()[name]) == (200, "Eve")
    again = await api("POST", url, body, idempotency_key=f"merge-{one['id']}")
    assert again.json() == done.json()


async def test_one_who_is_named_twice_is_merged_once(api: Api) -> None:
    """DUP-02, REQ-01."""
    one, two = await api.made("/contacts", BODIES["contacts"]), await api.made("/contacts", BODIES["contacts"])
    requisite = {"name": "Home", "address_only": True}
    assert (await api("POST", f"/contacts/{two['id']}/requisites", requisite)).status_code == 201
    answer = await api("POST", f"/contacts/{one['id']}/merge", {"others": [two["id"], two["id"]]})
    assert (answer.status_code, len(answer.json()["requisites"])) == (200, 1)


@pytest.mark.parametrize("path", BODIES)
async def test_everything_wrong_with_a_merge_is_named(api: Api, path: str) -> None:
    """DUP-02."""
    one, two = await api.made(f"/{path}", BODIES[path]), await api.made(f"/{path}", BODIES[path])
    url = f"/{path}/{one['id']}/merge"
    wrong = {"others": [one["id"], two["id"], "nobody"]}
    assert wrong_fields(await api("POST", url, wrong)) == ["others.0", "others.2"]
    given = {"phones": one["id"], "nothing": one["id"], "comments": "nobody"}
    answer = await api("POST", url, {"others": [two["id"]], "resolution": given})
    assert wrong_fields(answer) == ["resolution.comments", "resolution.nothing", "resolution.phones"]
    assert wrong_fields(await api("POST", url, {"others": [], "survivor": 1})) == ["others", "survivor"]
    other_type = next(other for other in BODIES if other != path)
    of_another = await api.made(f"/{other_type}", BODIES[other_type])
    assert wrong_fields(await api("POST", url, {"others": [of_another["id"]]})) == ["others.0"]
    assert (await api("POST", f"/{path}/nobody/merge", {"others": [one["id"]]})).status_code == 404
    assert [await api.read(f"/{path}/{each['id']}") for each in (one, two)] == [one, two]


@pytest.mark.parametrize("path", BODIES)
async def test_who_has_an_old_copy_or_no_permission_merges_nothing(api: Api, path: str) -> None:
    """DUP-02."""
    one, two = await api.made(f"/{path}", BODIES[path]), await api.made(f"/{path}", BODIES[path])
    url, body = f"/{path}/{one['id']}/merge", {"others": [two["id"]]}
    assert (await api("POST", url, body, roles=None)).status_code == 401
    assert (await api("POST", url, body, roles=["reader"])).status_code == 403
    assert (await api("POST", url, body, if_match='"7"')).status_code == 412
    assert [await api.read(f"/{path}/{each['id']}") for each in (one, two)] == [one, two]


def test_a_company_that_is_merged_says_so_like_a_contact() -> None:
    """DUP-02, COMP-10."""
    acme, bell = a_company("acme"), a_company("bell", comments="The same.")
    acme.begin_merge("m1", [bell], {}, by=ANNA, at=NOON)
    bell.end_in(acme.ref, by=ANNA, at=NOON)
    acme.finish_merge("m1", {"bell"}, by=ANNA, at=NOON)
    assert [event.ce_type for event in (*acme.recorded, *bell.recorded)] == [
        "crm.client.merge_requested.v1",
        "crm.company.merged.v1",
        "crm.company.replaced.v1",
    ]
    assert acme.comments == "The same."
    assert not isinstance(bell.recorded[0], CompanyDeleted)
