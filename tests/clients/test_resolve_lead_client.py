"""A lead's contact and company, made or linked once, whatever happens on the way (LEAD-11 to LEAD-13)."""

import asyncio
from functools import partial
from typing import Any

import pytest
from crm_contracts.client_answers import LeadClientResolved
from crm_contracts.conversions import LeadConversionRequested
from crm_contracts.values import Address, ConversionTarget, ElementRef, Money, OnDuplicate

from services.clients.conversion.domain.claim import Claim
from services.clients.conversion.domain.resolution import Resolution
from services.clients.records.domain.contact import Contact
from services.clients.records.domain.employment import MAX_COMPANIES
from services.clients.records.usecases.merge import merge_clients
from shared.kit.domain import NotYet
from shared.kit.storage.repository_errors import ConcurrentUpdate
from tests.builders.causes import NOON, a_cause
from tests.builders.fakes import PowerCut, again
from tests.builders.values import a_phone, company_ref
from tests.clients.office import Office, asking, phone_of, title_of

ADDRESS = Address(address_1="Unter den Linden 77", city="Berlin")


async def test_a_contact_and_its_company_are_created_from_the_lead(office: Office, name: str) -> None:
    """LEAD-12, COMP-03."""
    asked = asking(name, "contact", "company", address=ADDRESS, observers=("bob",))
    await office.resolve(asked)
    answer = await office.resolved(asked)
    assert (await office.companies.get(asked.proposed_company_id)).revenue == Money(currency="EUR")
    contact = await office.contacts.get(asked.proposed_contact_id)
    company = await office.companies.get(asked.proposed_company_id)
    assert (answer.contact, answer.company, answer.duplicates) == (contact.ref, company.ref, ())
    assert answer.created == (contact.ref, company.ref)
    snapshot = asked.snapshot
    assert (contact.salutation, contact.full_name, contact.position) == ("MRS", "Ada Lovelace", "Engineer")
    assert (contact.phones, contact.emails) == (snapshot.phones, snapshot.emails)
    assert (contact.source_id, contact.comments, contact.responsible_id) == ("WEB", "asked for a call", "anna")
    assert [requisite.addresses for requisite in contact.requisites] == [(ADDRESS,)]
    assert (contact.observers, contact.lead_id, company.lead_id) == ((), name, name)
    assert (company.title, company.comments, company.responsible_id) == (title_of(name), "asked for a call", "anna")
    assert (company.phones, company.emails, company.requisites) == ((), (), ())
    assert [(link.company_id, link.title, link.is_primary) for link in contact.companies] == [
        (company.id, title_of(name), True)
    ]


async def test_a_company_alone_gets_the_contact_data_and_the_address(office: Office, name: str) -> None:
    """LEAD-12."""
    asked = asking(name, "company", targets=("company", "deal"), address=ADDRESS, company_title=None)
    await office.resolve(asked)
    company = await office.companies.get(asked.proposed_company_id)
    assert company.title == "Pumps for ACME"
    assert (company.phones, company.emails) == (asked.snapshot.phones, asked.snapshot.emails)
    assert [requisite.addresses for requisite in company.requisites] == [(ADDRESS,)]


@pytest.mark.parametrize(
    ("person", "full_name"),
    [
        ({"first_name": None, "last_name": None}, "Pumps for ACME"),
        ({"first_name": None, "last_name": None, "middle_name": "King"}, "King"),
        ({"first_name": None, "last_name": "Berg", "middle_name": "King"}, "King Berg"),
    ],
)
async def test_a_lead_without_a_name_still_gives_a_contact(
    office: Office, name: str, person: dict[str, Any], full_name: str
) -> None:
    """LEAD-12, CONT-01."""
    asked = asking(name, "contact", **person)
    await office.resolve(asked)
    assert (await office.contacts.get(asked.proposed_contact_id)).full_name == full_name


async def test_the_only_contact_with_the_same_phone_is_linked_and_gets_the_new_company(
    office: Office, name: str
) -> None:
    """LEAD-12."""
    known = await office.knows_contact(f"known-{name}", name)
    asked = asking(name, "contact", "company")
    await office.resolve(asked)
    answer = await office.resolved(asked)
    assert (answer.contact, answer.duplicates) == (known.ref, (known.ref,))
    assert [ref.id for ref in answer.created] == [asked.proposed_company_id]
    links = (await office.contacts.get(known.id)).companies
    assert [link.company_id for link in links] == [asked.proposed_company_id]
    assert await office.contacts.find(asked.proposed_contact_id) is None


