"""An element links a company, and is told who works there (CLI-07)."""

from collections.abc import Callable, Sequence

import pytest
from crm_contracts.client_answers import ElementCompanyRefused, ElementContactsResolved
from crm_contracts.client_field import Client
from crm_contracts.deals import DealClientChanged, DealCreated
from crm_contracts.envelope import Event
from crm_contracts.leads import LeadClientChanged, LeadCreated
from crm_contracts.values import ElementRef

from services.clients.answers.usecases import answer_client_link
from services.clients.records.domain.contact import Contact
from shared.elements.domain.client_field import MAX_CONTACTS, set_company
from shared.elements.domain.filters.nodes import Node
from tests.builders.causes import a_cause
from tests.builders.clients import a_contact, just_created_contact, works_for
from tests.builders.deals import just_created_deal
from tests.builders.events import an_event, react
from tests.builders.fakes import Said
from tests.builders.leads import LEAD_REF, just_created_lead
from tests.clients.office import NUMBERS, Office

DEAL_REF = ElementRef(type="deal", id="deal-1", title="Pumps for ACME")
Ask = Callable[[Client], Event]
QUESTIONS: dict[str, tuple[ElementRef, Ask]] = {
    "a new lead": (LEAD_REF, lambda client: LeadCreated(lead=just_created_lead(client=client).state)),
    "a lead": (
        LEAD_REF,
        lambda client: LeadClientChanged(lead=LEAD_REF, before=Client(), after=client, is_repeat=True),
    ),
    "a new deal": (DEAL_REF, lambda client: DealCreated(deal=just_created_deal(client=client).state)),
    "a deal": (DEAL_REF, lambda client: DealClientChanged(deal=DEAL_REF, before=Client(), after=client)),
}


async def answers(office: Office, event: Event, *event_ids: str) -> Said:
    replica = office.replica()
    for id_ in event_ids or ("event-1",):
        await react(replica.reactions, an_event(event, id_=id_))
    return replica.answers


async def works_at(office: Office, company_id: str, contact_id: str, position: int) -> ElementRef:
    contact = just_created_contact(
        contact_id, works_for(company_id, position=position), number=await NUMBERS.next("contact")
    )
    return (await office.contacts.add(contact, a_cause(contact_id))).ref


@pytest.mark.parametrize("who", QUESTIONS)
async def test_whoever_links_a_company_is_told_its_contacts_in_their_order(office: Office, name: str, who: str) -> None:
    """CLI-07."""
    element, ask = QUESTIONS[who]
    company = await office.knows_company(f"at-{name}")
    second = await works_at(office, company.id, f"second-{name}", 20)
    first = await works_at(office, company.id, f"first-{name}", 10)
    said = await answers(office, ask(set_company(Client(), company.id)))
    expected = ElementContactsResolved(element=element, link_no=1, company=company.ref, contacts=(first, second))
    assert said.events == [expected]
    assert said.envelopes[0].subject == element.id
    assert said.envelopes[0].sequence is None


@pytest.mark.parametrize("who", QUESTIONS)
async def test_a_company_that_is_not_there_is_refused(office: Office, who: str) -> None:
    """CLI-07."""
    element, ask = QUESTIONS[who]
    said = await answers(office, ask(set_company(Client(), "nobody")))
    nobody = ElementRef(type="company", id="nobody")
    assert said.events == [ElementCompanyRefused(element=element, link_no=1, company=nobody, code="company_not_found")]


@pytest.mark.parametrize("who", QUESTIONS)
async def test_who_asks_for_no_company_gets_no_answer(office: Office, who: str) -> None:
    """CLI-07."""
    _, ask = QUESTIONS[who]
    settled = set_company(Client(), "nobody").model_copy(update={"link_state": "done"})
    for client in (Client(), settled, set_company(settled, None)):
        assert (await answers(office, ask(client))).events == []


async def test_the_same_question_has_one_answer_however_often_it_comes(office: Office, name: str) -> None:
    """CLI-07."""
    company = await office.knows_company(f"at-{name}")
    _, ask = QUESTIONS["a deal"]
    question = ask(set_company(Client(), company.id))
    said = await answers(office, question, "event-1", "event-1", "event-2")
    first, other = (envelope.id for envelope in said.envelopes)
    assert first != other


class Crowd:
    """A company of many, without entering them all."""

    def __init__(self, number: int) -> None:
        self.contacts = [a_contact(f"contact-{n}") for n in range(number)]

    async def contacts_of(self, company_id: str, allowed: Node) -> list[Contact]:
        del company_id, allowed
        return self.contacts

    async def surviving_contacts(self, ids: Sequence[str]) -> dict[str, Contact]:
        del ids
        return {}


@pytest.mark.parametrize(("people", "truncated"), [(MAX_CONTACTS, False), (MAX_CONTACTS + 1, True)])
async def test_a_company_of_many_tells_500_contacts_and_whether_there_are_more(
    office: Office, name: str, people: int, *, truncated: bool
) -> None:
    """CLI-07."""
    company, said = await office.knows_company(f"at-{name}"), Said()
    await answer_client_link(
        DEAL_REF,
        set_company(Client(), company.id),
        a_cause(),
        companies=office.companies,
        views=Crowd(people),
        answers=said,
    )
    (answer,) = said.events
    assert isinstance(answer, ElementContactsResolved)
    assert (len(answer.contacts), answer.truncated) == (MAX_CONTACTS, truncated)
