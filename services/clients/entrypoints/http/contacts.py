"""Contacts."""

from functools import partial

from fastapi import APIRouter, Response

from services.clients.adapters.dictionaries import Dictionaries
from services.clients.adapters.mongo import ClientViews
from services.clients.domain.contact import Contact
from services.clients.entrypoints.http.cards import Cards
from services.clients.entrypoints.http.rights import CanRead, CanWrite, Exporting
from services.clients.entrypoints.schemas.records import ContactFieldsIn, ContactIn, ContactOut, MergeIn, NewContactOut
from services.clients.settings import ClientsSettings
from services.clients.usecases.correct_contact import correct_contact
from services.clients.usecases.create_contact import create_contact
from services.clients.usecases.delete_contact import delete_contact
from services.clients.usecases.merge_clients import merge_clients
from shared.elements.domain.contact_points import normalized_email, normalized_phone
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.numbers import Numbers
from shared.kit.web.call import etag
from shared.kit.web.routes import router
from shared.kit.web.schemas import Cursor, Limit, Page


def contacts_router(
    contacts: MongoRepository[Contact],
    views: ClientViews,
    dictionaries: Dictionaries,
    numbers: Numbers,
    settings: ClientsSettings,
    cards: Cards,
) -> APIRouter:
    """Enter, read, correct, merge and delete contacts."""
    api = APIRouter(tags=["contacts"], route_class=router().route_class)
    country = settings.default_country
    create = partial(create_contact, contacts=contacts, dictionaries=dictionaries, numbers=numbers)
    change = partial(correct_contact, contacts=contacts, dictionaries=dictionaries)

    def shown(contact: Contact, response: Response, status: int = 200) -> ContactOut:
        response.status_code = status
        response.headers.update(etag(contact.version))
        return ContactOut.of(contact)

    @api.post("/contacts", status_code=201)
    async def enter(body: ContactIn, call: CanWrite, response: Response) -> NewContactOut:
        """Enter a contact (CONT-01), and link it to the card that it was created from (CLI-05).

        With `link_to` the element's Client field takes it as soon as the element's service hears of it, for which
        `Prefer: wait=N` waits; who cannot write such elements is refused. The contact stays whatever becomes of the
        link: `link_state` is `pending` when the time is over, and so it remains where the element is not there.
        """
        link_to = cards.chosen(body.link_to, call)
        contact = await create(body.id or call.new_id, body.fields(country), body.origin, call.cause, link_to=link_to)
        response.headers["Location"] = f"/v1/contacts/{contact.id}"
        found = shown(contact, response, 201)
        return NewContactOut(**dict(found), link_state=await cards.link_state(contact.ref, link_to, call))

    @api.get("/contacts")
    async def page(
        call: CanRead,
        phone: str | None = None,
        email: str | None = None,
        company_id: str | None = None,
        originator_id: str | None = None,
        origin_id: str | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Page[ContactOut]:
        """List contacts, newest first, by equality; a phone is found in any notation."""
        wanted = {
            "phone": phone and (normalized_phone(phone, country) or phone),
            "email": email and (normalized_email(email) or email),
            "company_id": company_id,
            "originator_id": originator_id,
            "origin_id": origin_id,
        }
        found, more = await views.page(contacts, wanted, access=call.caller, limit=limit, cursor=cursor)
        return Page(items=[ContactOut.of(contact) for contact in found], next_cursor=more)

    @api.get("/contacts/export")
    async def export(call: Exporting, limit: Limit = 50, cursor: Cursor = None) -> Page[ContactOut]:
        """List the contacts that may be exported, newest first (CONT-06)."""
        found, more = await views.exportable(access=call.caller, limit=limit, cursor=cursor)
        return Page(items=[ContactOut.of(contact) for contact in found], next_cursor=more)

    @api.get("/contacts/{contact_id}")
    async def read(contact_id: str, _: CanRead, response: Response) -> ContactOut:
        """Read one contact."""
        return shown(await contacts.get(contact_id), response)

    @api.patch("/contacts/{contact_id}")
    async def correct(contact_id: str, body: ContactFieldsIn, call: CanWrite, response: Response) -> ContactOut:
        """Correct fields (CONT-01, CONT-03)."""
        changes = body.fields(country)
        contact = await change(contact_id, changes, call.cause, expected_version=call.if_match)
        return shown(contact, response)

    @api.delete("/contacts/{contact_id}", status_code=204)
    async def delete(contact_id: str, call: CanWrite) -> None:
        """Delete a contact; elements and companies go on without it (COMP-10)."""
        await delete_contact(contact_id, call.cause, contacts=contacts, expected_version=call.if_match)

    @api.post("/contacts/{contact_id}/merge")
    async def merge(contact_id: str, body: MergeIn, call: CanWrite, response: Response) -> ContactOut:
        """Merge other contacts into this one (DUP-02).

        Empty fields are filled, lists are joined, links follow. Where filled fields differ, 409 `merge_conflict` lists
        them as `conflicts`, and nothing changes until `resolution` names for each of them the record that is right.
        """
        contact = await merge_clients(
            contact_id, body.others, body.resolution, call.cause, owners=contacts, expected_version=call.if_match
        )
        return shown(contact, response)

    return api
