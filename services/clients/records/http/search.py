"""Routes of search-as-you-type and duplicate detection."""

from typing import Annotated, Literal

from crm_contracts.elements import COMPANY, CONTACT
from fastapi import APIRouter
from fastapi import Query as QueryParameter

from services.clients.linked_element.http import elements_for
from services.clients.linked_element.store.elements import LinkedElements
from services.clients.permissions import CanRead
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.domain.duplicates import card_keys
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
from shared.elements.domain.search import Query
from shared.elements.domain.search_keys import sought_keys
from shared.elements.http.rights import records_for
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
            people, has_more = await search_clients(contacts, query, allowed=records_for(call, CONTACT))
            named = await views.with_company_names(people, records_for(call, COMPANY))
            return ClientMatches(items=[ClientMatch.of(contact) for contact in named], has_more=has_more)
        firms, has_more = await search_clients(companies, query, allowed=records_for(call, COMPANY))
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
    async def find(body: DuplicatesIn, call: CanRead) -> DuplicatesOut:
        """Find leads, contacts and companies with one of these phones or e-mails (DUP-01)."""
        points = body.points(country)
        normalized = [point.normalized for point in points if point.normalized]
        typed = [folded(point.value) for point in points if not point.normalized]
        phones, emails = (normalized, []) if body.kind == "phone" else ([], normalized)
        keys = sought_keys(typed, ()) if body.kind == "phone" else sought_keys((), typed)
        field: Literal["phones", "emails"] = "phones" if body.kind == "phone" else "emails"
        most, allowed = MAX_FOUND + 1, (records_for(call, CONTACT), records_for(call, COMPANY))
        people, firms = await views.matches(phones, emails, keys, limit=most, allowed=allowed)
        leads = await elements.matches(field, [*normalized, *typed], most, allowed=elements_for(call))
        return DuplicatesOut.of({"lead": leads, "contact": people, "company": firms}, body.type)

    @api.post("/duplicates/search")
    async def alike(body: CardIn, call: CanRead) -> AlikeOut:
        """Find possible duplicates of the client on a card, by name, contact data, requisites and accounts (DUP-03)."""
        card, most = body.card(country), MAX_FOUND + 2
        keys = card_keys(card, "contact"), card_keys(card, "company")
        people = await similar_clients(contacts, keys[0], most, allowed=records_for(call, CONTACT))
        firms = await similar_clients(companies, keys[1], most, allowed=records_for(call, COMPANY))
        leads = await elements.similar(card, most, allowed=elements_for(call))
        return AlikeOut(
            lead=AlikeOfType.of(leads, body.except_id),
            contact=AlikeOfType.of(((found.ref, by) for found, by in people), body.except_id),
            company=AlikeOfType.of(((found.ref, by) for found, by in firms), body.except_id),
        )

    return api
