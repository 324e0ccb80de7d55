"""The clients API: contacts, companies, and who works where."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Literal, TypeVar

from crm_contracts.values import Requisite
from fastapi import APIRouter, Response
from fastapi import Query as QueryParameter

from services.clients.adapters.dictionaries import Dictionaries
from services.clients.adapters.elements import Elements
from services.clients.adapters.mongo import ClientViews
from services.clients.adapters.search import search_clients
from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.domain.element import Element
from services.clients.domain.presets import PRESETS
from services.clients.domain.search import MAX_QUERY, MIN_QUERY, Query
from services.clients.entrypoints.schemas import (
    MAX_FOUND,
    ClientMatch,
    ClientMatches,
    CompanyFieldsIn,
    CompanyIn,
    CompanyOut,
    CompanyUpsertIn,
    ContactFieldsIn,
    ContactIn,
    ContactOut,
    ContactUpsertIn,
    DuplicatesIn,
    DuplicatesOut,
    ElementOut,
    LinkIn,
    MergeIn,
    NewRequisiteIn,
    PresetFieldOut,
    PresetOut,
    RequisiteIn,
)
from services.clients.settings import ClientsSettings
from services.clients.usecases.add_requisite import add_requisite
from services.clients.usecases.change_requisite import change_requisite
from services.clients.usecases.correct_company import correct_company
from services.clients.usecases.correct_contact import correct_contact
from services.clients.usecases.create_company import create_company
from services.clients.usecases.create_contact import create_contact
from services.clients.usecases.delete_company import delete_company
from services.clients.usecases.delete_contact import delete_contact
from services.clients.usecases.link_contact import link_contact
from services.clients.usecases.merge_clients import merge_clients
from services.clients.usecases.remove_requisite import remove_requisite
from services.clients.usecases.take_over_company import take_over_company
from services.clients.usecases.take_over_contact import take_over_contact
from services.clients.usecases.unlink_contact import unlink_contact
from services.clients.usecases.upsert_client import upsert_client
from shared.kit.http import Call, Cursor, Limit, Page, etag, reads, router, writes
from shared.kit.mongo import Numbers
from shared.kit.reach import normalized_email, normalized_phone
from shared.kit.repository import MongoRepository

Reading = Annotated[Call, reads("clients:read")]
Exporting = Annotated[Call, reads("clients:export")]
Writing = Annotated[Call, writes("clients:write")]
C = TypeVar("C", Contact, Company)
ElementTypeIn = Annotated[str | None, QueryParameter(alias="type", min_length=1, max_length=50)]


def build_router(
    *,
    contacts: MongoRepository[Contact],
    companies: MongoRepository[Company],
    views: ClientViews,
    elements: Elements,
    dictionaries: Dictionaries,
    numbers: Numbers,
    settings: ClientsSettings,
) -> APIRouter:
    """The endpoints, over these collaborators."""
    api = router()
    api.include_router(_contacts(contacts, views, dictionaries, numbers, settings))
    api.include_router(_links(contacts, companies, views))
    api.include_router(_companies(companies, views, dictionaries, numbers, settings))
    api.include_router(_search(contacts, companies, settings))
    api.include_router(_duplicates(views, elements, settings))
    api.include_router(_elements(contacts, companies, elements))
    api.include_router(_requisites(contacts, "contacts"))
    api.include_router(_requisites(companies, "companies"))
    api.include_router(_presets())
    return api


def _requisites(owners: MongoRepository[C], path: str) -> APIRouter:
    api = APIRouter(tags=["requisites"], route_class=router().route_class)

    def shown(owner: C, id_: str, response: Response) -> Requisite:
        response.headers.update(etag(owner.version))
        return owner.requisite(id_)

    @api.post(f"/{path}/{{owner_id}}/requisites", status_code=201, name=f"add_requisite_to_{path}")
    async def add(owner_id: str, body: NewRequisiteIn, call: Writing, response: Response) -> Requisite:
        """Add requisites (REQ-01, REQ-02, REQ-04); the ETag is the owner's."""
        id_ = body.id or call.new_id
        owner = await add_requisite(
            owner_id, body.requisite(id_), call.cause, owners=owners, expected_version=call.if_match
        )
        response.headers["Location"] = f"/v1/{path}/{owner_id}/requisites/{id_}"
        return shown(owner, id_, response)

    @api.get(f"/{path}/{{owner_id}}/requisites", name=f"requisites_of_{path}")
    async def listed(owner_id: str, _: Reading) -> list[Requisite]:
        """List all requisites in their order, at most 20 (REQ-01)."""
        return list((await owners.get(owner_id)).requisites)

    @api.get(f"/{path}/{{owner_id}}/requisites/{{requisite_id}}", name=f"requisite_of_{path}")
    async def read(owner_id: str, requisite_id: str, _: Reading, response: Response) -> Requisite:
        """Read requisites; the ETag is the owner's."""
        return shown(await owners.get(owner_id), requisite_id, response)

    @api.put(f"/{path}/{{owner_id}}/requisites/{{requisite_id}}", name=f"change_requisite_of_{path}")
    async def change(
        owner_id: str, requisite_id: str, body: RequisiteIn, call: Writing, response: Response
    ) -> Requisite:
        """Replace requisites by these (REQ-01); the ETag is the owner's."""
        owner = await change_requisite(
            owner_id, body.requisite(requisite_id), call.cause, owners=owners, expected_version=call.if_match
        )
        return shown(owner, requisite_id, response)

    @api.delete(f"/{path}/{{owner_id}}/requisites/{{requisite_id}}", name=f"remove_requisite_of_{path}")
    async def remove(owner_id: str, requisite_id: str, call: Writing, response: Response) -> list[Requisite]:
        """Remove requisites with their addresses and bank details; those that are left (REQ-01)."""
        owner = await remove_requisite(
            owner_id, requisite_id, call.cause, owners=owners, expected_version=call.if_match
        )
        response.headers.update(etag(owner.version))
        return list(owner.requisites)

    return api


