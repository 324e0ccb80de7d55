"""A lead asks for its deal (LEAD-11, DEAL-16)."""

from crm_contracts.client_field import Client
from crm_contracts.conversions import ConversionRef, LeadDealRequested
from crm_contracts.deal_answers import LeadDealConfirmed
from crm_contracts.product_rows import Priced

from services.deals.domain.deal import Deal
from services.deals.domain.refusal import Refusal
from services.deals.domain.stages import PipelineNotFound, stages_of
from shared.elements.domain.client_field import set_company
from shared.kit.domain import Cause, NewId
from shared.kit.messaging.answers import Answers
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import Repository
from shared.kit.storage.repository_errors import IdTaken


async def open_deal_for_lead(
    asked: LeadDealRequested,
    cause: Cause,
    *,
    deals: Repository[Deal],
    refusals: Repository[Refusal],
    numbers: Numbers,
    new_id: NewId,
    answers: Answers,
) -> None:
    """Open the deal, or refuse. A new question of the same conversion is answered from what is stored.

    The same question delivered again changes nothing and says nothing: its answer is in the log or on its way there.
    """
    conversion = ConversionRef(lead_id=asked.lead.id, conversion_id=asked.conversion_id, attempt=asked.attempt)
    refused = await refusals.find(Refusal.id_for(conversion))
    try:
        if refused is None:
            stages_of(asked.draft.pipeline_id)
    except PipelineNotFound as error:
        refused = Refusal.create(asked.lead, conversion, code=error.code, message=str(error), at=cause.at)
    try:
        if refused is not None:
            await refusals.add(refused, cause)
        else:
            await deals.add_numbered(
                lambda number: _deal(asked, number, conversion, cause, new_id),
                cause,
                numbers,
            )
    except IdTaken:
        if refused is not None:
            await answers.give(refused.answer, subject=refused.id, cause=cause)
        else:
            deal = await deals.get(asked.proposed_deal_id)
            confirmed = LeadDealConfirmed(lead=asked.lead, conversion=conversion, deal=deal.ref)
            await answers.give(confirmed, subject=deal.id, cause=cause)


def _deal(asked: LeadDealRequested, number: int, conversion: ConversionRef, cause: Cause, new_id: NewId) -> Deal:
    """The deal as the draft has it, with rows of its own (LEAD-12)."""
    draft = asked.draft
    fields = draft.model_dump(include={"title", "comments", "observers", "open_to_all", "responsible_id"})
    fields |= {"source_id": draft.source_id, "source_description": draft.source_description, "utm": draft.utm}
    rows = tuple(row.model_copy(update={"id": new_id()}) for row in draft.rows)
    client = Client(contacts=draft.contacts)
    if draft.company is not None:
        client = set_company(client, draft.company.id).model_copy(update={"company": draft.company})
    return Deal.create(
        asked.proposed_deal_id,
        number,
        fields,
        client=client,
        priced=Priced(rows=rows, amount=draft.amount, is_manual_amount=draft.is_manual_amount),
        pipeline_id=draft.pipeline_id,
        by=cause.actor,
        at=cause.at,
        conversion=conversion,
    )
