"""The deals API."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

from crm_contracts.client_field import Client
from fastapi import APIRouter, Response

from services.deals.adapters.mongo import DealViews
from services.deals.domain.deal import Deal
from services.deals.domain.stages import DEFAULT_PIPELINE, stages_of
from services.deals.entrypoints.schemas import (
    ContactAdded,
    DealIn,
    DealOut,
    DealPatch,
)
from services.deals.settings import DealsSettings
from services.deals.usecases.choose_deal_requisites import choose_deal_requisites
from services.deals.usecases.correct_deal import correct_deal
from services.deals.usecases.create_deal import create_deal
from services.deals.usecases.move_deal import move_deal
from services.deals.usecases.set_deal_client import set_deal_client
from services.deals.usecases.set_deal_rows import set_deal_rows
from shared.elements.domain.client_field import add_contact, remove_contact, set_contacts
from shared.elements.schemas.client_field import ClientIn, CompanyRefused, ContactLinkIn, Contacts
from shared.elements.schemas.product_rows import RowsIn
from shared.elements.schemas.requisites import RequisitesIn, RequisitesRefused
from shared.elements.schemas.stages import StageIn, StageOut
from shared.elements.store.products import Products
from shared.elements.store.removed_clients import RemovedClients
from shared.kit.domain import NewId
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.numbers import Numbers
from shared.kit.web.call import Call, etag, reads, writes
from shared.kit.web.routes import router
from shared.kit.web.schemas import Cursor, Limit, Page
from shared.kit.web.waiting import LongPolls

CanRead = Annotated[Call, reads("deals:read")]
CanWrite = Annotated[Call, writes("deals:write")]


def build_router(  # noqa: C901, PLR0915 - one closure over the collaborators, one function per endpoint
    *,
    deals: MongoRepository[Deal],
    views: DealViews,
    products: Products,
    numbers: Numbers,
    removed_clients: RemovedClients[Deal],
    long_polls: LongPolls,
    settings: DealsSettings,
    new_id: NewId,
) -> APIRouter:
    """The endpoints, over these collaborators."""
    api = router()
    currency = settings.base_currency
    making = partial(
        create_deal,
        deals=deals,
        removed_clients=removed_clients,
        products=products,
        numbers=numbers,
        currency=currency,
        new_id=new_id,
    )
    setting = partial(set_deal_client, deals=deals, removed_clients=removed_clients)

    def shown(deal: Deal, response: Response, status: int = 200) -> DealOut:
        response.status_code = status
        response.headers.update(etag(deal.version))
        return DealOut.of(deal)

    async def put(deal_id: str, rule: Callable[[Client], Client], call: Call) -> Deal:
        """Contacts of the Client field, one by one or as a list."""
        return await setting(deal_id, rule, call.cause, expected_version=call.if_match)

    @api.post("/deals", status_code=201, tags=["deals"])
    async def create(body: DealIn, call: CanWrite, response: Response) -> DealOut:
        """Create a deal; no field is mandatory (DEAL-01)."""
        deal = await making(body.id or call.new_id, body.to_domain(), call.cause)
        response.headers["Location"] = f"/v1/deals/{deal.id}"
        return shown(deal, response, 201)

    @api.get("/deals", tags=["deals"])
    async def page(
        call: CanRead,
        pipeline_id: str | None = None,
        stage_id: str | None = None,
        responsible_id: str | None = None,
        company_id: str | None = None,
        contact_id: str | None = None,
        lead_id: str | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Page[DealOut]:
        """List deals, newest first, by equality of fields."""
        wanted = {
            "pipeline_id": pipeline_id,
            "stage_id": stage_id,
            "responsible_id": responsible_id,
            "company_id": company_id,
            "contact_id": contact_id,
            "lead_id": lead_id,
        }
        found, more = await views.page(wanted, access=call.caller, limit=limit, cursor=cursor)
        return Page(items=[DealOut.of(deal) for deal in found], next_cursor=more)

    @api.get("/deals/{deal_id}", tags=["deals"])
    async def read(deal_id: str, _: CanRead, response: Response) -> DealOut:
        """Read one deal."""
        return shown(await deals.get(deal_id), response)

    @api.patch("/deals/{deal_id}", tags=["deals"])
    async def correct(deal_id: str, body: DealPatch, call: CanWrite, response: Response) -> DealOut:
        """Correct fields, or the client (DEAL-01)."""
        client = body.rule() if body.model_fields_set & ClientIn.model_fields.keys() else None
        deal = await correct_deal(
            deal_id,
            body.fields(),
            call.cause,
            deals=deals,
            removed_clients=removed_clients,
            client=client,
            expected_version=call.if_match,
        )
        return shown(deal, response)

    @api.put("/deals/{deal_id}/stage", tags=["deals"])
    async def move(deal_id: str, body: StageIn, call: CanWrite, response: Response) -> DealOut:
        """Move to another stage of the deal's pipeline (DEAL-06)."""
        deal = await move_deal(deal_id, body.stage_id, call.cause, deals=deals, expected_version=call.if_match)
        return shown(deal, response)

    @api.put("/deals/{deal_id}/rows", tags=["deals"])
    async def sell(deal_id: str, body: RowsIn, call: CanWrite, response: Response) -> DealOut:
        """Set product rows and amount (ROW-01, ROW-02)."""
        deal = await set_deal_rows(
            deal_id,
            None if body.rows is None else [row.to_domain() for row in body.rows],
            call.cause,
            amount=body.amount.value_of() if body.amount else None,
            is_manual_amount=body.is_manual_amount,
            deals=deals,
            products=products,
            new_id=new_id,
            expected_version=call.if_match,
        )
        return shown(deal, response)

    @api.put("/deals/{deal_id}/client", tags=["client field"], responses={202: {"model": DealOut}})
    async def set_client(deal_id: str, body: ClientIn, call: CanWrite, response: Response) -> DealOut:
        """Set the Client field (CLI-06, CLI-07): 202 while the company's contacts are on their way."""
        deal = await setting(deal_id, body.rule(), call.cause, expected_version=call.if_match)
        deal = await long_polls.until(
            lambda: deals.get(deal_id), lambda found: found.client.link_state != "pending", call.wait_s
        )
        if deal.client.link_state == "refused" and body.company is not None:
            raise CompanyRefused(deal.client)
        return shown(deal, response, 202 if deal.client.link_state == "pending" else 200)

    @api.put("/deals/{deal_id}/contacts", tags=["client field"])
    async def set_list(deal_id: str, body: Contacts, call: CanWrite, response: Response) -> DealOut:
        """Replace the linked contacts (CLI-06)."""
        wishes = [link.to_domain() for link in body]
        rule = lambda client: set_contacts(client, wishes)  # noqa: E731
        return shown(await put(deal_id, rule, call), response)

    @api.post("/deals/{deal_id}/contacts", tags=["client field"])
    async def add(deal_id: str, body: ContactLinkIn, call: CanWrite, response: Response) -> ContactAdded:
        """Link one contact; `added` is false where it was linked already (CLI-06)."""
        wish, added = body.to_domain(), False

        def rule(client: Client) -> Client:
            nonlocal added
            changed = add_contact(client, wish)
            added = changed is not client
            return changed

        deal = await put(deal_id, rule, call)
        return ContactAdded(added=added, deal=shown(deal, response))

    @api.delete("/deals/{deal_id}/contacts/{contact_id}", tags=["client field"])
    async def remove(deal_id: str, contact_id: str, call: CanWrite, response: Response) -> DealOut:
        """Unlink one contact (CLI-06)."""
        rule = lambda client: remove_contact(client, contact_id)  # noqa: E731
        return shown(await put(deal_id, rule, call), response)

    @api.put("/deals/{deal_id}/requisites", tags=["client field"], responses={202: {"model": DealOut}})
    async def choose(deal_id: str, body: RequisitesIn, call: CanWrite, response: Response) -> DealOut:
        """Choose the client's requisites and ours (REQ-05): 202 while clients is asked whether they fit."""
        deal = await choose_deal_requisites(
            deal_id, body.choice, call.cause, deals=deals, expected_version=call.if_match
        )
        deal = await long_polls.until(
            lambda: deals.get(deal_id), lambda found: found.requisite_link.state != "pending", call.wait_s
        )
        if deal.requisite_link.state == "refused":
            raise RequisitesRefused(deal.requisite_link)
        return shown(deal, response, 202 if deal.requisite_link.state == "pending" else 200)

    @api.get("/deal-stages", tags=["stages"])
    async def stages(_: CanRead, pipeline_id: str = DEFAULT_PIPELINE) -> list[StageOut]:
        """The stages of a pipeline, in order (DEAL-07)."""
        return [StageOut(**stage.model_dump()) for stage in stages_of(pipeline_id)]

    return api
