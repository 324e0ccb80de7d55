"""An element links a company: it is told the company's contacts, or that there is no such company (CLI-07)."""

from collections.abc import Sequence
from typing import Protocol

from crm_contracts.client_answers import ElementCompanyRefused, ElementContactsResolved
from crm_contracts.client_field import Client
from crm_contracts.values import ElementRef

from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.usecases.follow_merges import follow_merges
from shared.kit.domain import Cause
from shared.kit.messaging.publishing import Answers
from shared.kit.storage.repository import Repository

MAX_ATTACHED = 500
COMPANY_NOT_FOUND = "company_not_found"


class CompanyContacts(Protocol):
    """Knows who works for a company."""

    async def contacts_of(self, company_id: str) -> Sequence[Contact]:
        """Contacts in their order."""
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
    """Answer the question that a pending link is; one handler for every type of element.

    Nothing changes here, so the answer's id follows from the question's: asked again, it is the same answer.
    """
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
