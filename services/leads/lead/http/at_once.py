"""Convert new leads at once where leads do not stay: in Simple mode (LEAD-16, MODE-05)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

from crm_contracts.pipelines import DEFAULT_PIPELINE
from crm_contracts.settings import ModeConversion

from services.leads.lead.domain.conversion_request import ConversionRequest
from services.leads.lead.domain.lead import Lead
from services.leads.lead.http.beginning import Conversions
from services.leads.lead.http.conversion_rights import check_targets
from services.leads.lead.schemas import LeadUpsert
from services.leads.lead.usecases import ChecksTargets, begin_conversion, convert_lead, create_lead, nothing_to_check
from services.leads.mode.domain import targets_of
from services.leads.mode.store import OwnMode
from shared.elements.domain.stages import StageSet
from shared.elements.http.client_link import check_new_links
from shared.elements.usecases.collaborators import Collaborators
from shared.elements.usecases.create_element import NewElement, NewElements
from shared.kit.domain import Cause
from shared.kit.web.call import Call


@dataclass(frozen=True, slots=True)
class ModeTerms:
    """What leads become by the mode, in a pipeline that there is: an unknown caller a client, too (MODE-08, MODE-09).

    Attributes:
        first_stage: where the deals start.
    """

    conversion: ModeConversion
    first_stage: str | None

    @classmethod
    async def of(cls, conversion: ModeConversion, conversions: Conversions) -> Self:
        """Take the terms, in the default pipeline where theirs was deleted since: no lead is lost for that."""
        first_stages = await conversions.pipelines.first_stages()
        pipeline = conversion.pipeline_id if conversion.pipeline_id in first_stages else DEFAULT_PIPELINE
        return cls(conversion.model_copy(update={"pipeline_id": pipeline}), first_stages.get(pipeline))

    def request(self, lead: Lead) -> ConversionRequest:
        """Return what a lead is to become: one with a client a deal alone (LEAD-04)."""
        return ConversionRequest(
            targets=("deal",) if lead.is_repeat else targets_of(self.conversion),
            pipeline_id=self.conversion.pipeline_id,
            activities=self.conversion.activities,
        )


@dataclass(frozen=True, slots=True)
class NewLeads:
    """What becomes of leads that a caller creates."""

    conversions: Conversions
    mode: OwnMode
    call: Call | None
    terms: ModeTerms | None

    @classmethod
    async def of(cls, conversions: Conversions, mode: OwnMode, call: Call | None = None) -> Self:
        """Read the mode: without terms leads stay. Without a call it is a form, which an administrator answers for."""
        known = await mode.get()
        terms = await ModeTerms.of(known.conversion, conversions) if known.mode == "simple" else None
        return cls(conversions, mode, call, terms)

    def creating(
        self, body: LeadUpsert, call: Call, *, stages: StageSet, collaborators: Collaborators
    ) -> Callable[[str, NewElement, Cause], Awaitable[Lead]]:
        """Return what creates the lead of a request, or of an item of one, once what it links was checked."""

        async def create(id_: str, new: NewElement, cause: Cause) -> Lead:
            await check_new_links(body.links, call, collaborators.client_names)
            return await self.create(
                id_,
                new,
                cause,
                leads=call.guard_store(self.conversions.leads),
                collaborators=collaborators,
                stages=stages,
                converted_elsewhere=body.converted_elsewhere,
            )

        return create

    async def create(
        self,
        id_: str,
        new: NewElement,
        cause: Cause,
        *,
        leads: NewElements[Lead],
        collaborators: Collaborators,
        stages: StageSet,
        converted_elsewhere: bool = False,
    ) -> Lead:
        """Create a lead, and begin its conversion where leads do not stay; see `create_lead`."""
        lead = await create_lead(
            id_,
            new,
            cause,
            leads=leads,
            collaborators=collaborators,
            stages=stages,
            converted_elsewhere=converted_elsewhere,
            convert=self._convert,
        )
        return await self._settled(lead, cause)

    def _convert(self, lead: Lead, cause: Cause) -> None:
        """Begin the conversion of a lead that is being created, in the write that creates it; not of one that is over.

        Raises:
            RightMissing, Forbidden: the caller may not add what it would become; then there is no lead either.
        """
        if self.terms is None or lead.stage_semantic != "P":
            return
        request = self.terms.request(lead)
        check: ChecksTargets = nothing_to_check
        if self.call is not None:
            check = partial(check_targets, self.call, request, self.terms.first_stage)
        begin_conversion(
            lead,
            request,
            cause,
            new_id=self.conversions.collaborators.new_id,
            check_targets=check,
            silence_s=self.conversions.silence_s,
        )

    async def _settled(self, lead: Lead, cause: Cause) -> Lead:
        """Return a lead that was just created; one that was to stay is converted if the mode has changed meanwhile.

        The switch to Simple converts the leads that it finds, for who chose it. Either it finds this one, which was
        stored before this look at the mode, or this look finds the switch and does the same.
        """
        if self.terms is not None or lead.stage_semantic != "P" or lead.conversion.state != "none":
            return lead
        known = await self.mode.read()
        if known.mode != "simple":
            return lead
        terms = await ModeTerms.of(known.conversion, self.conversions)
        return await convert_lead(
            lead.id,
            terms.request(lead),
            replace(cause.step("convert"), actor=known.changed_by, roles=()),
            leads=self.conversions.leads,
            new_id=self.conversions.collaborators.new_id,
            silence_s=self.conversions.silence_s,
        )
