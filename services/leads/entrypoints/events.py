"""What the leads service hears, and what it does about it.

A reaction that is one change of one lead needs no use case: the lead's own method is the rule.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from crm_contracts.client_answers import (
    ElementCompanyRefused,
    ElementContactsResolved,
    LeadClientRefused,
    LeadClientResolved,
)
from crm_contracts.conversions import ConversionRef
from crm_contracts.deal_answers import LeadDealConfirmed, LeadDealRefused
from crm_contracts.deals import DealCreated
from crm_contracts.envelope import Envelope, Event
from crm_contracts.values import ElementRef

from services.leads.domain.lead import Lead
from shared.elements.store.created_links import CREATED_LINK_REACTIONS
from shared.elements.store.products import PRODUCT_REACTIONS
from shared.elements.store.removed_clients import REMOVED_CLIENT_REACTIONS, RemovedClients
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def on_lead_client_resolved(
    event: Envelope[LeadClientResolved], cause: Cause, *, leads: Repository[Lead], removed_clients: RemovedClients[Lead]
) -> None:
    """The client part of a conversion is done."""
    answer = event.data

    def resolve(lead: Lead) -> None:
        lead.resolve_client(
            answer.conversion_id,
            answer.attempt,
            contact=answer.contact,
            company=answer.company,
            duplicates=answer.duplicates,
            by=cause.actor,
            at=cause.at,
        )

    lead = await leads.change(answer.lead.id, resolve, cause)
    await removed_clients.remove_from(lead.id, lead.client.refs, cause)


async def on_lead_client_refused(event: Envelope[LeadClientRefused], cause: Cause, *, leads: Repository[Lead]) -> None:
    """Duplicates stand in the way."""
    answer = event.data

    def refuse(lead: Lead) -> None:
        lead.refuse_conversion(
            answer.conversion_id,
            answer.attempt,
            code=answer.code,
            message=answer.message,
            candidates=answer.candidates,
        )

    await leads.change(answer.lead.id, refuse, cause)


async def on_deal_created(
    event: Envelope[DealCreated], cause: Cause, *, leads: Repository[Lead], removed_clients: RemovedClients[Lead]
) -> None:
    """The deal of a conversion is there; other deals are none of our business."""
    asked_by = event.data.conversion
    if asked_by is None:
        return
    deal = ElementRef(type="deal", id=event.data.deal.id, title=event.data.deal.title)
    await _open_deal(asked_by, deal, cause, leads=leads, removed_clients=removed_clients)


async def on_lead_deal_confirmed(
    event: Envelope[LeadDealConfirmed], cause: Cause, *, leads: Repository[Lead], removed_clients: RemovedClients[Lead]
) -> None:
    """The deal was there already: the first answer may have been lost."""
    await _open_deal(event.data.conversion, event.data.deal, cause, leads=leads, removed_clients=removed_clients)


async def _open_deal(
    asked_by: ConversionRef,
    deal: ElementRef,
    cause: Cause,
    *,
    leads: Repository[Lead],
    removed_clients: RemovedClients[Lead],
) -> None:
    lead = await leads.change(
        asked_by.lead_id,
        lambda lead: lead.open_deal(asked_by.conversion_id, asked_by.attempt, deal, by=cause.actor, at=cause.at),
        cause,
    )
    await removed_clients.remove_from(lead.id, lead.client.refs, cause)


async def on_lead_deal_refused(event: Envelope[LeadDealRefused], cause: Cause, *, leads: Repository[Lead]) -> None:
    """No deal can be opened as it was asked for."""
    answer, asked_by = event.data, event.data.conversion
    await leads.change(
        asked_by.lead_id,
        lambda lead: lead.refuse_conversion(
            asked_by.conversion_id, asked_by.attempt, code=answer.code, message=answer.message
        ),
        cause,
    )


async def on_element_contacts_resolved(
    event: Envelope[ElementContactsResolved],
    cause: Cause,
    *,
    leads: Repository[Lead],
    removed_clients: RemovedClients[Lead],
) -> None:
    """The contacts of the company that a lead links."""
    answer = event.data
    if answer.element.type != "lead":
        return

    def attach(lead: Lead) -> None:
        lead.attach_contacts(
            link_no=answer.link_no,
            company=answer.company,
            contacts=answer.contacts,
            truncated=answer.truncated,
            by=cause.actor,
            at=cause.at,
        )

    await leads.change(answer.element.id, attach, cause)
    await removed_clients.remove_from(answer.element.id, (answer.company, *answer.contacts), cause)


async def on_element_company_refused(
    event: Envelope[ElementCompanyRefused], cause: Cause, *, leads: Repository[Lead]
) -> None:
    """The company that a lead links is not there."""
    answer = event.data
    if answer.element.type != "lead":
        return
    await leads.change(
        answer.element.id,
        lambda lead: lead.refuse_company(
            link_no=answer.link_no, company=answer.company, code=answer.code, by=cause.actor, at=cause.at
        ),
        cause,
    )


REACTIONS: Mapping[type[Event], Callable[..., Awaitable[Any]]] = {
    LeadClientResolved: on_lead_client_resolved,
    LeadClientRefused: on_lead_client_refused,
    DealCreated: on_deal_created,
    LeadDealConfirmed: on_lead_deal_confirmed,
    LeadDealRefused: on_lead_deal_refused,
    ElementContactsResolved: on_element_contacts_resolved,
    ElementCompanyRefused: on_element_company_refused,
    **CREATED_LINK_REACTIONS,
    **REMOVED_CLIENT_REACTIONS,
    **PRODUCT_REACTIONS,
}
