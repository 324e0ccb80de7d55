"""What can be done with deals besides what every sales element can."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from crm_contracts.deal_answers import LeadDealConfirmed
from crm_contracts.elements import DEAL
from crm_contracts.fields import Owned, Sourced
from crm_contracts.product_rows import Priced
from crm_contracts.values import ElementRef

from services.deals.deal.domain.deal import Deal
from services.deals.deal.domain.order import DealOrder
from services.deals.deal.domain.refusal import Refusal
from services.deals.pipeline.domain import DEFAULT_PIPELINE, stages_of
from shared.elements.domain.sales_element import InitialState
from shared.elements.usecases.collaborators import Collaborators
from shared.elements.usecases.create_element import NewElement, NewElements, create_element
from shared.kit.domain import Cause, DomainError, NewId
from shared.kit.messaging.answers import Answers
from shared.kit.messaging.failures import is_transient
from shared.kit.storage.repository import Repository
from shared.kit.storage.repository_errors import IdTaken

_TAKEN: Final = ("title", *Owned.model_fields, *Sourced.model_fields)
"""Fields that the draft of a lead has."""


async def create_deal(
    id_: str,
    new: NewElement,
    cause: Cause,
    *,
    deals: NewElements[Deal],
    collaborators: Collaborators,
    pipeline_id: str = DEFAULT_PIPELINE,
) -> Deal:
    """Create a deal with its client and products (DEAL-01).

    Raises:
        Invalid: an unknown pipeline or stage, or rows that cannot be named or priced.
        OriginTaken: the origin belongs to another deal.
    """
    return await create_element(
        id_,
        new,
        cause,
        create=partial(Deal.create, pipeline_id=pipeline_id),
        stages=partial(stages_of, pipeline_id),
        elements=deals,
        collaborators=collaborators,
    )


async def open_deal_for_lead(
    order: DealOrder,
    cause: Cause,
    *,
    deals: Repository[Deal],
    refusals: Repository[Refusal],
    collaborators: Collaborators,
    answers: Answers,
) -> None:
    """Open the deal that a lead asks for, or refuse it for whatever no repeat heals (LEAD-11, DEAL-16).

    Another request of the same conversion is answered from what is stored. The same request delivered again changes
    nothing and is not answered: its answer is in the log or in an outbox.
    """
    refusal = await refusals.find(Refusal.id_for(order.conversion))
    if refusal is None:
        try:
            known = await _open(order, cause, deals=deals, collaborators=collaborators)
        except DomainError as error:
            if is_transient(error):
                raise
            refusal = Refusal.create(order.lead, order.conversion, code=error.code, message=str(error), at=cause.at)
    if refusal is not None:
        try:
            await refusals.add(refusal, cause)
        except IdTaken:
            await answers.give(refusal.answer, subject=refusal.id, cause=cause)
        return
    if known is not None:
        confirmed = LeadDealConfirmed(lead=order.lead, conversion=order.conversion, deal=known.ref)
        await answers.give(confirmed, subject=known.id, cause=cause)
    deal_ref = ElementRef(type=DEAL.noun, id=order.proposed_deal_id)
    await collaborators.removed_clients.remove_from(deal_ref, order.client.refs, cause)


async def _open(
    order: DealOrder,
    cause: Cause,
    *,
    deals: Repository[Deal],
    collaborators: Collaborators,
) -> Deal | None:
    """Open the deal; return it where an earlier request of this conversion has opened it.

    Raises:
        PipelineNotFound: there is none of this code.
        IdTaken: the proposed id belongs to a deal of others, or to one that was deleted.
    """
    stages_of(order.draft.pipeline_id)
    codes = await collaborators.dictionaries.codes(DEAL.fields)
    make = partial(_deal, order, cause, collaborators.new_id, defaults=codes.defaults)
    try:
        await deals.add_numbered(make, cause, collaborators.numbers)
    except IdTaken:
        found = await deals.find(order.proposed_deal_id)
        asked_by = found.conversion if found is not None else None
        if asked_by is None or asked_by.conversion_id != order.conversion.conversion_id:
            raise
        return found
    return None


def _deal(
    order: DealOrder,
    cause: Cause,
    new_id: NewId,
    number: int,
    *,
    defaults: Mapping[str, str],
) -> Deal:
    """Make the deal of the draft, with rows of its own (LEAD-12)."""
    draft = order.draft
    rows = tuple(row.model_copy(update={"id": new_id()}) for row in draft.rows)
    initial = InitialState(
        fields={**defaults, **{name: getattr(draft, name) for name in _TAKEN}},
        client=order.client,
        priced=Priced(rows=rows, amount=draft.amount, is_manual_amount=draft.is_manual_amount),
    )
    return Deal.create(
        order.proposed_deal_id,
        number,
        initial,
        stages_of(draft.pipeline_id).first,
        pipeline_id=draft.pipeline_id,
        by=cause.actor,
        at=cause.at,
        conversion=order.conversion,
    )
