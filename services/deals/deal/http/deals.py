"""Routes of deals whose bodies and parameters are their own: create, list, PATCH, move, upsert."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, TypeAlias

from crm_contracts.elements import DEAL
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from services.deals.deal.domain.deal import Deal
from services.deals.deal.schemas import (
    DealFilters,
    DealIn,
    DealItemIn,
    DealOut,
    DealPatch,
    DealRankIn,
    DealsIn,
    DealStageIn,
    DealUpsert,
    DealUpserted,
)
from services.deals.deal.usecases import Arranges, DealCollaborators, PipelinesNow, create_deal, move_deal, put_beside
from services.deals.permissions import CanExport, CanRead, CanWrite
from services.deals.pipeline.http import visible
from shared.elements.http.answers import created, versioned
from shared.elements.http.client_link import check_links, check_new_links, client_answered, linking
from shared.elements.http.query_routes import ListedElements
from shared.elements.http.readable_products import with_readable_products
from shared.elements.http.rights import MOVE, check_administers, check_some, may, rights_of
from shared.elements.schemas.client_field import check_linked
from shared.elements.schemas.list_query import ListPage, ListQueryIn
from shared.elements.schemas.scalars import OriginPart
from shared.elements.store.listing import ElementViews
from shared.elements.usecases.client_names import name_clients
from shared.elements.usecases.correct_element import correct_element
from shared.elements.usecases.create_each import create_or_correct, prepare_collaborators
from shared.elements.usecases.upsert_by_origin import upsert_by_origin
from shared.kit.storage.repository import Repository
from shared.kit.web.batches import ANSWERS_BATCH, Items, recorded
from shared.kit.web.call import Call
from shared.kit.web.conditions import IfMatch, Waiting
from shared.kit.web.problems import Details
from shared.kit.web.routes import router
from shared.kit.web.schemas import Cursor, Limit
from shared.kit.web.waiting import LongPolls

_Answered: TypeAlias = Callable[..., Awaitable[Deal]]
"""Waits for what clients says of a deal's client: `client_answered`."""


def deal_routes(
    *,
    deals: Repository[Deal],
    views: ElementViews[Deal],
    listed: ListedElements[Deal],
    cards: Arranges,
    pipelines: PipelinesNow,
    collaborators: DealCollaborators,
    long_polls: LongPolls,
) -> APIRouter:
    """Make the routes, over these collaborators."""
    own = router()
    answered = partial(client_answered, long_polls=long_polls, client_names=collaborators.client_names)
    _add_create(own, deals, pipelines, collaborators, answered)
    _add_correct(own, deals, collaborators, answered)
    _add_move(own, deals, pipelines, collaborators)
    _add_rank(own, deals, collaborators, cards)
    _add_batch(own, deals, views, pipelines, collaborators)
    _add_upsert(own, deals, views, pipelines, collaborators, answered)
    _add_export(own, listed)

    @own.get("/deals", tags=["deals"])
    async def page(call: CanRead, query: Annotated[DealFilters, Query()]) -> ListPage[DealOut]:
        """List deals, newest first, by equality of fields and a filter (DEAL-01)."""
        query.check_places(visible(call, await pipelines.known()).stages)
        return await listed.page(call, query.filter, query.wanted, **query.page)

    return own


def _add_export(api: APIRouter, listed: ListedElements[Deal]) -> None:
    @api.get("/deals/export", tags=["deals"])
    async def export(
        call: CanExport, originator_id: OriginPart | None = None, limit: Limit = 50, cursor: Cursor = None
    ) -> ListPage[DealOut]:
        """List the deals that the caller may both read and export, newest first (PERM-01).

        A page may have fewer than `limit`, also none, though there are more: go on until `next_cursor` is null.
        """
        wanted = {} if originator_id is None else {"originator_id": originator_id}
        query = ListQueryIn(order=[list(listed.listed.first_order)], limit=limit, cursor=cursor)
        page = await listed.read(query, call, wanted)
        exported = [each for each in page.items if may(call, DEAL, "export", each)]
        return ListPage[Any](items=await listed.shown(call, exported), next_cursor=page.next_cursor)