def _presets() -> APIRouter:
    api = APIRouter(tags=["requisites"], route_class=router().route_class)

    @api.get("/requisite-presets")
    async def presets(_: Reading) -> list[PresetOut]:
        """List the legal details of each country, for people and for organisations (REQ-01)."""
        return [
            PresetOut(
                id=preset.id,
                country_code=preset.country_code,
                owner_type=preset.owner_type,
                name=preset.name,
                fields=[
                    PresetFieldOut(code=field.code, title=field.title, is_tax_number=field.is_tax_number)
                    for field in preset.fields
                ],
            )
            for preset in PRESETS.values()
        ]

    return api


def _elements(contacts: MongoRepository[Contact], companies: MongoRepository[Company], elements: Elements) -> APIRouter:
    api = APIRouter(tags=["elements"], route_class=router().route_class)

    @api.get("/contacts/{contact_id}/elements")
    async def of_contact(
        contact_id: str, call: Reading, kind: ElementTypeIn = None, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[ElementOut]:
        """List the leads, deals and whatever else is linked to the contact, newest first (CLI-01)."""
        found = await elements.page(
            "contact_ids", contact_id, type_=kind, access=call.caller, limit=limit, cursor=cursor
        )
        await contacts.get(contact_id)
        return _page(*found)

    @api.get("/companies/{company_id}/elements")
    async def of_company(
        company_id: str, call: Reading, kind: ElementTypeIn = None, limit: Limit = 50, cursor: Cursor = None
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


def _duplicates(views: ClientViews, elements: Elements, settings: ClientsSettings) -> APIRouter:
    api = APIRouter(tags=["duplicates"], route_class=router().route_class)

    @api.post("/duplicates/find")
    async def find(body: DuplicatesIn, _: Reading) -> DuplicatesOut:
        """Find leads, contacts and companies with one of these phones or e-mails (DUP-01)."""
        values = body.normalized(settings.default_country)
        phones, emails = (values, []) if body.kind == "phone" else ([], values)
        field: Literal["phones", "emails"] = "phones" if body.kind == "phone" else "emails"
        contacts, companies = await views.matches(phones, emails, limit=MAX_FOUND + 1)
        leads = await elements.matches(field, values, limit=MAX_FOUND + 1)
        return DuplicatesOut.of({"lead": leads, "contact": contacts, "company": companies}, body.type)

    return api


def _search(
    contacts: MongoRepository[Contact], companies: MongoRepository[Company], settings: ClientsSettings
) -> APIRouter:
    api = APIRouter(tags=["search"], route_class=router().route_class)

    @api.get("/clients/search")
    async def search(
        call: Reading,
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


def _contacts(
    contacts: MongoRepository[Contact],
    views: ClientViews,
    dictionaries: Dictionaries,
    numbers: Numbers,
    settings: ClientsSettings,
) -> APIRouter:
    api = APIRouter(tags=["contacts"], route_class=router().route_class)
    country = settings.default_country
    create = partial(create_contact, contacts=contacts, dictionaries=dictionaries, numbers=numbers)
    change = partial(correct_contact, contacts=contacts, dictionaries=dictionaries)
    take_over = partial(take_over_contact, contacts=contacts, dictionaries=dictionaries)

    def shown(contact: Contact, response: Response, status: int = 200) -> ContactOut:
        response.status_code = status
        response.headers.update(etag(contact.version))
        return ContactOut.of(contact)

    @api.post("/contacts", status_code=201)
    async def enter(body: ContactIn, call: Writing, response: Response) -> ContactOut:
        """Enter a contact (CONT-01)."""
        contact = await create(body.id or call.new_id, body.fields(country), body.origin, call.cause)
        response.headers["Location"] = f"/v1/contacts/{contact.id}"
        return shown(contact, response, 201)

    @api.get("/contacts")
    async def page(
        call: Reading,
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
    async def read(contact_id: str, _: Reading, response: Response) -> ContactOut:
        """Read one contact."""
        return shown(await contacts.get(contact_id), response)

    @api.patch("/contacts/{contact_id}")
    async def correct(contact_id: str, body: ContactFieldsIn, call: Writing, response: Response) -> ContactOut:
        """Correct fields (CONT-01, CONT-03)."""
        changes = body.fields(country)
        contact = await change(contact_id, changes, call.cause, expected_version=call.if_match)
        return shown(contact, response)

    @api.delete("/contacts/{contact_id}", status_code=204)
    async def delete(contact_id: str, call: Writing) -> None:
        """Delete a contact; elements and companies go on without it (COMP-10)."""
        await delete_contact(contact_id, call.cause, contacts=contacts, expected_version=call.if_match)

    @api.post("/contacts/{contact_id}/merge")
    async def merge(contact_id: str, body: MergeIn, call: Writing, response: Response) -> ContactOut:
        """Merge other contacts into this one (DUP-02).

        Empty fields are filled, lists are joined, links follow. Where filled fields differ, 409 `merge_conflict` lists
        them as `conflicts`, and nothing changes until `resolution` names for each of them the record that is right.
        """
        contact = await merge_clients(
            contact_id, body.others, body.resolution, call.cause, owners=contacts, expected_version=call.if_match
        )
        return shown(contact, response)

    @api.put("/contacts/external/{originator}/{origin:path}", responses={201: {"model": ContactOut}})
    async def upsert(
        originator: str, origin: str, body: ContactUpsertIn, call: Writing, response: Response
    ) -> ContactOut:
        """Create or correct the contact of this origin (CMN-14, CONT-08)."""
        contact, is_new = await upsert_client(
            "contact",
            (originator, origin),
            body.fields(country),
            call.cause,
            find=partial(views.by_origin, contacts),
            create=create,
            take_over=partial(take_over, expected_version=call.if_match),
        )
        return shown(contact, response, 201 if is_new else 200)

    return api


def _links(contacts: MongoRepository[Contact], companies: MongoRepository[Company], views: ClientViews) -> APIRouter:
    api = APIRouter(tags=["contacts"], route_class=router().route_class)

    def shown(contact: Contact, response: Response) -> ContactOut:
        response.headers.update(etag(contact.version))
        return ContactOut.of(contact)

    @api.put("/contacts/{contact_id}/companies/{company_id}")
    async def link(contact_id: str, company_id: str, body: LinkIn, call: Writing, response: Response) -> ContactOut:
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
    async def unlink(contact_id: str, company_id: str, call: Writing, response: Response) -> ContactOut:
        """Unlink the contact from a company (COMP-04)."""
        contact = await unlink_contact(
            contact_id, company_id, call.cause, contacts=contacts, expected_version=call.if_match
        )
        return shown(contact, response)

    return api


def _companies(
    companies: MongoRepository[Company],
    views: ClientViews,
    dictionaries: Dictionaries,
    numbers: Numbers,
    settings: ClientsSettings,
) -> APIRouter:
    api = APIRouter(tags=["companies"], route_class=router().route_class)
    country = settings.default_country
    create = partial(create_company, companies=companies, dictionaries=dictionaries, numbers=numbers)
    change = partial(correct_company, companies=companies, dictionaries=dictionaries)
    take_over = partial(take_over_company, companies=companies, dictionaries=dictionaries)

    def shown(company: Company, response: Response, status: int = 200) -> CompanyOut:
        response.status_code = status
        response.headers.update(etag(company.version))
        return CompanyOut.of(company)

    @api.post("/companies", status_code=201)
    async def enter(body: CompanyIn, call: Writing, response: Response) -> CompanyOut:
        """Enter a company (COMP-01)."""
        company = await create(body.id or call.new_id, body.fields(country), body.origin, call.cause)
        response.headers["Location"] = f"/v1/companies/{company.id}"
        return shown(company, response, 201)

    @api.get("/companies")
    async def page(
        call: Reading,
        phone: str | None = None,
        email: str | None = None,
        originator_id: str | None = None,
        origin_id: str | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Page[CompanyOut]:
        """List companies, newest first, by equality; a phone is found in any notation."""
        wanted = {
            "phone": phone and (normalized_phone(phone, country) or phone),
            "email": email and (normalized_email(email) or email),
            "originator_id": originator_id,
            "origin_id": origin_id,
        }
        found, more = await views.page(companies, wanted, access=call.caller, limit=limit, cursor=cursor)
        return Page(items=[CompanyOut.of(company) for company in found], next_cursor=more)

    @api.get("/companies/{company_id}")
    async def read(company_id: str, _: Reading, response: Response) -> CompanyOut:
        """Read one company."""
        return shown(await companies.get(company_id), response)

    @api.get("/companies/{company_id}/contacts")
    async def people(company_id: str, _: Reading) -> list[ContactOut]:
        """The company's contacts in their order, at most 500 (COMP-04)."""
        await companies.get(company_id)
        return [ContactOut.of(contact) for contact in (await views.contacts_of(company_id))[:500]]

    @api.patch("/companies/{company_id}")
    async def correct(company_id: str, body: CompanyFieldsIn, call: Writing, response: Response) -> CompanyOut:
        """Correct fields (COMP-01)."""
        changes = body.fields(country)
        company = await change(company_id, changes, call.cause, expected_version=call.if_match)
        return shown(company, response)

    @api.delete("/companies/{company_id}", status_code=204)
    async def delete(company_id: str, call: Writing) -> None:
        """Delete a company; elements and contacts go on without it (COMP-10)."""
        await delete_company(company_id, call.cause, companies=companies, expected_version=call.if_match)

    @api.post("/companies/{company_id}/merge")
    async def merge(company_id: str, body: MergeIn, call: Writing, response: Response) -> CompanyOut:
        """Merge other companies into this one (DUP-02).

        Empty fields are filled, lists are joined, links follow. Where filled fields differ, 409 `merge_conflict` lists
        them as `conflicts`, and nothing changes until `resolution` names for each of them the record that is right.
        """
        company = await merge_clients(
            company_id, body.others, body.resolution, call.cause, owners=companies, expected_version=call.if_match
        )
        return shown(company, response)

    @api.put("/companies/external/{originator}/{origin:path}", responses={201: {"model": CompanyOut}})
    async def upsert(
        originator: str, origin: str, body: CompanyUpsertIn, call: Writing, response: Response
    ) -> CompanyOut:
        """Create or correct the company of this origin (CMN-14, CONT-08)."""
        company, is_new = await upsert_client(
            "company",
            (originator, origin),
            body.fields(country),
            call.cause,
            find=partial(views.by_origin, companies),
            create=create,
            take_over=partial(take_over, expected_version=call.if_match),
        )
        return shown(company, response, 201 if is_new else 200)

    return api
