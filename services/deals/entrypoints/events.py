"""What the deals service hears, and what it does about it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from crm_contracts.client_answers import (
    ElementCompanyRefused,
    ElementContactsResolved,
    ElementRequisitesConfirmed,
    ElementRequisitesRefused,
)
from crm_contracts.conversions import LeadDealRequested
from crm_contracts.envelope import Envelope, Event

from services.deals.domain.deal import Deal
from services.deals.domain.refusal import Refusal
from services.deals.usecases.open_deal_for_lead import open_deal_for_lead
from shared.elements.store.created_links import CREATED_LINK_REACTIONS
from shared.elements.store.products import PRODUCT_REACTIONS
from shared.elements.store.removed_clients import REMOVED_CLIENT_REACTIONS, RemovedClients
from shared.kit.domain import Cause, NewId
from shared.kit.messaging.answers import Answers
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import Repository


async def on_lead_deal_requested(
    event: Envelope[LeadDealRequested],
    cause: Cause,
    *,
    deals: Repository[Deal],
    refusals: Repository[Refusal],
    numbers: Numbers,
    new_id: NewId,
    answers: Answers,
    removed_clients: RemovedClients[Deal],
) -> None:
    """A lead wants its deal."""
    await open_deal_for_lead(
        event.data, cause, deals=deals, refusals=refusals, numbers=numbers, new_id=new_id, answers=answers
    )
    draft = event.data.draft
    clients = [*([draft.company] if draft.company else []), *(link.ref for link in draft.contacts)]
    await removed_clients.remove_from(event.data.proposed_deal_id, clients, cause)


async def on_element_contacts_resolved(
    event: Envelope[ElementContactsResolved],
    cause: Cause,
    *,
    deals: Repository[Deal],
    removed_clients: RemovedClients[Deal],
) -> None:
    """The contacts of the company that a deal links."""
    answer = event.data
    if answer.element.type != "deal":
        return

    def attach(deal: Deal) -> None:
        deal.attach_contacts(
            link_no=answer.link_no,
            company=answer.company,
            contacts=answer.contacts,
            truncated=answer.truncated,
            by=cause.actor,
            at=cause.at,
        )

    await deals.change(answer.element.id, attach, cause)
    await removed_clients.remove_from(answer.element.id, (answer.company, *answer.contacts), cause)


async def on_element_company_refused(
    event: Envelope[ElementCompanyRefused], cause: Cause, *, deals: Repository[Deal]
) -> None:
    """The company that a deal links is not there."""
    answer = event.data
    if answer.element.type != "deal":
        return
    await deals.change(
        answer.element.id,
        lambda deal: deal.refuse_company(
            link_no=answer.link_no, company=answer.company, code=answer.code, by=cause.actor, at=cause.at
        ),
        cause,
    )


async def on_element_requisites_confirmed(
    event: Envelope[ElementRequisitesConfirmed], cause: Cause, *, deals: Repository[Deal]
) -> None:
    """The requisites that a deal chose fit."""
    answer = event.data
    if answer.element.type != "deal":
        return
    await deals.change(
        answer.element.id,
        lambda deal: deal.confirm_requisites(choice_no=answer.choice_no, by=cause.actor, at=cause.at),
        cause,
    )


async def on_element_requisites_refused(
    event: Envelope[ElementRequisitesRefused], cause: Cause, *, deals: Repository[Deal]
) -> None:
    """The requisites that a deal chose do not fit."""
    answer = event.data
    if answer.element.type != "deal":
        return
    await deals.change(
        answer.element.id,
        lambda deal: deal.refuse_requisites(
            choice_no=answer.choice_no, code=answer.code, field=answer.field, by=cause.actor, at=cause.at
        ),
        cause,
    )


REACTIONS: Mapping[type[Event], Callable[..., Awaitable[Any]]] = {
    LeadDealRequested: on_lead_deal_requested,
    ElementContactsResolved: on_element_contacts_resolved,
    ElementCompanyRefused: on_element_company_refused,
    ElementRequisitesConfirmed: on_element_requisites_confirmed,
    ElementRequisitesRefused: on_element_requisites_refused,
    **CREATED_LINK_REACTIONS,
    **REMOVED_CLIENT_REACTIONS,
    **PRODUCT_REACTIONS,
}
