"""What the clients service hears, and what it does about it.

Every type of element that can link a company asks in the same words: its Client field, pending.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from crm_contracts.deals import DealClientChanged, DealCreated
from crm_contracts.envelope import Envelope, Event
from crm_contracts.leads import LeadClientChanged, LeadConversionRequested, LeadCreated
from crm_contracts.values import ElementRef

from services.clients.adapters.claims import Claims
from services.clients.adapters.mongo import ClientViews
from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.domain.resolution import Resolution
from services.clients.usecases.answer_company_link import answer_company_link
from services.clients.usecases.resolve_lead_client import resolve_lead_client
from shared.kit.domain import Cause
from shared.kit.mongo import Numbers
from shared.kit.publishing import Answers
from shared.kit.repository import Repository


async def on_lead_conversion_requested(
    event: Envelope[LeadConversionRequested],
    cause: Cause,
    *,
    contacts: Repository[Contact],
    companies: Repository[Company],
    resolutions: Repository[Resolution],
    claims: Claims,
    views: ClientViews,
    numbers: Numbers,
    answers: Answers,
) -> None:
    """A lead wants its contact and company."""
    await resolve_lead_client(
        event.data,
        cause,
        contacts=contacts,
        companies=companies,
        resolutions=resolutions,
        claims=claims,
        views=views,
        numbers=numbers,
        answers=answers,
    )


async def on_lead_created(
    event: Envelope[LeadCreated], cause: Cause, *, companies: Repository[Company], views: ClientViews, answers: Answers
) -> None:
    """A lead came in, perhaps with a company."""
    lead = event.data.lead
    ref = ElementRef(type="lead", id=lead.id, title=lead.title)
    await answer_company_link(ref, lead.client, cause, companies=companies, views=views, answers=answers)


async def on_lead_client_changed(
    event: Envelope[LeadClientChanged],
    cause: Cause,
    *,
    companies: Repository[Company],
    views: ClientViews,
    answers: Answers,
) -> None:
    """A lead links another company, perhaps."""
    await answer_company_link(
        event.data.lead, event.data.after, cause, companies=companies, views=views, answers=answers
    )


async def on_deal_created(
    event: Envelope[DealCreated], cause: Cause, *, companies: Repository[Company], views: ClientViews, answers: Answers
) -> None:
    """A deal was opened, perhaps with a company."""
    deal = event.data.deal
    ref = ElementRef(type="deal", id=deal.id, title=deal.title)
    await answer_company_link(ref, deal.client, cause, companies=companies, views=views, answers=answers)


async def on_deal_client_changed(
    event: Envelope[DealClientChanged],
    cause: Cause,
    *,
    companies: Repository[Company],
    views: ClientViews,
    answers: Answers,
) -> None:
    """A deal links another company, perhaps."""
    await answer_company_link(
        event.data.deal, event.data.after, cause, companies=companies, views=views, answers=answers
    )


REACTIONS: Mapping[type[Event], Callable[..., Awaitable[Any]]] = {
    LeadConversionRequested: on_lead_conversion_requested,
    LeadCreated: on_lead_created,
    LeadClientChanged: on_lead_client_changed,
    DealCreated: on_deal_created,
    DealClientChanged: on_deal_client_changed,
}