async def test_the_only_company_with_the_same_address_is_linked_and_its_new_contact_goes_last(
    office: Office, name: str
) -> None:
    """LEAD-12, COMP-04."""
    known = await office.knows_company(f"known-{name}", name)
    first = await office.knows_contact(f"first-{name}")
    await office.contacts.change(
        first.id, lambda found: found.link(known.ref, position=30, by="user:anna", at=known.created_at), a_cause()
    )
    asked = asking(name, "contact", "company")
    await office.resolve(asked)
    assert (await office.resolved(asked)).company == known.ref
    people = await office.views.contacts_of(known.id)
    assert [contact.id for contact in people] == [first.id, asked.proposed_contact_id]


async def test_a_contact_who_works_for_as_many_companies_as_one_may_is_converted_all_the_same(
    office: Office, name: str
) -> None:
    """CONT-07, LEAD-13: lead and deal link both, and asked again the answer is the same."""
    known = await office.knows_contact(f"known-{name}", name)

    def fill(contact: Contact) -> None:
        for number in range(MAX_COMPANIES):
            contact.link(company_ref(f"c{number}"), position=10, by="user:anna", at=known.created_at)
            contact._recorded.clear()

    await office.contacts.change(known.id, fill, a_cause())
    asked = asking(name, "contact", "company")
    for _ in range(2):
        await office.resolve(asked)
        answer = await office.resolved(asked)
        assert (answer.contact, answer.company and answer.company.id) == (known.ref, asked.proposed_company_id)
    assert len((await office.contacts.get(known.id)).companies) == MAX_COMPANIES


@pytest.mark.parametrize(("how", "matches"), [("link", 2), ("reject", 1), ("reject", 2)])
async def test_duplicates_that_stand_in_the_way_are_named_and_nothing_is_created(
    office: Office, name: str, how: OnDuplicate, matches: int
) -> None:
    """LEAD-12."""
    known = [await office.knows_contact(f"known-{n}-{name}", name) for n in range(matches)]
    asked = asking(name, "contact", "company", on_duplicate=how)
    await office.resolve(asked)
    answer = await office.refused(asked)
    assert (answer.code, answer.candidates) == ("duplicates_found", tuple(contact.ref for contact in known))
    assert await office.contacts.find(asked.proposed_contact_id) is None
    assert await office.companies.find(asked.proposed_company_id) is None
    assert (await office.everything_about(name))["claims"] == []


@pytest.mark.parametrize("matches", [0, 1, 2])
async def test_create_creates_whoever_is_there_and_mentions_them(office: Office, name: str, matches: int) -> None:
    """LEAD-12."""
    known = [await office.knows_contact(f"known-{n}-{name}", name) for n in range(matches)]
    asked = asking(name, "contact", on_duplicate="create")
    await office.resolve(asked)
    answer = await office.resolved(asked)
    assert answer.duplicates == tuple(contact.ref for contact in known)
    assert [ref.id for ref in answer.created] == [asked.proposed_contact_id]


async def test_without_phone_and_e_mail_nobody_is_a_duplicate(office: Office, name: str) -> None:
    """LEAD-12."""
    asked = asking(name, "contact", on_duplicate="reject", phones=(a_phone("call me", None),), emails=())
    await office.resolve(asked)
    assert (await office.resolved(asked)).duplicates == ()


async def test_a_refused_attempt_is_followed_by_one_that_links(office: Office, name: str) -> None:
    """LEAD-13."""
    known = await office.knows_contact(f"known-{name}", name)
    rejecting, linking = asking(name, "contact", on_duplicate="reject"), asking(name, "contact", attempt=2)
    await office.resolve(rejecting)
    await office.resolve(linking, a_cause(f"second-{name}"))
    await office.resolve(rejecting)
    assert (await office.refused(rejecting)).candidates == (known.ref,)
    assert (await office.resolved(linking)).contact == known.ref


