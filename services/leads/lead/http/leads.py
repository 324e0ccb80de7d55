"""Routes of leads whose bodies and parameters are their own: create, list, PATCH, upsert."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Annotated, TypeAlias

from crm_contracts.elements import LEAD
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from services.leads.lead.domain.lead import Lead
from services.leads.lead.http.at_once import NewLeads
from services.leads.lead.http.beginning import Conversions
from services.leads.lead.schemas import (
    LeadFilters,
    LeadIn,
    LeadItemIn,
    LeadOut,
    LeadPatch,
    LeadsIn,
    LeadUpsert,
    LeadUpserted,
)
from services.leads.permissions import CanRead, CanWrite
from services.leads.stage.store import OwnLeadStages
from shared.elements.http.answers import created, versioned
from shared.elements.http.client_link import check_links, client_answered, is_answered
from shared.elements.http.contact_points import Reading
from shared.elements.http.query_routes import ListedElements
from shared.elements.http.readable_products import with_readable_products
from shared.elements.http.rights import check_administers, check_some
from shared.elements.schemas.client_field import check_linked
from shared.elements.schemas.list_query import ListPage
from shared.elements.schemas.scalars import OriginPart
from shared.elements.store.listing import ElementViews
from shared.elements.usecases.collaborators import Collaborators
from shared.elements.usecases.correct_element import correct_element
from shared.elements.usecases.create_each import create_or_correct, prepare_collaborators
from shared.elements.usecases.upsert_by_origin import upsert_by_origin
from shared.kit.storage.repository import Repository
from shared.kit.web.batches import ANSWERS_BATCH, Items, recorded
from shared.kit.web.call import Call
from shared.kit.web.conditions import IfMatch, Waiting
from shared.kit.web.problems import Details
from shared.kit.web.routes import router

_Answered: TypeAlias = Callable[..., Awaitable[Lead]]
"""Waits for what clients says of a lead's client: `client_answered`."""

_NewLeadsOf: TypeAlias = Callable[[Call], Awaitable[NewLeads]]
"""Reads what becomes of the leads that a caller creates."""


def lead_routes(
    *,
    conversions: Conversions,
    new_leads: _NewLeadsOf,
    views: ElementViews[Lead],
    listed: ListedElements[Lead],
    stages: OwnLeadStages,
    default_country: str,
) -> APIRouter:
    """Make the routes, over these collaborators."""
    api, leads, collaborators = router("leads"), conversions.leads, conversions.collaborators

    @api.get("/leads")
    async def page(call: CanRead, query: Annotated[LeadFilters, Query()]) -> ListPage[LeadOut]:
        """List leads, newest first, by equality of fields and a filter (DEAL-01).

        In Simple mode those in the stage CONVERTED are left out unless `stage_id` is named, also in the filter.
        """
        query.check_stage(await stages.every())
        return await listed.page(call, query.filter, query.wanted, **query.page)

    answered = partial(client_answered, long_polls=conversions.long_polls, client_names=collaborators.client_names)
    ended = partial(answered, is_over=_has_ended)
    _add_create(api, leads, new_leads, stages, collaborators, ended, default_country)
    _add_batch(api, new_leads, views, stages, collaborators, default_country)
    _add_correct(api, leads, collaborators, answered, default_country)
    _add_upsert(api, leads, new_leads, views, stages, collaborators, ended, default_country)
    return api


def _has_ended(lead: Lead) -> bool:
    """Return whether nothing more comes of the request that created a lead: of its client, of its conversion."""
    return is_answered(lead) and lead.conversion.state != "running"


def _add_create(
    api: APIRouter,
    leads: Repository[Lead],
    new_leads: _NewLeadsOf,
    stages: OwnLeadStages,
    collaborators: Collaborators,
    ended: _Answered,
    default_country: str,
) -> None:
    @api.post("/leads", status_code=201)
    async def create(body: LeadIn, call: CanWrite, reading: Reading, wait: Waiting, response: Response) -> LeadOut:
        """Create a lead; no field is mandatory (LEAD-01). `Prefer: wait=N` waits for the contacts of its company.

        In Simple mode it is converted at once (LEAD-16, MODE-05), which `Prefer: wait=N` waits for as well: `deal_ids`
        and `client` are the results; where `conversion_state` is `refused`, `/v1/leads/{id}/conversion` says why. A
        caller who may not add what it would become creates nothing. A lead on a stage of failure stays as it is.

        A client that does not exist keeps no lead from being created: `client.link_state` is then `refused`.
        """
        new = body.to_domain(default_country, reading, body.origin)
        readable, become = with_readable_products(collaborators, call), await new_leads(call)
        create = become.creating(body, call, stages=await stages.open(), collaborators=readable)
        lead = await create(body.id or call.new_id, new, call.cause)
        lead = await ended(lead, wait, elements=call.guard_store(leads))
        return created(LeadOut.of(lead), lead, response, "/leads")


