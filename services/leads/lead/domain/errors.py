"""Domain errors of the lead."""

from typing import Final

from shared.kit.domain import Conflict, Invalid, Refused

NO_ANSWER: Final = "no_answer"
ID_TAKEN: Final = "id_taken"
"""Codes of refused conversions, beside those that clients and deals give."""


class ConversionRunning(Refused):
    """Stage and client of the lead are not to be changed while it is being converted."""

    code = "conversion_running"


class UseConversion(Refused):
    """Only a conversion puts a lead into CONVERTED (LEAD-11)."""

    code = "use_conversion"


class LeadAlreadyConverted(Conflict):
    """The lead was converted into something else (LEAD-13), and stays in CONVERTED (LEAD-11)."""

    code = "lead_already_converted"


class RepeatLeadOnlyDeal(Invalid):
    """A repeat lead has its client already, and converts only into a deal (LEAD-04)."""

    code = "repeat_lead_only_deal"


class LeadTooLarge(Invalid):
    """Its deal could not be requested in one event (LEAD-13: better refused now than left half done)."""

    code = "lead_too_large"
