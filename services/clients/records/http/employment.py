"""Routes that link contacts to companies."""

from fastapi import APIRouter, Response

from services.clients.permissions import CanWrite
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.http.handlers import RecordHandlers
from services.clients.records.schemas.employment import LinkIn
from services.clients.records.schemas.records import ContactOut
from services.clients.records.usecases.employment import link_contact, unlink_contact
from shared.kit.storage.repository import Records
from shared.kit.web.conditions import IfMatch
from shared.kit.web.routes import router


def employment_router(handlers: RecordHandlers[Contact, ContactOut], companies: Records[Company]) -> APIRouter:
    """Build the routes that link contacts to companies."""
    api = router("contacts")

    @api.put("/contacts/{contact_id}/companies/{company_id}")
    async def link(
        contact_id: str, company_id: str, body: LinkIn, call: CanWrite, if_match: IfMatch, response: Response
    ) -> ContactOut:
        """Link the contact to a company, or change how it is linked: what is absent stays as it is (COMP-04, CONT-07).

        New, it is the last of the company's contacts; the first company of a contact is its primary one, and a new
        primary one replaces the old one. A contact works for at most 50 companies.
        """
        contact = await link_contact(
            contact_id,
            company_id,
            call.cause,
            contacts=call.guard(handlers.owners),
            companies=call.guard(companies),
            views=handlers.views,
            is_primary=body.is_primary,
            role_id=body.role_id,
            expected_version=if_match,
        )
        return await handlers.show(call, contact, response)

    @api.delete("/contacts/{contact_id}/companies/{company_id}")
    async def unlink(
        contact_id: str, company_id: str, call: CanWrite, if_match: IfMatch, response: Response
    ) -> ContactOut:
        """Unlink the contact from a company (COMP-04)."""
        contact = await unlink_contact(
            contact_id, company_id, call.cause, contacts=call.guard(handlers.owners), expected_version=if_match
        )
        return await handlers.show(call, contact, response)

    return api
