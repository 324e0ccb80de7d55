"""Routes that list the elements of a client (CLI-01)."""

from collections.abc import Sequence
from typing import Annotated, Any

from crm_contracts.elements import ELEMENTS
from fastapi import APIRouter
from fastapi import Query as QueryParameter

from services.clients.linked_element.domain import LINKING_TYPES, LinkedElement, LinkingType
from services.clients.linked_element.schemas import ElementOut
from services.clients.linked_element.store.elements import Allowed, LinkedElements
from services.clients.permissions import CanRead
from shared.elements.http.rights import records_for
from shared.kit.storage.repository import Records
from shared.kit.web.call import Call
from shared.kit.web.routes import router
from shared.kit.web.schemas import Cursor, Limit, Page

ElementTypeIn = Annotated[LinkingType | None, QueryParameter(alias="type")]


def build_router(*, contacts: Records[Any], companies: Records[Any], elements: LinkedElements) -> APIRouter:
    """Build the routes."""
    api = router()

    @api.get("/contacts/{contact_id}/elements", tags=["elements"])
    async def of_contact(
        contact_id: str, call: CanRead, kind: ElementTypeIn = None, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[ElementOut]:
        """List the leads, deals and other elements that link the contact, newest first (CLI-01)."""
        found = await elements.page(
            "contact_ids", contact_id, type_=kind, allowed=elements_for(call), limit=limit, cursor=cursor
        )
        await call.guard(contacts).get(contact_id)
        return _page(*found)

    @api.get("/companies/{company_id}/elements", tags=["elements"])
    async def of_company(
        company_id: str, call: CanRead, kind: ElementTypeIn = None, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[ElementOut]:
        """List the leads, deals and other elements that link the company, newest first (CLI-01)."""
        found = await elements.page(
            "company_id", company_id, type_=kind, allowed=elements_for(call), limit=limit, cursor=cursor
        )
        await call.guard(companies).get(company_id)
        return _page(*found)

    return api


def elements_for(call: Call) -> Allowed:
    """Return the filters of the elements that the caller may read, by type."""
    return {noun: records_for(call, ELEMENTS[noun]) for noun in LINKING_TYPES}


def _page(found: Sequence[LinkedElement], more: str | None) -> Page[ElementOut]:
    return Page(items=[ElementOut(element=each.ref, since=each.at) for each in found], next_cursor=more)
