"""What the clients service hears, and what it does about it.

Every type of element that can link a company asks in the same words, its Client field, and is heard by one handler; a
new type is one more line in `NEWS`.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from crm_contracts.clients import ClientMergeRequested
from crm_contracts.companies import CompanyDeleted, CompanyReplaced
from crm_contracts.contacts import ContactMerged
from crm_contracts.conversions import LeadConversionRequested
from crm_contracts.dictionaries import DictionaryValueCreated, DictionaryValueDeleted, DictionaryValueUpdated
from crm_contracts.envelope import Envelope, Event

from services.clients.adapters.claims import Claims
from services.clients.adapters.dictionaries import Dictionaries
from services.clients.adapters.elements import Elements
from services.clients.adapters.mongo import ClientViews
from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.domain.element import NEWS
from services.clients.domain.resolution import Resolution
from services.clients.usecases.answer_company_link import answer_company_link
from services.clients.usecases.answer_requisites import answer_requisites
from services.clients.usecases.check_employer import check_employer
from services.clients.usecases.finish_merge import finish_merge
from services.clients.usecases.leave_company import leave_company
from services.clients.usecases.resolve_lead_client import resolve_lead_client
from shared.kit.domain import Cause
from shared.kit.messaging.publishing import Answers
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import Repository
from shared.kit.storage.repository_errors import Gone


async def on_lead_conversion_requested(
    event: Envelope[LeadConversionRequested],
    cause: Cause,
    *,
    contacts: Repository[Contact],
    companies: Repository[Company],
    resolutions: Repository[Resolution],
    claims: Claims,
    views: ClientViews,
    dictionaries: Dictionaries,
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
        dictionaries=dictionaries,
        numbers=numbers,
        answers=answers,
    )


async def on_company_deleted(
    event: Envelope[CompanyDeleted], cause: Cause, *, contacts: Repository[Contact], views: ClientViews
) -> None:
    """Our own: whoever worked there does so no longer."""
    await leave_company(event.data.company, cause, contacts=contacts, views=views)


async def on_company_replaced(
    event: Envelope[CompanyReplaced], cause: Cause, *, contacts: Repository[Contact], views: ClientViews
) -> None:
    """Our own: whoever worked there works for the survivor."""
    await leave_company(event.data.company, cause, contacts=contacts, views=views, survivor=event.data.survivor)


async def on_client_merge_requested(
    event: Envelope[ClientMergeRequested],
    cause: Cause,
    *,
    contacts: Repository[Contact],
    companies: Repository[Company],
) -> None:
    """Our own: whoever began it may be no more."""
    merge = event.data
    with suppress(Gone):
        if merge.survivor.type == "contact":
            await finish_merge(merge.survivor.id, merge.merge_id, cause, owners=contacts)
        else:
            await finish_merge(merge.survivor.id, merge.merge_id, cause, owners=companies)


async def on_contact_merged(
    event: Envelope[ContactMerged], cause: Cause, *, contacts: Repository[Contact], companies: Repository[Company]
) -> None:
    """Our own: a company may have ended when those who worked there had ended, and the survivor did not yet."""
    for link in event.data.companies:
        await check_employer(event.data.survivor.id, link.company_id, cause, contacts=contacts, companies=companies)


async def on_event(
    event: Envelope[Event],
    cause: Cause,
    *,
    elements: Elements,
    companies: Repository[Company],
    views: ClientViews,
    answers: Answers,
) -> None:
    """Something that links clients changed: it is remembered, and answered where it asks."""
    news = NEWS[type(event.data)](event.data)
    await elements.note(news, sequence=event.sequence or 0, at=event.time)
    if news.client is not None:
        await answer_company_link(news.ref, news.client, cause, companies=companies, views=views, answers=answers)
    if news.choice is not None:
        await answer_requisites(news.ref, news.choice, cause, views=views, answers=answers)


async def on_dictionary_value_created(
    event: Envelope[DictionaryValueCreated], _: Cause, *, dictionaries: Dictionaries
) -> None:
    """The catalog has a value more that contacts or companies may have."""
    await dictionaries.note(event.data, sequence=event.sequence or 0)


async def on_dictionary_value_updated(
    event: Envelope[DictionaryValueUpdated], _: Cause, *, dictionaries: Dictionaries
) -> None:
    """The catalog has its values in another order, perhaps: the first one is the default."""
    await dictionaries.note(event.data, sequence=event.sequence or 0)


async def on_dictionary_value_deleted(
    event: Envelope[DictionaryValueDeleted], _: Cause, *, dictionaries: Dictionaries
) -> None:
    """The catalog has a value less that contacts or companies may be given."""
    await dictionaries.note(event.data, sequence=event.sequence or 0)


REACTIONS: Mapping[type[Event], Callable[..., Awaitable[Any]]] = {
    LeadConversionRequested: on_lead_conversion_requested,
    CompanyDeleted: on_company_deleted,
    DictionaryValueCreated: on_dictionary_value_created,
    DictionaryValueUpdated: on_dictionary_value_updated,
    DictionaryValueDeleted: on_dictionary_value_deleted,
    CompanyReplaced: on_company_replaced,
    ClientMergeRequested: on_client_merge_requested,
    ContactMerged: on_contact_merged,
    **dict.fromkeys(NEWS, on_event),
}