async def test_the_same_question_again_changes_nothing_and_says_nothing(office: Office, name: str) -> None:
    """LEAD-13."""
    asked, replica = asking(name, "contact", "company"), office.replica()
    await replica.resolve(asked)
    before = await office.everything_about(name)
    await replica.resolve(asked)
    await office.resolutions.forget_causes(Resolution.id_for(asked))
    await office.contacts.forget_causes(asked.proposed_contact_id)
    await replica.resolve(asked)
    assert await office.everything_about(name) == before
    assert replica.answers.events == []


@pytest.mark.parametrize("how", ["link", "reject"])
async def test_a_question_that_is_asked_once_more_gets_the_stored_answer(
    office: Office, name: str, how: OnDuplicate
) -> None:
    """LEAD-13."""
    if how == "reject":
        await office.knows_contact(f"known-{name}", name)
    asked, replica = asking(name, "contact", on_duplicate=how), office.replica()
    await replica.resolve(asked)
    before = await office.everything_about(name)
    for _ in range(2):
        await replica.resolve(asked, again(a_cause(f"event-of-{name}")))
    (answer,) = await office.said(asked)
    assert replica.answers.events == [answer], "the same question delivered twice is answered once"
    assert await office.everything_about(name) == before


async def test_the_answer_passes_the_deal_on_with_the_contacts_of_its_company(office: Office, name: str) -> None:
    """LEAD-11, CLI-07: in their order; asked once more, as they are then."""
    company = await office.knows_company(f"known-{name}", name)
    for number, of in enumerate(("first", "second"), start=1):
        contact = await office.knows_contact(f"{of}-{name}")
        join = partial(Contact.link, company=company.ref, position=10 * number, by="user:bob", at=NOON)
        await office.contacts.change(contact.id, join, a_cause(f"joins-{contact.id}"))
    asked, replica = asking(name, "contact", "company"), office.replica()
    await replica.resolve(asked)
    answer = await office.resolved(asked)
    assert answer.deal == asked.deal
    assert answer.company_contacts is not None
    came = [ref.id for ref in answer.company_contacts.contacts]
    assert came == [f"first-{name}", f"second-{name}", asked.proposed_contact_id]
    assert not answer.company_contacts.truncated
    first = await office.contacts.get(came[0])
    await office.contacts.change(first.id, lambda found: found.delete(by="user:bob", at=NOON), a_cause("its end"))
    await replica.resolve(asked, again(a_cause(f"event-of-{name}")))
    (repeated,) = replica.answers.events
    assert isinstance(repeated, LeadClientResolved)
    assert repeated.company_contacts is not None
    assert [ref.id for ref in repeated.company_contacts.contacts] == came[1:]
    assert repeated.model_copy(update={"company_contacts": answer.company_contacts}) == answer


@pytest.mark.parametrize(("targets", "deal"), [(("contact",), True), (("contact", "company"), False)])
async def test_without_a_deal_or_a_company_no_contacts_of_a_company_are_told(
    office: Office, name: str, targets: tuple[ConversionTarget, ...], *, deal: bool
) -> None:
    """LEAD-11."""
    asked = asking(name, *targets)
    if not deal:
        asked = asked.model_copy(update={"deal": None})
    await office.resolve(asked)
    answer = await office.resolved(asked)
    assert (answer.deal, answer.company_contacts) == (asked.deal, None)


async def test_the_recorded_decision_is_followed_although_a_duplicate_has_come_since(office: Office, name: str) -> None:
    """LEAD-13."""
    asked = asking(name, "contact", on_duplicate="reject")
    with pytest.raises(PowerCut):
        await office.replica(off_after=3).resolve(asked)  # two claims, then the decision
    await office.knows_contact(f"known-{name}", name)
    await office.resolve(asked)
    answer = await office.resolved(asked)
    assert [ref.id for ref in answer.created] == [asked.proposed_contact_id]


