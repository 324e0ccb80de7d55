"""What a linked client takes of a lead, once, whoever dies or asks again (LEAD-12, LEAD-13)."""

import asyncio
from datetime import date
from typing import Any

import pytest
from crm_contracts.companies import CompanyUpdated
from crm_contracts.contacts import ContactUpdated
from crm_contracts.conversions import LeadConversionRequested, LinkedClient
from crm_contracts.requisites import Requisite
from crm_contracts.values import Address

from services.clients.conversion.domain.decision import given_to
from services.clients.conversion.domain.enrichment import fillings, linked_client
from services.clients.records.domain.contact import Contact
from services.clients.records.usecases.merge import merge_clients
from shared.kit.domain import NotYet
from shared.kit.storage.repository_errors import ConcurrentUpdate
from tests.builders.causes import NOON, a_cause
from tests.builders.clients import a_company, a_contact
from tests.builders.fakes import PowerCut, again
from tests.builders.leads import a_question
from tests.builders.values import a_phone, an_email
from tests.clients.office import Office, asking, phone_of, title_of

LEAD: dict[str, Any] = {
    "birth_date": date(1980, 2, 1),
    "position": "Buyer",
    "phones": (a_phone(), a_phone("4711", normalized=None)),
    "emails": (an_email("ada@home.example", normalized="ada@home.example"),),
}


def changed(known: Contact, **lead: Any) -> dict[str, Any]:
    asked = a_question("contact", **{**LEAD, **lead})
    return fillings(known, given_to(known, asked))


def test_empty_fields_are_filled_and_lists_joined_and_nothing_else() -> None:
    """LEAD-12: as in a merge."""
    known = a_contact(position="Owner", phones=(a_phone("030 901820"),), comments="a friend", responsible_id="bob")
    changes = changed(known, salutation=None, responsible_id="anna", source_id="WEB", open_to_all=False)
    assert changes.keys() == {"birth_date", "phones", "emails"}
    assert [point.value for point in changes["phones"]] == ["030 901820", "4711"]


@pytest.mark.parametrize(
    ("known", "lead", "filled"),
    [
        ({"last_name": None}, {}, {"last_name": "Lovelace"}),
        ({"first_name": "Lovelace", "last_name": None}, {}, {}),
        ({"first_name": "Bruno", "last_name": None}, {}, {}),
        ({}, {"middle_name": "King"}, {"middle_name": "King"}),
        ({}, {"first_name": None, "last_name": "Ada Lovelace"}, {}),
        ({"first_name": None, "last_name": "Ada"}, {"first_name": "Ada"}, {}),
    ],
)
def test_a_name_is_filled_only_to_the_name_of_the_lead(
    known: dict[str, Any], lead: dict[str, Any], filled: dict[str, Any]
) -> None:
    """LEAD-12: never to one of two people, or with a part twice."""
    changes = changed(a_contact(**known), **lead)
    assert {name: value for name, value in changes.items() if name.endswith("_name")} == filled


def test_a_field_that_was_emptied_here_stays_empty() -> None:
    """CONT-08."""
    assert "position" not in changed(a_contact(edited_here=("position",)))


def test_a_company_takes_contact_data_only_where_no_contact_does() -> None:
    """LEAD-12: as a new one."""
    company = a_company()
    alone = fillings(company, given_to(company, a_question("company", targets=("company", "deal"), **LEAD)))
    beside = fillings(company, given_to(company, a_question("contact", "company", **LEAD)))
    assert (set(alone), set(beside)) == ({"phones", "emails", "comments"}, {"comments"})


def test_what_the_lead_has_otherwise_is_told() -> None:
    """LEAD-12: in another case or order is the same."""
    address = Address(city="Berlin")
    known = a_contact(first_name="Lovelace", last_name="ADA", position="engineer ", comments="a friend")
    known.requisites = (Requisite(id="r", name="Home", addresses=(Address(city="Bonn"),)),)
    asked = a_question("contact", address=address, position="Engineer", comments="no friend")
    told = linked_client(known, given_to(known, asked), ("phones",))
    assert told == LinkedClient(
        client=known.ref, enriched=(), left_out=("salutation", "comments", "phones", "emails", "address")
    )


