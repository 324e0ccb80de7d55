"""What can be done with deals besides what every sales element can."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Final, Protocol, Self

from crm_contracts.deal_answers import LeadDealConfirmed
from crm_contracts.elements import DEAL
from crm_contracts.fields import Owned, Sourced
from crm_contracts.pipelines import DEFAULT_PIPELINE, Stage
from crm_contracts.product_rows import Priced
from crm_contracts.values import ElementRef

from services.deals.deal.domain.deal import Deal
from services.deals.deal.domain.order import DealOrder
from services.deals.deal.domain.refusal import Refusal
from services.deals.deal.domain.repeat import ClientHistory
from services.deals.pipeline.domain.known import KnownPipelines
from shared.elements.domain.sales_element import InitialState
from shared.elements.domain.stage_owner import Place
from shared.elements.usecases.collaborators import Collaborators
from shared.elements.usecases.create_element import NewElement, NewElements, create_element
from shared.elements.usecases.stranded import FormerPlaces, IdsInPlace, WayOut, move_stranded
from shared.kit.domain import Cause, Clock, DomainError, Invalid, NewId, NotFound
from shared.kit.messaging.answers import Answers
from shared.kit.messaging.failures import is_transient
from shared.kit.storage.repository import Records, Repository
from shared.kit.storage.repository_errors import IdTaken

_TAKEN: Final = ("title", *Owned.model_fields, *Sourced.model_fields)
"""Fields that the draft of a lead has."""
ACTOR: Final = "service:deals"


class DealNotFound(Invalid):
    """There is no such deal that the caller may read."""

    code = "deal_not_found"


class PipelinesNow(Protocol):
    """The pipelines, read where they are written."""

    async def known(self) -> KnownPipelines:
        """Return all of them as they are now."""
        ...


class Histories(Protocol):
    """What clients had before."""

    async def of(self, clients: Collection[ElementRef], *, but_lead: str | None = None) -> ClientHistory:
        """Find what these clients had, but for one lead."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DealCollaborators(Collaborators):
    """What deals are made and shown with."""

    histories: Histories

    @classmethod
    def of(cls, shared: Collaborators, *, histories: Histories) -> Self:
        """Add what deals alone need to what all elements do."""
        return cls(**{each.name: getattr(shared, each.name) for each in fields(shared)}, histories=histories)


class OwnPipelines(PipelinesNow, FormerPlaces, Protocol):
    """The pipelines, and what is left of those that were deleted."""


async def create_deal(
    id_: str,
    new: NewElement,
    cause: Cause,
    *,
    deals: NewElements[Deal],
    collaborators: DealCollaborators,
    pipelines: KnownPipelines,
    pipeline_id: str = DEFAULT_PIPELINE,
) -> Deal:
    """Create a deal with its client and products (DEAL-01), marked by what its client had before (DEAL-17).

    Raises:
        Invalid: an unknown pipeline or stage, or rows that cannot be named or priced.
        OriginTaken: the origin belongs to another deal.
    """
    stages = pipelines.stages_of(pipeline_id)
    history = await collaborators.histories.of(new.clients)
    given = {name: value for name, value in new.fields.items() if name not in history.markers or value is not None}
    return await create_element(
        id_,
        replace(new, fields={**history.markers, **given}),
        cause,
        create=partial(Deal.create, pipeline_id=pipeline_id, first=stages.first),
        stages=lambda: stages,
        elements=deals,
        collaborators=collaborators,
    )


async def open_deal_for_lead(
    order: DealOrder,
    cause: Cause,
    *,
    deals: Repository[Deal],
    refusals: Repository[Refusal],
    pipelines: PipelinesNow,
    collaborators: DealCollaborators,
    answers: Answers,
) -> None:
    """Open the deal that a lead asks for, or refuse it for whatever no repeat heals (LEAD-11, DEAL-16).

    Another request of the same conversion is answered from what is stored. The same request delivered again changes
    nothing and is not answered: its answer is in the log or in an outbox.
    """
    refusal = await refusals.find(Refusal.id_for(order.conversion))
    if refusal is None:
        try:
            known = await _open(order, cause, await pipelines.known(), deals=deals, collaborators=collaborators)
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
    pipelines: KnownPipelines,
    *,
    deals: Repository[Deal],
    collaborators: DealCollaborators,
) -> Deal | None:
    """Open the deal; return it where an earlier request of this conversion has opened it.

    Raises:
        PipelineNotFound: there is none of this code.
        IdTaken: the proposed id belongs to a deal of others, or to one that was deleted.
    """
    first = pipelines.stages_of(order.draft.pipeline_id).first
    codes = await collaborators.dictionaries.codes(DEAL.fields)
    history = await collaborators.histories.of(order.client.refs, but_lead=order.lead.id)
    found_out = {**codes.defaults, **history.markers}
    make = partial(_deal, order, cause, first, collaborators.new_id, found_out=found_out)
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
    first: Stage,
    new_id: NewId,
    number: int,
    *,
    found_out: Mapping[str, Any],
) -> Deal:
    """Make the deal of the draft, with rows of its own (LEAD-12)."""
    draft = order.draft
    rows = tuple(row.model_copy(update={"id": new_id()}) for row in draft.rows)
    initial = InitialState(
        fields={**found_out, **{name: getattr(draft, name) for name in _TAKEN}},
        client=order.client,
        priced=Priced(rows=rows, amount=draft.amount, is_manual_amount=draft.is_manual_amount),
    )
    return Deal.create(
        order.proposed_deal_id,
        number,
        initial,
        first,
        pipeline_id=draft.pipeline_id,
        first=first,
        by=cause.actor,
        at=cause.at,
        conversion=order.conversion,
    )