async def test_a_contact_that_was_to_be_linked_and_is_deleted_holds_up_no_conversion(office: Office, name: str) -> None:
    """COMP-10, LEAD-13: lead and deal let go of it as of any other."""
    known = await office.knows_contact(f"known-{name}", name)
    asked = asking(name, "contact", "company", on_duplicate="link")
    with pytest.raises(PowerCut):
        await office.replica(off_after=3).resolve(asked)  # two claims, then the decision
    await office.contacts.change(known.id, lambda found: found.delete(by="user:bob", at=NOON), a_cause("its end"))
    await office.resolve(asked)
    answer = await office.resolved(asked)
    assert (answer.contact and answer.contact.id, answer.company and answer.company.id) == (
        known.id,
        asked.proposed_company_id,
    )


async def test_a_contact_that_was_to_be_linked_and_is_merged_is_linked_as_the_survivor(
    office: Office, name: str
) -> None:
    """DUP-02, LEAD-13: with the company of the conversion."""
    known = await office.knows_contact(f"known-{name}", name)
    survivor = await office.knows_contact(f"survivor-{name}")
    asked = asking(name, "contact", "company", on_duplicate="link")
    with pytest.raises(PowerCut):
        await office.replica(off_after=3).resolve(asked)  # two claims, then the decision
    await merge_clients(survivor.id, [known.id], {}, a_cause(f"merge-{name}"), owners=office.contacts)
    await office.resolve(asked)
    answer = await office.resolved(asked)
    assert answer.contact is not None
    assert answer.contact.id == survivor.id
    links = (await office.contacts.get(survivor.id)).companies
    assert [link.company_id for link in links] == [asked.proposed_company_id]


async def prepare(office: Office, scene: str, name: str) -> None:
    if scene in {"a contact is linked", "a match is refused"}:
        await office.knows_contact(f"known-{name}", name)
    if scene == "a company is linked":
        await office.knows_company(f"known-{name}", name)


SCENES: dict[str, tuple[OnDuplicate, int]] = {
    "all is created": ("link", 6),
    "all is created without a look at duplicates": ("create", 5),
    "a contact is linked": ("link", 6),
    "a company is linked": ("link", 6),
    "a match is refused": ("reject", 4),
}


@pytest.mark.parametrize("asks_again", [False, True], ids=["redelivered", "asked once more"])
@pytest.mark.parametrize("scene", SCENES)
async def test_death_after_any_of_its_writes_changes_nothing_in_the_end(
    office: Office, name: str, scene: str, *, asks_again: bool
) -> None:
    """LEAD-13."""
    how, writes = SCENES[scene]
    await prepare(office, scene, name)
    undisturbed = office.replica()
    asked = asking(name, "contact", "company", on_duplicate=how, address=ADDRESS)
    await undisturbed.resolve(asked)
    expected = await office.everything_about(name)
    assert undisturbed.power.writes == writes
    assert (len(expected["resolutions"]), expected["claims"]) == (1, [])
    for off_after in range(1, writes + 1):
        other = f"{name}{off_after}-{int(name.rpartition('-')[2]) + 1000 * off_after}"
        await prepare(office, scene, other)
        asked, cause = asking(other, "contact", "company", on_duplicate=how, address=ADDRESS), a_cause(f"on-{other}")
        with pytest.raises(PowerCut):
            await office.replica(off_after=off_after).resolve(asked, cause)
        restarted = office.replica()
        await restarted.resolve(asked, again(cause) if asks_again else cause)
        assert await office.everything_about(other) == expected, f"power off after write {off_after}"
        (answer,) = await office.said(asked)
        # Whoever asks once more after the end is answered from what is stored; whoever asks the same is not. The last
        # two writes store the answer and give up the claims.
        assert restarted.answers.events == ([answer] if asks_again and off_after >= writes - 1 else [])


async def test_while_somebody_else_creates_a_client_with_the_same_phone_the_question_has_to_wait(
    office: Office, name: str
) -> None:
    """LEAD-13."""
    asked = asking(name, "contact")
    rival = asking(f"rival-{name}", "contact", phones=asked.snapshot.phones)
    with pytest.raises(PowerCut):
        await office.replica(off_after=1).resolve(rival)
    with pytest.raises(PowerCut):
        await office.replica(off_after=2).resolve(rival)  # both keys are the rival's now
    with pytest.raises(NotYet):
        await office.resolve(asked)
    await office.resolve(rival)
    await office.resolve(asked)
    assert (await office.resolved(asked)).contact == (await office.resolved(rival)).contact


