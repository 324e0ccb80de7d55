"""Routes of contacts."""

from dataclasses import dataclass

from crm_contracts.elements import CONTACT
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from services.clients.permissions import CanExport, CanWrite
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.http.handlers import ENTER, RecordHandlers
from services.clients.records.http.record_routes import RecordFilters, add_record_routes
from services.clients.records.schemas.records import (
    ContactFieldsIn,
    ContactIn,
    ContactItemIn,
    ContactOut,
    ContactsIn,
    ContactUpsertIn,
    NewContactOut,
)
from services.clients.records.usecases.create_in_company import find_employers, plan_employers
from shared.elements.http.contact_points import Reading
from shared.elements.http.rights import check_some, records_for
from shared.elements.schemas.list_query import ListPage
from shared.elements.schemas.scalars import OriginPart
from shared.kit.storage.repository import Records
from shared.kit.web.batches import ANSWERS_BATCH, Items, recorded
from shared.kit.web.call import Call
from shared.kit.web.conditions import IfMatch, Waiting
from shared.kit.web.problems import Details
from shared.kit.web.routes import router
from shared.kit.web.schemas import Cursor, Limit, Page


@dataclass
class ContactFilters(RecordFilters):
    """Query parameters of the list of contacts."""

    company_id: str | None = None


def contacts_router(handlers: RecordHandlers[Contact, ContactOut], companies: Records[Company]) -> APIRouter:
    """Build the routes of contacts."""
    api = router("contacts")

    _add_upsert(api, handlers)

    @api.post("/contacts", status_code=201, summary="Create a contact", description=ENTER)
    async def enter(
        body: ContactIn, call: CanWrite, wait: Waiting, reading: Reading, response: Response
    ) -> NewContactOut:
        found = await find_employers(body.company_ids, companies=call.guard(companies), views=handlers.views)
        join = plan_employers(body.company_ids, call.cause, found=found)
        contact, linked = await handlers.enter(body, call, wait, reading, response, complete=join)
        link = await linked()
        return NewContactOut.of(contact, link_state=link.state, link_refusal=link.refusal)

    _add_batch(api, handlers, companies)

    @api.get("/contacts/export")
    async def export(call: CanExport, limit: Limit = 50, cursor: Cursor = None) -> Page[ContactOut]:
        """List the contacts that may be exported, newest first (CONT-06).

        By roles those that the caller may both read and export (PERM-01).
        """
        allowed = records_for(call, CONTACT), records_for(call, CONTACT, "export")
        found, more = await handlers.views.exportable(allowed=allowed, limit=limit, cursor=cursor)
        return Page(items=await handlers.show_each(call, found), next_cursor=more)

    @api.patch("/contacts/{contact_id}")
    async def correct(
        contact_id: str, body: ContactFieldsIn, call: CanWrite, reading: Reading, if_match: IfMatch, response: Response
    ) -> ContactOut:
        """Update a contact; what is absent stays as it is (CONT-01, CONT-03)."""
        return await handlers.correct(contact_id, body, call, reading, response, if_match=if_match)

    add_record_routes(api, handlers, page_model=ListPage[ContactOut], filters=ContactFilters)
    return api


def _add_batch(api: APIRouter, handlers: RecordHandlers[Contact, ContactOut], companies: Records[Company]) -> None:
    @api.post("/contacts/batch", operation_id="createContacts", **ANSWERS_BATCH)
    async def enter_each(body: ContactsIn, call: CanWrite, reading: Reading, request: Request) -> JSONResponse:
        """Create up to 200 contacts, each with a result of its own (CONT-01, CMN-14, CONT-08).

        With `on_existing: correct` a contact of an origin that is known is corrected as the PUT by origin corrects it,
        and is linked to those of `company_ids` that it does not belong to.
        """
        check_some(call, CONTACT, "import")
        ready = await handlers.prepared(len(body.valid))
        employers = [id_ for item in body.valid for id_ in item.company_ids]
        found = await find_employers(employers, companies=call.guard(companies), views=handlers.views)

        async def one(item: ContactItemIn, its: Call) -> Details:
            join = plan_employers(item.company_ids, its.cause, found=found)
            contact, is_new, kept = await ready.take(item, its, reading, corrects=body.corrects, complete=join)
            return recorded(contact, its.cause, is_new=is_new, left_out=kept, as_typed=handlers.as_typed(item, reading))

        return await Items.of(body, call, request).answer(one, lambda item: item.identities)


def _add_upsert(api: APIRouter, handlers: RecordHandlers[Contact, ContactOut]) -> None:
    @api.put("/contacts/external/{originator}/{origin:path}", responses={201: {"model": ContactOut}})
    async def upsert(
        originator: OriginPart,
        origin: OriginPart,
        body: ContactUpsertIn,
        call: CanWrite,
        reading: Reading,
        if_match: IfMatch,
        response: Response,
    ) -> ContactOut:
        """Create or correct the contact of this origin (CMN-14, CONT-08)."""
        return await handlers.upsert((originator, origin), body, call, reading, response, if_match=if_match)
