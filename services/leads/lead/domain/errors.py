"""Domain errors of the lead."""

from collections.abc import Iterable, Mapping
from typing import Final, Self

from crm_contracts.values import ElementRef

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
    """The lead was converted in another way than is asked for (LEAD-13), and stays in CONVERTED (LEAD-11)."""

    code = "lead_already_converted"
    advice = (
        "Read `/v1/leads/{lead_id}/conversion`, or take `contact`, `company` and `deal` of the answer, where a "
        "conversion was asked for. A lead is converted once; for another deal create one that links the client."
    )

    @classmethod
    def into(
        cls, lead: ElementRef, *, targets: Iterable[str], used: Mapping[str, str], results: Iterable[ElementRef]
    ) -> Self:
        """Make the error that names the results, by their ids alone: their names may have changed."""
        how = "".join(f", with {name} {value}" for name, value in used.items())
        message = f"The lead was converted into {', '.join(targets)}{how}."
        named = {ref.type: ElementRef(type=ref.type, id=ref.id).model_dump(mode="json") for ref in results}
        return cls(message, {**named, "conversion": f"/v1/leads/{lead.id}/conversion"})


class RepeatLeadOnlyDeal(Invalid):
    """A repeat lead has its client already, and converts only into a deal (LEAD-04)."""

    code = "repeat_lead_only_deal"
    advice = "Convert it without `targets`, `contact_id` and `company_id`: the deal links the client of the lead."


class LeadTooLarge(Invalid):
    """Its deal could not be requested in one event (LEAD-13: better refused now than left half done)."""

    code = "lead_too_large"