async def test_a_list_takes_as_many_as_a_caller_may_give(office: Office, name: str) -> None:
    """LEAD-12, CONT-03: and the answer says that the rest is left out."""
    many = tuple(a_phone(f"n{n}", normalized=None) for n in range(49))
    known = await office.knows_contact(f"known-{name}", name, emails=many)
    new = tuple(an_email(f"{n}@{name}.example", normalized=f"{n}@{name}.example") for n in range(3))
    asked = asking(name, "contact", emails=new)
    await office.resolve(asked)
    (told,) = (await office.resolved(asked)).linked
    assert "emails" in told.left_out
    assert len((await office.contacts.get(known.id)).emails) == 50


async def test_a_linked_client_is_filled_in_one_write_and_only_once(office: Office, name: str) -> None:
    """LEAD-12, LEAD-13: with its event; also where the inbox has forgotten and a user has changed it since."""
    known = await office.knows_contact(f"known-{name}", name, position=None)
    company = await office.knows_company(f"firm-{name}", name)
    asked = asking(name, "contact", "company")
    await office.resolve(asked)
    answer = await office.resolved(asked)
    assert {told.client.id: set(told.enriched) for told in answer.linked} == {
        known.id: {"salutation", "position", "comments", "emails"},
        company.id: {"comments"},
    }
    assert (await office.contacts.get(known.id)).version == known.version + 1
    await office.contacts.change(known.id, lambda c: c.correct({"position": None}, by="user:bob", at=NOON), a_cause())
    for repository, id_ in ((office.contacts, known.id), (office.companies, company.id)):
        await repository.forget_causes(id_)
    for cause in (a_cause(f"event-of-{name}"), again(a_cause(f"event-of-{name}"))):
        await office.resolve(asked, cause)
    assert (await office.contacts.get(known.id)).position is None
    updates = [event for event in await office.contacts.said(known.id) if isinstance(event, ContactUpdated)]
    assert len(updates) == 2, "of the lead, and of the user"
    assert len([e for e in await office.companies.said(company.id) if isinstance(e, CompanyUpdated)]) == 1


@pytest.mark.parametrize("off_after", range(1, 6))
async def test_who_dies_on_the_way_tells_the_same_of_what_was_filled(office: Office, name: str, off_after: int) -> None:
    """LEAD-13: the plan is stored before the write, so that a repeat knows what it has done."""
    known = await office.knows_contact(f"known-{name}", name, position=None)
    asked, cause = asking(name, "contact"), a_cause(f"event-of-{name}")
    replica = office.replica(off_after=off_after)
    try:
        await replica.resolve(asked, cause)
    except PowerCut:
        await office.replica().resolve(asked, cause)
    (told,) = (await office.resolved(asked)).linked
    assert (told.client.id, set(told.enriched), told.left_out) == (
        known.id,
        {"salutation", "position", "comments", "emails"},
        (),
    )


async def test_two_clients_with_the_address_of_one_lead_can_be_merged(office: Office, name: str) -> None:
    """LEAD-12, DUP-02: one that an attempt has created, and one that was chosen after the deal was refused."""
    first = asking(name, "contact", address=Address(city="Berlin"))
    await office.resolve(first)
    created = (await office.resolved(first)).contact
    assert created is not None
    chosen = await office.knows_contact(f"known-{name}", name)
    await office.resolve(first.model_copy(update={"attempt": 2, "contact_id": chosen.id}), a_cause(f"again-{name}"))
    one, other = [await office.contacts.get(id_) for id_ in (chosen.id, created.id)]
    assert len(one.requisites) == len(other.requisites) == 1
    resolution = dict.fromkeys(("first_name", "last_name", "salutation", "position", "responsible_id"), chosen.id)
    merged = await merge_clients(one.id, [other.id], resolution, a_cause(f"merge-{name}"), owners=office.contacts)
    assert len(merged.requisites) == 2


async def test_leads_of_one_company_converted_at_the_same_moment_make_one_company(office: Office, name: str) -> None:
    """LEAD-13: though they share neither phone nor e-mail."""
    questions = [
        asking(
            f"{n}-{name}",
            "contact",
            "company",
            company_title=title_of(name),
            first_name=f"Ada{n}",
            phones=(a_phone(normalized=f"{phone_of(name)}{n}"),),
        )
        for n in range(4)
    ]

    async def until_done(replica: Office, asked: LeadConversionRequested) -> None:
        while True:
            try:
                return await replica.resolve(asked)
            except (NotYet, ConcurrentUpdate):
                await asyncio.sleep(0)

    await asyncio.gather(*(until_done(office.replica(), asked) for asked in questions))
    answers = [await office.resolved(asked) for asked in questions]
    assert len({answer.company.id for answer in answers if answer.company}) == 1
    assert len({answer.contact.id for answer in answers if answer.contact}) == 4
