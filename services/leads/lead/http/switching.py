"""Convert the leads that are active when the CRM is switched to Simple mode, in a run (LEAD-17, MODE-07, ADR 0065)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from crm_contracts.elements import DEAL, ELEMENTS, LEAD
from crm_contracts.settings import ModeConversion

from services.leads.lead.domain.lead import Lead
from services.leads.lead.http.at_once import ModeTerms
from services.leads.lead.http.beginning import Conversions
from services.leads.lead.http.conversion_rights import check_by_roles
from services.leads.lead.usecases import begin_conversion
from services.leads.mode.domain import CrmMode, Switched, targets_of
from shared.elements.http.rights import Needed, check_needed, rights_of
from shared.elements.usecases.bulk import BulkAction, WatchedRecords
from shared.kit.domain import Cause, NotYet
from shared.kit.runs.outcomes import Outcome
from shared.kit.runs.run import Run
from shared.kit.runs.runner import HELD_S, Runner
from shared.kit.storage.repository_errors import IdTaken
from shared.kit.web.call import Call
from shared.kit.web.waiting import Wait

CONVERT: Final = "convert"
"""The name of the action."""
WAIT_S: Final = int(HELD_S / 2)
"""Seconds that a run waits for conversions at a time: another replica takes it over only later."""
_ACTIVE: Final = {"stage_semantic": "P"}
_AHEAD: Final = timedelta(seconds=1)
"""How far the clocks of two replicas may be apart: a lead that was to stay may be that much younger than the switch."""


class ConversionPending(NotYet):
    """A conversion that a run has begun is not over; the run looks again, and only then goes on."""

    code = "conversion_pending"


def conversion_action(conversions: Conversions) -> BulkAction:
    """Make what a run does to each lead: begin its conversion, and tell how that ended."""
    convert = partial(_convert, conversions=conversions)
    return BulkAction("update", convert, settle=partial(_ended, conversions=conversions))


async def _convert(
    parameters: Mapping[str, Any], id_: str, cause: Cause, leads: WatchedRecords[Lead], *, conversions: Conversions
) -> Lead:
    """Begin the conversion of a lead, as far as the starter of the run may add what it becomes.

    One that is over, or on its way already, is left alone.
    """
    terms = await ModeTerms.of(ModeConversion(**parameters), conversions)

    def begin(lead: Lead) -> None:
        if lead.stage_semantic != "P" or lead.conversion.state not in {"none", "refused"}:
            return
        request = terms.request(lead)
        begin_conversion(
            lead,
            request,
            cause,
            new_id=conversions.collaborators.new_id,
            check_targets=partial(check_by_roles, leads, request, terms.first_stage),
            silence_s=conversions.silence_s,
        )

    return await leads.change(id_, begin, cause)


async def _ended(outcome: Outcome, *, conversions: Conversions) -> Outcome:
    """Return what became of the conversion of a lead.

    Raises:
        ConversionPending: it goes on.
    """
    lead = await conversions.long_polls.until(
        partial(conversions.leads.find, outcome.id),
        lambda found: found is None or found.conversion.state != "running",
        Wait(WAIT_S),
        document=outcome.id,
    )
    if lead is None:
        return outcome
    conversion = lead.conversion
    if conversion.state == "running":
        raise ConversionPending(f"The lead {lead.id} is being converted.")
    if conversion.state == "refused" and lead.stage_semantic == "P":
        return Outcome(outcome.id, "refused", conversion.code, conversion.message, lead.version)
    return replace(outcome, version=lead.version, after={"stage_id": lead.stage_id, "deal_ids": list(lead.deal_ids)})


@dataclass(frozen=True, slots=True)
class LeadsOfSwitch:
    """The conversion of all active leads on the switch to Simple mode."""

    runner: Runner

    def check(self, call: Call, conversion: ModeConversion) -> None:
        """Check that the caller may add some of what leads become; of each lead the run judges by itself.

        Raises:
            RightMissing, Forbidden: naming everything that is missing.
        """
        clients = [ELEMENTS[target] for target in targets_of(conversion) if target != "deal"]
        check_needed(call, [Needed(each, "add") for each in (*clients, DEAL)])

    async def start(self, mode: CrmMode) -> Run | None:
        """Start the run of the switch to this mode, once; None where nothing was switched."""
        switched = mode.switched
        if mode.mode != "simple" or switched is None:
            return None
        run = await self.runner.runs.find(switched.run_id)
        if run is not None:
            return run
        cause = Cause(
            key=f"switch:{switched.run_id}",
            actor=switched.actor,
            at=switched.at,
            correlation_id=switched.correlation_id,
            traceparent=switched.traceparent,
            roles=switched.roles,
        )
        try:
            return await self.runner.start(_run(switched, mode.conversion), cause)
        except IdTaken:  # another replica was faster
            return await self.runner.runs.get(switched.run_id)

    async def start_missing(self, mode: CrmMode) -> int:
        """Start the run of a switch whose request died before its run was there.

        Returns:
            How many were started.
        """
        if mode.switched is None or await self.runner.runs.find(mode.switched.run_id) is not None:
            return 0
        return 0 if await self.start(mode) is None else 1

    async def preview(self, conversion: ModeConversion, call: Call) -> Run:
        """Start a run that tells what the switch would do to each active lead, and writes nothing (MODE-07)."""
        switched = Switched.by(call.cause, run_id=call.new_id, is_restricted=rights_of(call) is not None)
        return await self.runner.start(_run(switched, conversion, is_rehearsal=True), call.cause)


def _run(switched: Switched, conversion: ModeConversion, *, is_rehearsal: bool = False) -> Run:
    began_at: datetime = switched.at if is_rehearsal else switched.at + _AHEAD
    return Run(
        id=switched.run_id,
        action=CONVERT,
        records=LEAD.noun,
        parameters=conversion.model_dump_json(),
        selection=json.dumps(_ACTIVE),
        is_rehearsal=is_rehearsal,
        actor=switched.actor,
        roles=switched.roles,
        is_restricted=switched.is_restricted,
        correlation_id=switched.correlation_id,
        traceparent=switched.traceparent,
        created_at=began_at,
    )
