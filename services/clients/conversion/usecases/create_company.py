"""Create the company of a conversion, or link an existing one."""

from crm_contracts.conversions import LeadConversionRequested

from services.clients.conversion.domain.decision import TargetDecision
from services.clients.conversion.domain.lead_snapshot import address_requisites, company_fields
from services.clients.conversion.usecases.add_record import add_or_find
from services.clients.conversion.usecases.collaborators import Collaborators
from services.clients.conversion.usecases.link_record import Outcome, link_record
from services.clients.records.domain.company import Company
from shared.kit.domain import Cause


async def create_or_link_company(
    request: LeadConversionRequested,
    target: TargetDecision | None,
    contact: TargetDecision | None,
    cause: Cause,
    use: Collaborators,
) -> Outcome | None:
    """Create the company as decided, or link the existing one; None where there is to be none."""
    if target is None:
        return None
    if target.action == "link":
        return await link_record(request, target, cause, use.companies)
    alone = contact is None or contact.ref.id != request.proposed_contact_id
    codes = (await use.reference.codes(Company.TYPE.fields)).defaults
    fields = codes | Company.defaults(use.defaults) | company_fields(request, target.ref.title, alone=alone)
    company = await add_or_find(
        use.companies,
        lambda number: Company.create(
            target.ref.id,
            number,
            fields,
            by=cause.actor,
            at=cause.at,
            requisites=address_requisites(request, target.ref.id) if alone else (),
            lead_id=request.lead.id,
        ),
        cause,
        use.numbers,
    )
    return Outcome(company.ref)
