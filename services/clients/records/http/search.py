"""Routes of search-as-you-type and duplicate detection."""

from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi import Query as QueryParameter

from services.clients.linked_element.store import LinkedElements
from services.clients.permissions import CanRead
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.domain.duplicates import card_keys
from services.clients.records.domain.search import Query
from services.clients.records.domain.search_keys import sought_keys
from services.clients.records.schemas.search import (
    MAX_FOUND,
    AlikeOfType,
    AlikeOut,
    CardIn,
    ClientMatch,
    ClientMatches,
    DuplicatesIn,
    DuplicatesOut,
    SearchIn,
)
from services.clients.records.store.search import search_clients, similar_clients
from services.clients.records.store.views import ClientViews
from shared.elements.domain.contact_points import folded, normalized_email, normalized_phone
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.web.routes import router


def search_router(
    contacts: MongoRepository[Contact], companies: MongoRepository[Company], views: ClientViews, *, country: str
) -> APIRouter:
    """Build the route of search-as-you-type."""
    api = router("search")

    @api.get("/clients/search")
    async def search(
        call: CanRead,
        wanted: Annotated[SearchIn, QueryParameter()],
    ) -> ClientMatches:
        """Search as you type: names in any order, titles, phones by their last digits, e-mails (CLI-03, CLI-04)."""
        q = wanted.q
        query = Query.of(q, phone=normalized_phone(q, country), email=normalized_email(q))
        if wanted.type == "contact":
            people, has_more = await search_clients(contacts, query, access=call.caller)
            named = await views.with_company_names(people)
            return ClientMatches(items=[ClientMatch.of(contact) for contact in named], has_more=has_more)
        firms, has_more = await search_clients(companies, query, access=call.caller)
        return ClientMatches(items=[ClientMatch.of(company) for company in firms], has_more=has_more)

    return api


def duplicates_router(
    contacts: MongoRepository[Contact],
    companies: MongoRepository[Company],
    views: ClientViews,
    elements: LinkedElements,
    *,
    country: str,
) -> APIRouter:
    """Build the routes of duplicate detection."""
    api = router("duplicates")

    @api.post("/duplicates/find")
    async def find(body: DuplicatesIn, _: CanRead) -> DuplicatesOut:
        """Find leads, contacts and companies with one of these phones or e-mails (DUP-01)."""
        points = body.points(country)
        normalized = [point.normalized for point in points if point.normalized]
        typed = [folded(point.value) for point in points if not point.normalized]
        phones, emails = (normalized, []) if body.kind == "phone" else ([], normalized)
        keys = sought_keys(typed, ()) if body.kind == "phone" else sought_keys((), typed)
        field: Literal["phones", "emails"] = "phones" if body.kind == "phone" else "emails"
        people, firms = await views.matches(phones, emails, keys, limit=MAX_FOUND + 1)
        leads = await elements.matches(field, [*normalized, *typed], limit=MAX_FOUND + 1)
        return DuplicatesOut.of({"lead": leads, "contact": people, "company": firms}, body.type)

    @api.post("/duplicates/search")
    async def alike(body: CardIn, _: CanRead) -> AlikeOut:
        """Find possible duplicates of the client on a card, by name, contact data, requisites and accounts (DUP-03)."""
        card, most = body.card(country), MAX_FOUND + 2
        people = await similar_clients(contacts, card_keys(card, "contact"), most)
        firms = await similar_clients(companies, card_keys(card, "company"), most)
        return AlikeOut(
            lead=AlikeOfType.of(await elements.similar(card, most), body.except_id),
            contact=AlikeOfType.of(((found.ref, by) for found, by in people), body.except_id),
            company=AlikeOfType.of(((found.ref, by) for found, by in firms), body.except_id),
        )

    return api
