"""Whose phone or e-mail a new lead has (LEAD-05)."""

from datetime import datetime
from typing import Any

from crm_contracts.client_answers import LeadClientFound
from crm_contracts.repeat_leads import LeadClientSought
from crm_contracts.values import ElementRef

from tests.builders.causes import NOON, a_cause, later
from tests.builders.clients import just_created_company, just_created_contact
from tests.builders.events import an_event, react
from tests.builders.values import a_phone, an_email
from tests.clients.office import NUMBERS, Office, email_of, phone_of


async def knows(office: Office, kind: str, id_: str, *, at: datetime = NOON, **fields: Any) -> ElementRef:
    number = await NUMBERS.next(kind)
    if kind == "contact":
        return (await office.contacts.add(just_created_contact(id_, number=number, at=at, **fields), a_cause(id_))).ref
    return (await office.companies.add(just_created_company(id_, number=number, at=at, **fields), a_cause(id_))).ref


def asks(name: str, **given: Any) -> LeadClientSought:
    points = {"phones": (a_phone(normalized=phone_of(name)),), "emails": (an_email(normalized=email_of(name)),)}
    return LeadClientSought(lead=ElementRef(type="lead", id=name), came_at=later(30), **{**points, **given})


async def answers(office: Office, asked: LeadClientSought, *, at: datetime = NOON) -> LeadClientFound:
    replica = office.replica()
    for _ in range(2):  # it may come again, and has one answer
        await react(replica.reactions, an_event(asked, id_=f"{asked.lead.id}-{at}"), at=at)
    (answer,) = replica.answers.events
    assert isinstance(answer, LeadClientFound)
    assert (answer.lead, answer.came_at) == (asked.lead, asked.came_at)
    return answer


def phones_of(name: str) -> dict[str, Any]:
    return {"phones": (a_phone(normalized=phone_of(name)),)}


async def test_the_oldest_contact_goes_before_others_and_before_companies(office: Office, name: str) -> None:
    """LEAD-05: the others are candidates."""
    await knows(office, "company", f"firm-{name}", at=NOON, **phones_of(name))
    second = await knows(office, "contact", f"second-{name}", at=later(2), **phones_of(name))
    first = await knows(
        office, "contact", f"z-first-{name}", at=later(1), emails=(an_email(normalized=email_of(name)),)
    )
    answer = await answers(office, asks(name))
    assert (answer.client, answer.candidates) == (first, (second,))


async def test_the_oldest_company_is_found_where_no_contact_is(office: Office, name: str) -> None:
    """LEAD-05: our own sellers are nobody's clients."""
    await knows(office, "company", f"ours-{name}", is_my_company=True, **phones_of(name))
    other = await knows(office, "company", f"other-{name}", at=later(2), **phones_of(name))
    firm = await knows(office, "company", f"firm-{name}", at=later(1), **phones_of(name))
    answer = await answers(office, asks(name))
    assert (answer.client, answer.candidates) == (firm, (other,))


async def test_nobody_is_found_who_is_not_known(office: Office, name: str) -> None:
    """LEAD-05: leads is told what it may look for itself."""
    answer = await answers(office, asks(name))
    assert (answer.client, answer.candidates) == (None, ())
    assert answer.phones + answer.emails == (*asks(name).phones, *asks(name).emails)


async def test_what_many_people_have_tells_of_nobody(office: Office, name: str) -> None:
    """LEAD-05, LEAD-12: shared mailboxes, other extensions of a switchboard, and what has no normal form."""
    shared = an_email(normalized=f"info@{name}.example")
    extension = a_phone("+49 30 901820 ext. 12", phone_of(name))
    typed = a_phone("000000", None)
    await knows(office, "contact", f"someone-{name}", phones=(extension, typed), emails=(shared,))
    answer = await answers(office, asks(name, phones=(a_phone(normalized=phone_of(name)), typed), emails=(shared,)))
    assert answer.client is None
    assert (answer.phones, answer.emails) == ((a_phone(normalized=phone_of(name)),), ())


async def test_who_became_a_client_later_was_not_known(office: Office, name: str) -> None:
    """LEAD-05: a question that is handled late, or again, has the answer that it would have had."""
    await knows(office, "contact", f"late-{name}", at=later(31), **phones_of(name))
    assert (await answers(office, asks(name), at=later(60))).client is None
    early = await knows(office, "contact", f"early-{name}", at=later(30), **phones_of(name))
    assert (await answers(office, asks(name), at=later(90))).client == early
