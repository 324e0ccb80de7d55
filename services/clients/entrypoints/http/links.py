"""Who works where."""

from fastapi import APIRouter, Response

from services.clients.adapters.mongo import ClientViews
from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.entrypoints.http.rights import CanWrite
from services.clients.entrypoints.schemas.links import LinkIn
from services.clients.entrypoints.schemas.records import ContactOut
from services.clients.usecases.link_contact import link_contact
from services.clients.usecases.unlink_contact import unlink_contact
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.web.call import etag
from shared.kit.web.routes import router


def links_router(
    contacts: MongoRepository[Contact], companies: MongoRepository[Company], views: ClientViews
) -> APIRouter:
    """Link contacts to companies."""
    api = APIRouter(tags=["contacts"], route_class=router().route_class)

    def shown(contact: Contact, response: Response) -> ContactOut:
        response.headers.update(etag(contact.version))
        return ContactOut.of(contact)

    @api.put("/contacts/{contact_id}/companies/{company_id}")
    async def link(contact_id: str, company_id: str, body: LinkIn, call: CanWrite, response: Response) -> ContactOut:
        """Link the contact to a company (COMP-04, CONT-07)."""
        contact = await link_contact(
            contact_id,
            company_id,
            call.cause,
            contacts=contacts,
            companies=companies,
            views=views,
            is_primary=body.is_primary,
            role_id=body.role_id,
            expected_version=call.if_match,
        )
        return shown(contact, response)

    @api.delete("/contacts/{contact_id}/companies/{company_id}")
    async def unlink(contact_id: str, company_id: str, call: CanWrite, response: Response) -> ContactOut:
        """Unlink the contact from a company (COMP-04)."""
        contact = await unlink_contact(
            contact_id, company_id, call.cause, contacts=contacts, expected_version=call.if_match
        )
        return shown(contact, response)

    return api