def _add_batch(
    api: APIRouter,
    new_leads: _NewLeadsOf,
    views: ElementViews[Lead],
    stages: OwnLeadStages,
    collaborators: Collaborators,
    default_country: str,
) -> None:
    @api.post("/leads/batch", operation_id="createLeads", **ANSWERS_BATCH)
    async def create_each(body: LeadsIn, call: CanWrite, reading: Reading, request: Request) -> JSONResponse:
        """Create up to 200 leads, each with a result of its own (LEAD-01, CMN-14); in Simple mode convert them at once.

        What a lead links is confirmed afterwards: `client.link_state` of the lead says what became of it.
        With `on_existing: correct` a lead of an origin that is known is corrected as the PUT by origin corrects it.
        The caller needs the right to import (PERM-01); administrators may give times and authors too (CMN-10).
        """
        check_some(call, LEAD, "import")
        sold = [row.product_id for item in body.valid for row in item.rows]
        become, known = await new_leads(call), await stages.open()
        readable = with_readable_products(collaborators, call)
        use = await prepare_collaborators(LEAD.noun, sold, len(body.valid), readable)

        async def one(item: LeadItemIn, its: Call) -> Details:
            check_administers(its, LEAD, item.authorship)
            lead, is_new = await create_or_correct(
                item.id,
                replace(item.to_domain(default_country, reading, item.origin), authorship=item.authorship),
                its.cause,
                fresh_id=its.new_id,
                corrects=body.corrects,
                elements=its.guard_store(become.conversions.leads),
                views=views,
                create=become.creating(item, its, stages=known, collaborators=use),
                stages=lambda: known,
                collaborators=use,
            )
            as_typed = item.as_typed(default_country, reading)
            return recorded(lead, its.cause, is_new=is_new, left_out=item.kept_by(lead), as_typed=as_typed)

        return await Items.of(body, call, request).answer(one, lambda item: item.identities)


def _add_correct(
    api: APIRouter,
    leads: Repository[Lead],
    collaborators: Collaborators,
    answered: _Answered,
    default_country: str,
) -> None:
    @api.patch("/leads/{lead_id}")
    async def correct(
        lead_id: str,
        body: LeadPatch,
        call: CanWrite,
        reading: Reading,
        if_match: IfMatch,
        wait: Waiting,
        response: Response,
    ) -> LeadOut:
        """Update a lead; a client in the body makes it a repeat lead (LEAD-03, LEAD-10).

        A company or contact is linked once clients has confirmed it: until then `client.link_state` is `pending`, and
        the former company stays if the new one does not exist. `Prefer: wait=N` waits for that; a refusal is 409.
        """
        guarded = call.guard(leads)
        await check_links(body.links, lead_id, guarded, collaborators.client_names)
        lead = await correct_element(
            lead_id,
            body.fields(default_country, reading),
            call.cause,
            elements=guarded,
            collaborators=collaborators,
            client=body.given_rule,
            expected_version=if_match,
        )
        lead = await answered(lead, wait, elements=guarded)
        check_linked(lead.client, body.contact_fields, company=body.company, given=body.model_fields_set)
        return versioned(LeadOut.of(lead), lead, response)


def _add_upsert(
    api: APIRouter,
    leads: Repository[Lead],
    new_leads: _NewLeadsOf,
    views: ElementViews[Lead],
    stages: OwnLeadStages,
    collaborators: Collaborators,
    ended: _Answered,
    default_country: str,
) -> None:
    @api.put("/leads/external/{originator}/{origin:path}", responses={201: {"model": LeadUpserted}})
    async def upsert(
        originator: OriginPart,
        origin: OriginPart,
        body: LeadUpsert,
        call: CanWrite,
        reading: Reading,
        if_match: IfMatch,
        wait: Waiting,
        response: Response,
    ) -> LeadUpserted:
        """Create or correct the lead of this origin (CMN-14).

        Stage, client, rows and amount of an existing one stay; `left_out` names those that differ. In Simple mode a new
        one is converted at once, as POST /v1/leads converts it.
        """
        guarded, become, known = call.guard_store(leads), await new_leads(call), await stages.open()
        lead, is_new = await upsert_by_origin(
            (originator, origin),
            body.to_domain(default_country, reading, (originator, origin)),
            call.cause,
            elements=guarded,
            views=views,
            create=become.creating(body, call, stages=known, collaborators=with_readable_products(collaborators, call)),
            stages=lambda: known,
            collaborators=collaborators,
            expected_version=if_match,
        )
        lead = await ended(lead, wait, elements=guarded)
        return versioned(LeadUpserted.by(body, lead, is_new=is_new), lead, response, 201 if is_new else 200)