def _add_create(
    api: APIRouter,
    deals: Repository[Deal],
    pipelines: PipelinesNow,
    collaborators: DealCollaborators,
    answered: _Answered,
) -> None:
    @api.post("/deals", status_code=201, tags=["deals"])
    async def create(body: DealIn, call: CanWrite, wait: Waiting, response: Response) -> DealOut:
        """Create a deal; no field is mandatory (DEAL-01). `Prefer: wait=N` waits for the contacts of its company.

        A client that does not exist keeps no deal from being created: `client.link_state` is then `refused`.
        """
        known = visible(call, await pipelines.known())
        await check_new_links(body.links, call, collaborators.client_names)
        guarded = call.guard_store(deals)
        deal = await create_deal(
            body.id or call.new_id,
            body.to_domain(body.origin),
            call.cause,
            deals=guarded,
            collaborators=with_readable_products(collaborators, call),
            pipelines=known,
            pipeline_id=body.pipeline_id,
        )
        deal = await answered(deal, wait, elements=guarded)
        return created(DealOut.of(deal), deal, response, "/deals")


def _add_correct(
    api: APIRouter, deals: Repository[Deal], collaborators: DealCollaborators, answered: _Answered
) -> None:
    @api.patch("/deals/{deal_id}", tags=["deals"])
    async def correct(
        deal_id: str, body: DealPatch, call: CanWrite, if_match: IfMatch, wait: Waiting, response: Response
    ) -> DealOut:
        """Update a deal; what is absent stays as it is (DEAL-01).

        A company or contact is linked once clients has confirmed it: until then `client.link_state` is `pending`, and
        the former company stays if the new one does not exist. `Prefer: wait=N` waits for that; a refusal is 409.
        """
        guarded = call.guard(deals)
        await check_links(body.links, deal_id, guarded, collaborators.client_names)
        deal = await correct_element(
            deal_id,
            body.fields(),
            call.cause,
            elements=guarded,
            collaborators=collaborators,
            client=body.given_rule,
            expected_version=if_match,
        )
        deal = await answered(deal, wait, elements=guarded)
        check_linked(deal.client, body.contact_fields, company=body.company, given=body.model_fields_set)
        return versioned(DealOut.of(deal), deal, response)


def _add_move(
    api: APIRouter, deals: Repository[Deal], pipelines: PipelinesNow, collaborators: DealCollaborators
) -> None:
    @api.put("/deals/{deal_id}/stage", tags=["deals"])
    async def move(deal_id: str, body: DealStageIn, call: CanWrite, if_match: IfMatch, response: Response) -> DealOut:
        """Move to another stage, or to another pipeline: there to its first stage unless one is named (PIPE-05).

        That needs the right to update elements both in the stage where it is and in the one that it goes to (PERM-02).
        """
        known = await pipelines.known()
        if body.pipeline_id is not None:
            visible(call, known).stages_of(body.pipeline_id)
        deal = await move_deal(
            deal_id,
            body.pipeline_id,
            body.stage_id,
            call.cause,
            deals=call.guard(deals, MOVE),
            pipelines=known,
            expected_version=if_match,
        )
        named = await name_clients([deal], client_names=collaborators.client_names, rights=rights_of(call))
        return versioned(DealOut.of(named[0]), named[0], response)