async def move_deal(
    id_: str,
    pipeline_id: str | None,
    stage_id: str | None,
    cause: Cause,
    *,
    deals: Records[Deal],
    pipelines: KnownPipelines,
    expected_version: int | None = None,
) -> Deal:
    """Move to a stage of the deal's pipeline, or to another pipeline: there to its first stage unless one is named.

    Being there already is a success without effect (DEAL-06, PIPE-05).

    Raises:
        PipelineNotFound: there is no such pipeline that a deal may enter.
        StageNotFound: no such stage in it.
    """

    def move(deal: Deal) -> None:
        target = pipeline_id or deal.pipeline_id
        stages = pipelines.stages_of(target)
        if stage_id is None and target == deal.pipeline_id:
            return
        deal.move_to_pipeline(target, stages.initial(stage_id), stages.first, by=cause.actor, at=cause.at)

    return await deals.change(id_, move, cause, expected_version=expected_version)


class Arranges(Protocol):
    """How the cards of a stage are arranged."""

    async def next_to(self, deal: Deal, but: str, *, is_above: bool) -> str | None:
        """Return the place of the card just above a deal, or just below it; the one that is being moved is none."""
        ...


async def put_beside(
    id_: str,
    beside_id: str,
    cause: Cause,
    *,
    is_above: bool,
    deals: Records[Deal],
    cards: Arranges,
    expected_version: int | None = None,
) -> Deal:
    """Put a card just above another one of its stage, or just below it; being there already changes nothing (DEAL-04).

    Raises:
        NotFound: there is no such deal.
        DealNotFound: there is no such other deal.
        NotBeside, NoRoom: see `Deal.put_between`.
    """
    # Whether the caller may do that at all comes before whatever is wrong with the other deal.
    await deals.change(id_, lambda _: None, cause.step("check"), expected_version=expected_version)
    try:
        beside = await deals.get(beside_id)
    except NotFound:
        field = "before" if is_above else "after"
        raise DealNotFound.at(f"There is no deal {beside_id}.", field) from None
    other = await cards.next_to(beside, id_, is_above=is_above)
    upper, lower = (other, beside.rank) if is_above else (beside.rank, other)
    return await deals.change(
        id_, lambda deal: deal.put_between(beside, upper, lower), cause, expected_version=expected_version
    )


async def move_in_bulk(
    parameters: Mapping[str, Any], id_: str, cause: Cause, deals: Records[Deal], *, pipelines: PipelinesNow
) -> Deal:
    """Move one of many deals (DEAL-03), or back to where it was: without a pipeline inside of its own."""
    pipeline_id, stage_id = parameters.get("pipeline_id"), parameters["stage_id"]
    return await move_deal(id_, pipeline_id, stage_id, cause, deals=deals, pipelines=await pipelines.known())


async def move_stranded_deals(
    clock: Clock, *, deals: Repository[Deal], places: IdsInPlace, pipelines: OwnPipelines
) -> int:
    """Move deals that came to a stage or a pipeline after it was deleted to where new ones start (ADR 0059).

    Returns:
        Their number.
    """

    async def way_out(place: Place) -> WayOut[Deal]:
        target = DEFAULT_PIPELINE if place.stage_id is None else place.owner_id
        first = (await pipelines.known()).stages_of(target).first
        return partial(_move_from, place, target, first)

    return await move_stranded(way_out, clock, actor=ACTOR, elements=deals, places=places, owners=pipelines)


def _move_from(place: Place, target: str, first: Stage, cause: Cause, deal: Deal) -> None:
    """Move a deal, unless it has left that place meanwhile."""
    if deal.pipeline_id == place.owner_id and place.stage_id in {None, deal.stage_id}:
        deal.move_to_pipeline(target, first, first, by=cause.actor, at=cause.at)
