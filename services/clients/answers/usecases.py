"""Answer elements that link clients or choose requisites.

An answer changes no state and its id follows from the question's, so a repeated question gets the same answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from crm_contracts.client_answers import (
    CheckedContact,
    ElementCompanyRefused,
    ElementContactsChecked,
    ElementContactsResolved,
    ElementRequisitesConfirmed,
    ElementRequisitesRefused,
)
from crm_contracts.client_field import Client, ContactLink
from crm_contracts.values import ElementRef

from services.clients.answers.domain import RequisiteChoiceCheck, find_problem
from services.clients.records.domain.company import Company
from services.clients.records.domain.company_contacts import company_contacts
from services.clients.records.domain.contact import Contact
from services.clients.records.usecases.merge import follow_merges
from shared.elements.domain.filters.nodes import EVERYTHING, Node
from shared.elements.domain.missing_clients import COMPANY_NOT_FOUND
from shared.elements.domain.room import MAX_CLIENT_BYTES, fitting, shortened
from shared.kit.domain import Cause
from shared.kit.messaging.answers import Answers
from shared.kit.storage.repository import Repository

MAX_ANSWER_BYTES = 2 * MAX_CLIENT_BYTES


class LinkedClients(Protocol):
    """Knows contacts, and those of companies."""

    async def contacts_of(self, company_id: str, allowed: Node) -> Sequence[Contact]:
        """List those contacts of a company that are allowed, in their order."""
        ...

    async def surviving_contacts(self, ids: Sequence[str]) -> Mapping[str, Contact]:
        """Find the contacts of these ids, each merged one as its last survivor; without those that do not exist."""
        ...


class RequisiteOwners(Protocol):
    """Knows who may own requisites."""

    async def current_clients(self, refs: Sequence[ElementRef]) -> Sequence[Contact | Company]:
        """List these contacts and companies, each merged one as its last survivor."""
        ...

    async def sellers_with(self, requisite_id: str, allowed: Node) -> Sequence[Company]:
        """List those allowed companies of ours with these requisites."""
        ...


async def answer_client_link(
    element: ElementRef,
    client: Client,
    cause: Cause,
    *,
    replaced: Sequence[ContactLink] = (),
    allowed: Node = EVERYTHING,
    companies: Repository[Company],
    views: LinkedClients,
    answers: Answers,
) -> None:
    """Answer what an element asks about its Client field, with the `allowed` contacts of a company (CLI-02, CLI-07)."""
    if client.link_state != "pending":
        return
    found = await views.surviving_contacts(client.pending_contacts)
    company = None
    if client.company is not None and client.asks_for_company:
        company = await follow_merges(client.company.id, owners=companies)
    contacts = [] if company is None else await views.contacts_of(company.id, allowed)
    left = () if found.keys() >= set(client.pending_contacts) else replaced

    def answer(length: int) -> ElementContactsChecked | ElementContactsResolved | ElementCompanyRefused:
        checked = tuple(
            CheckedContact(contact_id=id_, contact=shortened(found[id_].ref, length) if id_ in found else None)
            for id_ in client.pending_contacts
        )
        links = tuple(link.model_copy(update={"title": link.title and link.title[:length]}) for link in left)
        said: dict[str, Any] = {"element": element, "link_no": client.link_no, "checked": checked, "replaced": links}
        if client.company is None or not client.asks_for_company:
            return ElementContactsChecked(**said)
        if company is None or company.deleted_at:
            return ElementCompanyRefused(**said, company=client.company, code=COMPANY_NOT_FOUND)
        brought = company_contacts(contacts, length)
        return ElementContactsResolved(
            **said, company=company.ref, contacts=brought.contacts, truncated=brought.truncated
        )

    await answers.give(fitting(answer, MAX_ANSWER_BYTES), subject=element.id, cause=cause)


async def answer_requisites(
    element: ElementRef,
    choice: RequisiteChoiceCheck,
    cause: Cause,
    *,
    allowed: Node = EVERYTHING,
    views: RequisiteOwners,
    answers: Answers,
) -> None:
    """Answer a pending choice of requisites of any element: confirm it, or refuse it for its first problem (REQ-05).

    Ours are those of the `allowed` companies.

    Raises:
        NotYet: a merge is moving the requisites to one of the clients.
    """
    link = choice.link
    if link.state != "pending":
        return
    clients = await views.current_clients(choice.clients) if link.requisite_id else ()
    sellers = await views.sellers_with(link.mc_requisite_id, allowed) if link.mc_requisite_id else ()
    problem = find_problem(link, clients, sellers)
    answer: ElementRequisitesConfirmed | ElementRequisitesRefused
    if problem is None:
        answer = ElementRequisitesConfirmed(element=element, choice_no=link.choice_no)
    else:
        answer = ElementRequisitesRefused(
            element=element, choice_no=link.choice_no, code=problem.code, field=problem.field
        )
    await answers.give(answer, subject=element.id, cause=cause)
