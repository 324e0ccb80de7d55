"""React to what clients publish about the clients that elements link (CLI-05, CLI-07, COMP-10, DUP-02)."""

from collections.abc import Mapping

from crm_contracts.client_answers import ElementCompanyRefused, ElementContactsChecked, ElementContactsResolved
from crm_contracts.companies import CompanyCreated, CompanyDeleted, CompanyReplaced
from crm_contracts.contacts import ContactCreated, ContactDeleted, ContactReplaced
from crm_contracts.envelope import Envelope
from crm_contracts.values import ElementRef

from shared.elements.domain.traits import HasClient
from shared.elements.store.created_links import CreatedLinks
from shared.elements.store.removed_clients import Owners, RemovedClients
from shared.elements.usecases.client_field import attach_contacts, check_contacts, refuse_company
from shared.elements.usecases.collaborators import DeletedClients
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on
from shared.kit.storage.repository import Records


def client_field_reactions(
    owners: Owners, *, removed_clients: RemovedClients, created_links: CreatedLinks
) -> Reactions:
    """Make the reactions of a service whose elements have a Client field."""
    return [
        *client_answer_reactions(owners, removed_clients=removed_clients),
        *created_link_reactions(created_links),
        *removed_client_reactions(removed_clients),
    ]


def client_answer_reactions(owners: Mapping[str, Records[HasClient]], *, removed_clients: DeletedClients) -> Reactions:
    """Make the reactions to answers about linked clients; `owners` by the noun of their type, others are ignored."""

    async def on_element_contacts_resolved(event: Envelope[ElementContactsResolved], cause: Cause) -> None:
        elements = owners.get(event.data.element.type)
        if elements is not None:
            await attach_contacts(event.data, cause, elements=elements, removed_clients=removed_clients)

    async def on_element_company_refused(event: Envelope[ElementCompanyRefused], cause: Cause) -> None:
        elements = owners.get(event.data.element.type)
        if elements is not None:
            await refuse_company(event.data, cause, elements=elements, removed_clients=removed_clients)

    async def on_element_contacts_checked(event: Envelope[ElementContactsChecked], cause: Cause) -> None:
        elements = owners.get(event.data.element.type)
        if elements is not None:
            await check_contacts(event.data, cause, elements=elements, removed_clients=removed_clients)

    return [
        on(ElementContactsResolved, on_element_contacts_resolved),
        on(ElementCompanyRefused, on_element_company_refused),
        on(ElementContactsChecked, on_element_contacts_checked),
    ]


def created_link_reactions(created_links: CreatedLinks) -> Reactions:
    """Make the reactions that link new clients to the elements that they were created from."""

    async def on_contact_created(event: Envelope[ContactCreated], cause: Cause) -> None:
        contact = event.data.contact
        ref = ElementRef(type="contact", id=contact.id, title=contact.full_name)
        await created_links.link(event.id, ref, event.data.link_to, cause)

    async def on_company_created(event: Envelope[CompanyCreated], cause: Cause) -> None:
        ref = ElementRef(type="company", id=event.data.company.id, title=event.data.company.title)
        await created_links.link(event.id, ref, event.data.link_to, cause)

    return [on(ContactCreated, on_contact_created), on(CompanyCreated, on_company_created)]


def removed_client_reactions(removed_clients: RemovedClients) -> Reactions:
    """Make the reactions that unlink deleted clients, and replace merged ones."""

    async def on_contact_deleted(event: Envelope[ContactDeleted], cause: Cause) -> None:
        await removed_clients.remove_everywhere(event.data.contact, cause)

    async def on_company_deleted(event: Envelope[CompanyDeleted], cause: Cause) -> None:
        await removed_clients.remove_everywhere(event.data.company, cause)

    async def on_contact_replaced(event: Envelope[ContactReplaced], cause: Cause) -> None:
        await removed_clients.remove_everywhere(event.data.contact, cause, survivor=event.data.survivor)

    async def on_company_replaced(event: Envelope[CompanyReplaced], cause: Cause) -> None:
        await removed_clients.remove_everywhere(event.data.company, cause, survivor=event.data.survivor)

    return [
        on(ContactDeleted, on_contact_deleted),
        on(CompanyDeleted, on_company_deleted),
        on(ContactReplaced, on_contact_replaced),
        on(CompanyReplaced, on_company_replaced),
    ]
