"""What is linked to a client."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as QueryParameter

from services.clients.adapters.elements import Elements
from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.domain.element import Element
from services.clients.entrypoints.http.rights import CanRead
from services.clients.entrypoints.schemas.links import ElementOut
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.web.routes import router
from shared.kit.web.schemas import Cursor, Limit, Page

ElementTypeIn = Annotated[str | None, QueryParameter(alias="type", min_length=1, max_length=50)]


def elements_router(
    contacts: MongoRepository[Contact], companies: MongoRepository[Company], elements: Elements
) -> APIRouter:
    """What is linked to a contact or a company."""
    api = APIRouter(tags=["elements"], route_class=router().route_class)

    @api.get("/contacts/{contact_id}/elements")
    async def of_contact(
        contact_id: str, call: CanRead, kind: ElementTypeIn = None, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[ElementOut]:
        """List the leads, deals and whatever else is linked to the contact, newest first (CLI-01)."""
        found = await elements.page(
            "contact_ids", contact_id, type_=kind, access=call.caller, limit=limit, cursor=cursor
        )
        await contacts.get(contact_id)
        return _page(*found)

    @api.get("/companies/{company_id}/elements")
    async def of_company(
        company_id: str, call: CanRead, kind: ElementTypeIn = None, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[ElementOut]:
        """List the leads, deals and whatever else is linked to the company, newest first (CLI-01)."""
        found = await elements.page(
            "company_id", company_id, type_=kind, access=call.caller, limit=limit, cursor=cursor
        )
        await companies.get(company_id)
        return _page(*found)

    return api


def _page(found: Sequence[Element], more: str | None) -> Page[ElementOut]:
    return Page(items=[ElementOut(element=each.ref, since=each.at) for each in found], next_cursor=more)
