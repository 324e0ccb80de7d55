"""Answer a conversion, with what its deal needs: the request that the lead sent along, and the company's contacts."""

from functools import partial

from crm_contracts.client_answers import CompanyContacts
from crm_contracts.conversions import LeadConversionRequested
from crm_contracts.elements import CONTACT
from crm_contracts.values import ElementRef

from services.clients.conversion.domain.resolution import Resolution
from services.clients.conversion.usecases.collaborators import Collaborators
from services.clients.conversion.usecases.link_record import Outcome
from services.clients.records.domain.company_contacts import company_contacts
from shared.elements.domain.filters.nodes import EVERYTHING
from shared.elements.domain.room import MAX_CLIENT_BYTES, fitting
from shared.kit.domain import Cause


async def answer_conversion(
    request: LeadConversionRequested, contact: Outcome | None, company: Outcome | None, cause: Cause, use: Collaborators
) -> None:
    """Answer the request once everything is as decided, by the last write of the resolution."""
    linked_company = None if company is None else company.ref
    contacts = await _contacts_for_deal(request, linked_company, cause, use)
    await use.resolutions.change(
        Resolution.id_for(request),
        lambda found: found.finish(
            to=cause.key,
            contact=None if contact is None else contact.ref,
            company=linked_company,
            linked=tuple(each.linked for each in (contact, company) if each and each.linked),
            deal=request.deal,
            company_contacts=contacts,
        ),
        cause.step("answer"),
    )


async def repeat_answer(
    request: LeadConversionRequested, resolution: Resolution, cause: Cause, use: Collaborators
) -> None:
    """Answer a repeated request from what is stored; the request itself is not delivered twice."""
    if resolution.answered_to == cause.key:
        return
    contacts = await _contacts_for_deal(request, resolution.company, cause, use)
    await use.answers.give(resolution.answer(request.deal, contacts), subject=resolution.id, cause=cause)


async def _contacts_for_deal(
    request: LeadConversionRequested, company: ElementRef | None, cause: Cause, use: Collaborators
) -> CompanyContacts | None:
    """Find the contacts that the deal attaches, those that the caller may read (CLI-07).

    None without a deal, or without a company for it.

    What is deleted or merged before the deal is there, the deal finds out by itself.
    """
    if request.deal is None or company is None:
        return None
    rights = await use.rights.restricting(cause.actor, cause.roles)
    allowed = EVERYTHING if rights is None else rights.filter(CONTACT, "read")
    found = await use.views.contacts_of(company.id, allowed)
    return fitting(partial(company_contacts, found), MAX_CLIENT_BYTES)
