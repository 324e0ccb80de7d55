"""Tell elements of the contacts of a company (CLI-07)."""

from collections.abc import Sequence

from crm_contracts.client_answers import CompanyContacts

from services.clients.records.domain.contact import Contact
from shared.elements.domain.client_field import MAX_CONTACTS
from shared.elements.domain.room import shortened


def company_contacts(found: Sequence[Contact], length: int) -> CompanyContacts:
    """Return those contacts, in their order, that an element attaches; their titles are cut to `length`."""
    contacts = tuple(shortened(contact.ref, length) for contact in found[:MAX_CONTACTS])
    return CompanyContacts(contacts=contacts, truncated=len(found) > MAX_CONTACTS)