@pytest.mark.parametrize("how", ["link", "reject"])
async def test_a_claim_that_a_late_twin_left_behind_holds_up_nobody(
    office: Office, name: str, how: OnDuplicate
) -> None:
    """LEAD-13: the twin looked before the answer, claimed after it, and died; nobody is asked again."""
    known = await office.knows_contact(f"known-{name}", name)
    first = asking(f"first-{name}", "contact", on_duplicate=how)
    await office.resolve(first)
    holder = ElementRef(type="contact", id=first.proposed_contact_id)
    late = Claim(holder=holder, resolution_id=Resolution.id_for(first))
    assert await office.claims.take({f"phone:{phone_of(name)}": late}) is None
    asked = asking(name, "contact")
    await office.resolve(asked)
    assert (await office.resolved(asked)).contact == known.ref


async def test_a_contact_of_an_earlier_attempt_is_linked_to_the_company_of_a_later_one(
    office: Office, name: str
) -> None:
    """LEAD-12: the new contact, which has the phones, is linked to the new company."""
    first = asking(name, "contact", targets=("contact", "deal"))
    await office.resolve(first)
    made = (await office.resolved(first)).contact
    second = asking(name, "company", targets=("contact", "company", "deal"), attempt=2, contact=made)
    for cause in ("second", "second", "asked again"):
        await office.resolve(second, a_cause(f"{cause}-{name}"))
    contact = await office.contacts.get(first.proposed_contact_id)
    company = await office.companies.get(second.proposed_company_id)
    assert [(link.company_id, link.is_primary) for link in contact.companies] == [(company.id, True)]
    assert (company.phones, (await office.resolved(second)).created) == ((), (company.ref,))


async def test_a_contact_is_linked_to_the_company_of_an_earlier_attempt(office: Office, name: str) -> None:
    """LEAD-12."""
    first = asking(name, "company", targets=("company", "deal"))
    await office.resolve(first)
    made = (await office.resolved(first)).company
    second = asking(name, "contact", targets=("contact", "company", "deal"), attempt=2, company=made)
    await office.resolve(second, a_cause(f"second-{name}"))
    contact = await office.contacts.get(second.proposed_contact_id)
    assert [link.company_id for link in contact.companies] == [first.proposed_company_id]


async def test_a_company_gets_the_contact_data_where_no_contact_is_created(office: Office, name: str) -> None:
    """LEAD-12: a contact that was only linked has its own."""
    await office.knows_contact(f"known-{name}", name)
    asked = asking(name, "contact", "company", address=ADDRESS)
    await office.resolve(asked)
    company = await office.companies.get(asked.proposed_company_id)
    assert (company.phones, company.emails) == (asked.snapshot.phones, asked.snapshot.emails)
    assert [requisite.addresses for requisite in company.requisites] == [(ADDRESS,)]


@pytest.mark.parametrize("kind", ["contact", "company"])
async def test_leads_with_one_phone_converted_at_the_same_moment_make_one_client(
    office: Office, name: str, kind: ConversionTarget
) -> None:
    """LEAD-13."""
    phone = (a_phone(normalized=phone_of(name)),)
    same: dict[str, Any] = {"phones": phone, "emails": (), "company_title": title_of(name)}
    questions = [asking(f"{n}-{name}", kind, **same) for n in range(4)]

    async def until_done(replica: Office, asked: LeadConversionRequested) -> None:
        while True:
            try:
                return await replica.resolve(asked)
            except (NotYet, ConcurrentUpdate):
                await asyncio.sleep(0)

    await asyncio.gather(*(until_done(office.replica(), asked) for asked in questions))
    answers = [await office.resolved(asked) for asked in questions]
    assert len({(answer.contact or answer.company or company_ref()).id for answer in answers}) == 1
    assert sum(len(answer.created) for answer in answers) == 1


async def test_who_is_asked_for_nothing_does_nothing(office: Office, name: str) -> None:
    """LEAD-11."""
    replica = office.replica()
    asked = asking(name, "contact", targets=("deal",)).model_copy(update={"client_targets": ()})
    await replica.resolve(asked)
    assert (replica.power.writes, replica.answers.events) == (0, [])
