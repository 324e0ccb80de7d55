"""Create the contact of a conversion, or link an existing one to its company."""

from contextlib import suppress

from crm_contracts.contacts import CompanyLink
from crm_contracts.conversions import LeadConversionRequested

from services.clients.conversion.domain.decision import TargetDecision
from services.clients.conversion.domain.lead_snapshot import address_requisites, contact_fields
from services.clients.conversion.usecases.add_record import add_or_find
from services.clients.conversion.usecases.collaborators import Collaborators
from services.clients.conversion.usecases.link_record import Outcome, link_record
from services.clients.records.domain.contact import Contact
from services.clients.records.domain.errors import TooManyCompanies
from services.clients.records.usecases.employment import STEP
from shared.kit.domain import Cause
from shared.kit.storage.repository_errors import Gone


async def create_or_link_contact(
    request: LeadConversionRequested,
    target: TargetDecision | None,
    company: TargetDecision | None,
    cause: Cause,
    use: Collaborators,
) -> Outcome | None:
    """Create the contact as decided, or link the existing one to the company; None where there is to be none."""
    if target is None:
        return None
    employer = await _employer(company, use)

    def link(contact: Contact) -> None:
        # The conversion ends where the contact works for as many companies as one may: lead and deal link both.
        with suppress(TooManyCompanies):
            if employer is not None:
                contact.link(employer.ref, position=employer.position, by=cause.actor, at=cause.at)

    if target.action == "link":
        return await link_record(request, target, cause, use.contacts, link)
    contact = await _create(request, target.ref.id, employer, cause, use)
    if employer is not None and all(link.company_id != employer.company_id for link in contact.companies):
        with suppress(Gone):
            await use.contacts.change(contact.id, link, cause)
    return Outcome(contact.ref)


async def _create(
    request: LeadConversionRequested, id_: str, employer: CompanyLink | None, cause: Cause, use: Collaborators
) -> Contact:
    # Salutation and source are taken as the lead has them: no conversion fails because of a code.
    fields = (await use.reference.codes(Contact.TYPE.fields)).defaults | contact_fields(request)
    return await add_or_find(
        use.contacts,
        lambda number: Contact.create(
            id_,
            number,
            fields,
            by=cause.actor,
            at=cause.at,
            companies=[] if employer is None else [employer],
            requisites=address_requisites(request, id_),
            lead_id=request.lead.id,
        ),
        cause,
        use.numbers,
    )


async def _employer(company: TargetDecision | None, use: Collaborators) -> CompanyLink | None:
    """Build the link to the company of the conversion, last among the contacts of an existing one."""
    if company is None:
        return None
    last = 0 if company.action == "create" else await use.views.last_position(company.ref.id)
    return CompanyLink(company_id=company.ref.id, title=company.ref.title, position=last + STEP, is_primary=True)
