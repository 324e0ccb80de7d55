"""Why a lead says no."""

from shared.kit.domain import Conflict, Invalid, Refused


class ConversionRunning(Refused):
    """Stage and client of the lead are not to be changed while it is being converted."""

    code = "conversion_running"


class LeadAlreadyConverted(Conflict):
    """The lead was converted into something else (LEAD-13)."""

    code = "lead_already_converted"


class RepeatLeadOnlyDeal(Invalid):
    """A repeat lead has its client already, and converts only into a deal (LEAD-04)."""

    code = "repeat_lead_only_deal"


class LeadTooLarge(Invalid):
    """Its deal could not be asked for in one event (LEAD-13: better told now than half done later)."""

    code = "lead_too_large"


class OriginTaken(Conflict):
    """Another lead came from the same place (CMN-14)."""

    code = "origin_taken"
