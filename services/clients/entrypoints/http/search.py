"""Clients as one types, and who might be the same."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi import Query as QueryParameter

from services.clients.adapters.elements import Elements
from services.clients.adapters.mongo import ClientViews
from services.clients.adapters.search import like, search_clients
from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.domain.search import MAX_QUERY, MIN_QUERY, Query
from services.clients.entrypoints.http.rights import CanRead
from services.clients.entrypoints.schemas.search import (
    MAX_FOUND,
    AlikeOfType,
    AlikeOut,
    CardIn,
    ClientMatch,
    ClientMatches,
    DuplicatesIn,
    DuplicatesOut,
)
from services.clients.settings import ClientsSettings
from shared.elements.domain.contact_points import normalized_email, normalized_phone
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.web.routes import router


def search_router(
    contacts: MongoRepository[Contact], companies: MongoRepository[Company], settings: ClientsSettings
) -> APIRouter:
    """Search as one types."""
    api = APIRouter(tags=["search"], route_class=router().route_class)

    @api.get("/clients/search")
    async def search(
        call: CanRead,
        q: Annotated[str, QueryParameter(min_length=MIN_QUERY, max_length=MAX_QUERY)],
        kind: Literal["contact", "company"],
    ) -> ClientMatches:
        """Search as one types: names in any order, titles, phones by their last digits, e-mails (CLI-03, CLI-04)."""
        query = Query.of(q, phone=normalized_phone(q, settings.default_country), email=normalized_email(q))
        if kind == "contact":
            return _matches(await search_clients(contacts, query, access=call.caller))
        return _matches(await search_clients(companies, query, access=call.caller))

    return api


def _matches(found: tuple[Sequence[Contact | Company], bool]) -> ClientMatches:
    return ClientMatches(items=[ClientMatch.of(client) for client in found[0]], has_more=found[1])


def duplicates_router(
    contacts: MongoRepository[Contact],
    companies: MongoRepository[Company],
    views: ClientViews,
    elements: Elements,
    settings: ClientsSettings,
) -> APIRouter:
    """Who might be the same."""
    api = APIRouter(tags=["duplicates"], route_class=router().route_class)

    @api.post("/duplicates/find")
    async def find(body: DuplicatesIn, _: CanRead) -> DuplicatesOut:
        """Find leads, contacts and companies with one of these phones or e-mails (DUP-01)."""
        values = body.normalized(settings.default_country)
        phones, emails = (values, []) if body.kind == "phone" else ([], values)
        field: Literal["phones", "emails"] = "phones" if body.kind == "phone" else "emails"
        people, firms = await views.matches(phones, emails, limit=MAX_FOUND + 1)
        leads = await elements.matches(field, values, limit=MAX_FOUND + 1)
        return DuplicatesOut.of({"lead": leads, "contact": people, "company": firms}, body.type)

    @api.post("/duplicates/search")
    async def alike(body: CardIn, _: CanRead) -> AlikeOut:
        """Find who might be the client on a card, by name, phones, e-mails, requisites and accounts (DUP-03)."""
        card, most = body.card(settings.default_country), MAX_FOUND + 2
        people = await like(contacts, card.keys("contact"), most)
        firms = await like(companies, card.keys("company"), most)
        return AlikeOut(
            lead=AlikeOfType.of(await elements.like(card, most), body.except_id),
            contact=AlikeOfType.of(((found.ref, by) for found, by in people), body.except_id),
            company=AlikeOfType.of(((found.ref, by) for found, by in firms), body.except_id),
        )

    return api
