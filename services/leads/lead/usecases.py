"""What can be done with leads besides what every sales element can."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final, Protocol, TypeAlias

from crm_contracts.client_answers import LeadClientRefused, LeadClientResolved
from crm_contracts.conversions import ConversionRef, ResolvedClient
from crm_contracts.deal_answers import LeadDealRefused
from crm_contracts.pipelines import Stage
from crm_contracts.values import ConversionTarget, ElementRef

from services.leads.lead.domain.conversion import SILENCE_S
from services.leads.lead.domain.conversion_request import ConversionRequest
from services.leads.lead.domain.lead import Lead
from shared.elements.domain.sales_element import InitialState
from shared.elements.domain.stage_owner import KnownStages, Place
from shared.elements.domain.stages import StageSet
from shared.elements.usecases.collaborators import Collaborators, DeletedClients
from shared.elements.usecases.create_element import NewElement, NewElements, create_element
from shared.elements.usecases.stranded import FormerPlaces, IdsInPlace, WayOut, move_stranded
from shared.kit.domain import Cause, Clock, NewId
from shared.kit.storage.repository import Records, Repository

ACTOR: Final = "service:leads"


ChecksTargets: TypeAlias = Callable[[Lead, Sequence[ConversionTarget]], None]
"""Raises where a caller may not write what a lead is converted into."""


def nothing_to_check(lead: Lead, targets: Sequence[ConversionTarget]) -> None:
    """Allow every conversion."""


async def create_lead(
    id_: str,
    new: NewElement,
    cause: Cause,
    *,
    leads: NewElements[Lead],
    collaborators: Collaborators,
    stages: StageSet,
    converted_elsewhere: bool = False,
    convert: Callable[[Lead, Cause], None] = lambda *_: None,
) -> Lead:
    """Create a lead with its client and products (LEAD-01, LEAD-18).

    `convert` begins its conversion in the same write, where leads do not stay (LEAD-16).

    Raises:
        UseConversion: it is to be in CONVERTED, and was not converted elsewhere (LEAD-11).
        Invalid: an unknown stage, or rows that cannot be named or priced.
        OriginTaken: the origin belongs to another lead.
    """

    def create(id_: str, number: int, initial: InitialState, stage: Stage, *, by: str, at: datetime) -> Lead:
        lead = Lead.create(id_, number, initial, stage, by=by, at=at, converted_elsewhere=converted_elsewhere)
        convert(lead, cause)
        return lead

    return await create_element(
        id_,
        new,
        cause,
        create=create,
        stages=lambda: stages,
        elements=leads,
        collaborators=collaborators,
    )


async def convert_lead(
    id_: str,
    request: ConversionRequest,
    cause: Cause,
    *,
    leads: Records[Lead],
    new_id: NewId,
    check_targets: ChecksTargets = nothing_to_check,
    silence_s: float = SILENCE_S,
    expected_version: int | None = None,
) -> Lead:
    """Begin the conversion, once for all repeats and parallel calls; the rest follows from events (LEAD-11 to LEAD-14).

    `check_targets` raises where the caller may not write what the lead is converted into. A request without an
    answer for `silence_s` seconds is repeated.

    Raises:
        RepeatLeadOnlyDeal: more than a deal of a repeat lead.
        ConversionRunning: another request while one is under way.
        LeadAlreadyConverted: another request after the end.
        LeadTooLarge: it does not fit into an event.
        VersionMismatch: the caller's copy is old, also where it asks for what was done already.
    """
    begin = partial(
        begin_conversion,
        request=request,
        cause=cause,
        new_id=new_id,
        check_targets=check_targets,
        silence_s=silence_s,
    )
    return await leads.change(id_, begin, cause, expected_version=expected_version)


def begin_conversion(
    lead: Lead,
    request: ConversionRequest,
    cause: Cause,
    *,
    new_id: NewId,
    check_targets: ChecksTargets,
    silence_s: float,
) -> None:
    """Begin the conversion of a lead that is being changed or created; see `convert_lead`."""
    check_targets(lead, lead.conversion.wanted(request, is_repeat=lead.is_repeat))
    lead.start_conversion(
        request,
        new_id=new_id,
        by=cause.actor,
        at=cause.at,
        correlation_id=cause.correlation_id,
        traceparent=cause.traceparent,
        roles=cause.roles,
        silence_s=silence_s,
    )


async def resolve_client(
    answer: LeadClientResolved, cause: Cause, *, leads: Repository[Lead], removed_clients: DeletedClients
) -> None:
    """Continue the conversion with what clients created or linked; with a deal to come, the answer of deals has it."""
    if answer.deal is not None:
        return
    lead = await leads.change(
        answer.lead.id,
        lambda lead: lead.resolve_client(
            answer.conversion_id, answer.attempt, answer.client, by=cause.actor, at=cause.at
        ),
        cause,
    )
    await removed_clients.remove_from(lead.ref, lead.client.refs, cause)


async def complete_conversion(
    asked_by: ConversionRef,
    deal: ElementRef,
    cause: Cause,
    *,
    leads: Repository[Lead],
    removed_clients: DeletedClients,
) -> None:
    """End the conversion with its client and deal, and unlink clients that were deleted meanwhile (COMP-10)."""
    lead = await leads.change(
        asked_by.lead_id,
        lambda lead: lead.open_deal(
            asked_by.conversion_id,
            asked_by.attempt,
            deal,
            found=asked_by.resolved,
            by=cause.actor,
            at=cause.at,
        ),
        cause,
    )
    await removed_clients.remove_from(lead.ref, lead.client.refs, cause)


async def refuse_client(answer: LeadClientRefused, cause: Cause, *, leads: Repository[Lead]) -> None:
    """End the conversion because of duplicates, or because clients failed."""
    made = {each.type: each for each in answer.existing}
    await leads.change(
        answer.lead.id,
        lambda lead: lead.refuse_conversion(
            answer.conversion_id,
            answer.attempt,
            code=answer.code,
            message=answer.message,
            candidates=answer.candidates,
            found=ResolvedClient(contact=made.get("contact"), company=made.get("company")),
        ),
        cause,
    )


async def refuse_deal(answer: LeadDealRefused, cause: Cause, *, leads: Repository[Lead]) -> None:
    """End the conversion because no deal can be opened as it was requested."""
    asked_by = answer.conversion
    await leads.change(
        asked_by.lead_id,
        lambda lead: lead.refuse_conversion(
            asked_by.conversion_id,
            asked_by.attempt,
            code=answer.code,
            message=answer.message,
            found=asked_by.resolved,
        ),
        cause,
    )


class OwnLeadStages(FormerPlaces, Protocol):
    """The stages of leads, and what is left of those that were deleted."""

    async def known(self) -> KnownStages:
        """Return them as they are now."""
        ...


async def move_stranded_leads(
    clock: Clock, *, leads: Repository[Lead], places: IdsInPlace, stages: OwnLeadStages
) -> int:
    """Move leads that came to a stage after it was deleted to where new ones start (ADR 0059).

    One that is being converted waits: its conversion moves it, or ends and leaves it to the next look.

    Returns:
        Their number.
    """

    async def way_out(place: Place) -> WayOut[Lead]:
        return partial(_move_from, place, (await stages.known()).every.first)

    return await move_stranded(way_out, clock, actor=ACTOR, elements=leads, places=places, owners=stages)


def _move_from(place: Place, first: Stage, cause: Cause, lead: Lead) -> None:
    """Move a lead, unless it has left that stage meanwhile, or a conversion is about to move it."""
    if lead.stage_id == place.stage_id and lead.conversion.state != "running":
        lead.move(first, first, by=cause.actor, at=cause.at)