def _add_rank(api: APIRouter, deals: Repository[Deal], collaborators: DealCollaborators, cards: Arranges) -> None:
    @api.put("/deals/{deal_id}/rank", tags=["deals"])
    async def rank(deal_id: str, body: DealRankIn, call: CanWrite, if_match: IfMatch, response: Response) -> DealOut:
        """Put a card of the board just above or just below another one of its stage (DEAL-04).

        The board shows that in the order of `rank`. A deal that comes to a stage stands on top there. The deal itself
        does not change: nothing is published, and its times stay as they are.
        """
        deal = await put_beside(
            deal_id,
            body.before or body.after or "",
            call.cause,
            is_above=body.before is not None,
            deals=call.guard(deals),
            cards=cards,
            expected_version=if_match,
        )
        named = await name_clients([deal], client_names=collaborators.client_names, rights=rights_of(call))
        return versioned(DealOut.of(named[0]), named[0], response)


def _add_batch(
    api: APIRouter,
    deals: Repository[Deal],
    views: ElementViews[Deal],
    pipelines: PipelinesNow,
    collaborators: DealCollaborators,
) -> None:
    @api.post("/deals/batch", operation_id="createDeals", tags=["deals"], **ANSWERS_BATCH)
    async def create_each(body: DealsIn, call: CanWrite, request: Request) -> JSONResponse:
        """Create up to 200 deals, each with a result of its own (DEAL-01, CMN-14).

        What a deal links is confirmed afterwards: `client.link_state` of the deal says what became of it.
        With `on_existing: correct` a deal of an origin that is known is corrected as the PUT by origin corrects it.
        The caller needs the right to import (PERM-01); administrators may give times and authors too (DEAL-10).
        """
        check_some(call, DEAL, "import")
        sold = [row.product_id for item in body.valid for row in item.rows]
        readable = with_readable_products(collaborators, call)
        use = await prepare_collaborators(deals.noun, sold, len(body.valid), readable)
        there = visible(call, await pipelines.known())

        async def one(item: DealItemIn, its: Call) -> Details:
            check_administers(its, DEAL, item.authorship)
            guarded, create = its.guard_store(deals), linking(create_deal, item.links, its, use.client_names)
            deal, is_new = await create_or_correct(
                item.id,
                item.to_domain(item.origin),
                its.cause,
                fresh_id=its.new_id,
                corrects=body.corrects,
                elements=guarded,
                views=views,
                create=partial(create, deals=guarded, collaborators=use, pipelines=there, pipeline_id=item.pipeline_id),
                stages=partial(there.stages_of, item.pipeline_id),
                collaborators=use,
            )
            return recorded(deal, its.cause, is_new=is_new, left_out=item.kept_by(deal))

        return await Items.of(body, call, request).answer(one, lambda item: item.identities)


def _add_upsert(
    api: APIRouter,
    deals: Repository[Deal],
    views: ElementViews[Deal],
    pipelines: PipelinesNow,
    collaborators: DealCollaborators,
    answered: _Answered,
) -> None:
    @api.put("/deals/external/{originator}/{origin:path}", responses={201: {"model": DealUpserted}}, tags=["deals"])
    async def upsert(
        originator: OriginPart,
        origin: OriginPart,
        body: DealUpsert,
        call: CanWrite,
        if_match: IfMatch,
        wait: Waiting,
        response: Response,
    ) -> DealUpserted:
        """Create or correct the deal of this origin (CMN-14).

        Pipeline, stage, client, rows and amount of an existing one stay; `left_out` names those that differ.
        """
        there = visible(call, await pipelines.known())
        readable = with_readable_products(collaborators, call)
        guarded, create = call.guard_store(deals), linking(create_deal, body.links, call, collaborators.client_names)
        deal, is_new = await upsert_by_origin(
            (originator, origin),
            body.to_domain((originator, origin)),
            call.cause,
            elements=guarded,
            views=views,
            create=partial(
                create, deals=guarded, collaborators=readable, pipelines=there, pipeline_id=body.pipeline_id
            ),
            stages=partial(there.stages_of, body.pipeline_id),
            collaborators=collaborators,
            expected_version=if_match,
        )
        deal = await answered(deal, wait, elements=guarded)
        return versioned(DealUpserted.by(body, deal, is_new=is_new), deal, response, 201 if is_new else 200)
