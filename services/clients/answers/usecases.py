"""Answer elements that link a company or choose requisites.

An answer changes no state and its id follows from the question's, so a repeated question gets the same answer.
"""

from collections.abc import Sequence
from typing import Protocol

from crm_contracts.client_answers import (
    ElementCompanyRefused,
    ElementContactsResolved,
    ElementRequisitesConfirmed,
    ElementRequisitesRefused,
)
from crm_contracts.client_field import Client
from crm_contracts.values import ElementRef

from services.clients.answers.domain import RequisiteChoiceCheck, find_problem
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.usecases.merge import follow_merges
from shared.kit.domain import Cause
from shared.kit.messaging.answers import Answers
from shared.kit.storage.repository import Repository

MAX_ATTACHED = 500
COMPANY_NOT_FOUND = "company_not_found"


class CompanyContacts(Protocol):
    """Knows the contacts of companies."""

    async def contacts_of(self, company_id: str) -> Sequence[Contact]:
        """List the contacts of a company in their order."""
        ...


class RequisiteOwners(Protocol):
    """Knows who may own requisites."""

    async def current_clients(self, refs: Sequence[ElementRef]) -> Sequence[Contact | Company]:
        """List these contacts and companies, each merged one as its last survivor."""
        ...

    async def sellers_with(self, requisite_id: str) -> Sequence[Company]:
        """List companies of ours with these requisites."""
        ...


async def answer_company_link(
    element: ElementRef,
    client: Client,
    cause: Cause,
    *,
    companies: Repository[Company],
    views: CompanyContacts,
    answers: Answers,
) -> None:
    """Answer a pending company link of any element with the company's contacts, or refuse the company (CLI-07)."""
    if client.link_state != "pending" or client.company is None:
        return
    company = await follow_merges(client.company.id, owners=companies)
    if company is None or company.deleted_at:
        refusal = ElementCompanyRefused(
            element=element, link_no=client.link_no, company=client.company, code=COMPANY_NOT_FOUND
        )
        await answers.give(refusal, subject=element.id, cause=cause)
        return
    contacts = await views.contacts_of(company.id)
    answer = ElementContactsResolved(
        element=element,
        link_no=client.link_no,
        company=company.ref,
        contacts=tuple(contact.ref for contact in contacts[:MAX_ATTACHED]),
        truncated=len(contacts) > MAX_ATTACHED,
    )
    await answers.give(answer, subject=element.id, cause=cause)


async def answer_requisites(
    element: ElementRef, choice: RequisiteChoiceCheck, cause: Cause, *, views: RequisiteOwners, answers: Answers
) -> None:
    """Answer a pending choice of requisites of any element: confirm it, or refuse it for its first problem (REQ-05).

    Raises:
        NotYet: a merge is moving the requisites to one of the clients.
    """
    link = choice.link
    if link.state != "pending":
        return
    clients = await views.current_clients(choice.clients) if link.requisite_id else ()
    sellers = await views.sellers_with(link.mc_requisite_id) if link.mc_requisite_id else ()
    problem = find_problem(link, clients, sellers)
    answer: ElementRequisitesConfirmed | ElementRequisitesRefused
    if problem is None:
        answer = ElementRequisitesConfirmed(element=element, choice_no=link.choice_no)
    else:
        answer = ElementRequisitesRefused(
            element=element, choice_no=link.choice_no, code=problem.code, field=problem.field
        )
    await answers.give(answer, subject=element.id, cause=cause)
