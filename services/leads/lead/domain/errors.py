"""Domain errors of the lead."""

from collections.abc import Iterable, Mapping
from typing import Final, Self

from crm_contracts.values import ElementRef

from shared.elements.domain.client_names import Names, renamed
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
        "conversion was asked for; `differs` names the fields that ask for something else. A lead is converted once: "
        "for another deal create one that links the client."
    )

    @classmethod
    def into(
        cls,
        lead: ElementRef,
        *,
        targets: Iterable[str],
        used: Mapping[str, str],
        differs: Mapping[str, str],
        results: Iterable[ElementRef],
    ) -> Self:
        """Make the error that names the results, and what the request asks for in another way: `differs`."""
        how = "".join(f", with {name} {value}" for name, value in used.items())
        other = ", ".join(f"{name} {value}" for name, value in differs.items())
        message = (
            f"The lead was converted into {', '.join(targets)}{how}. The request asks for something else: {other}."
        )
        named = {ref.type: ref.model_dump(mode="json") for ref in results}
        details = {"conversion": f"/v1/leads/{lead.id}/conversion", "differs": list(differs)}
        return cls(message, {**named, **details})

    @property
    def clients(self) -> tuple[ElementRef, ...]:
        """The contact and the company that it names."""
        named = (self.details.get(kind) for kind in ("contact", "company"))
        return tuple(ElementRef.model_validate(each) for each in named if each is not None)

    def with_names(self, names: Names) -> Self:
        """Show them by their current names."""
        named = {ref.type: renamed(ref, names).model_dump(mode="json") for ref in self.clients}
        return type(self)(self.message, {**self.details, **named})


class RepeatLeadOnlyDeal(Invalid):
    """A repeat lead has its client already, and converts only into a deal (LEAD-04)."""

    code = "repeat_lead_only_deal"
    advice = (
        "Convert it without `targets`, `contact_id` and `company_id`: the deal links the client of the lead. A person "
        "who is new is made a contact of the lead first: `POST /v1/contacts` with `link_to` and the lead's id."
    )

    @classmethod
    def because(cls, field: str) -> Self:
        """Make the error, of the field that asks for more."""
        message = (
            "A repeat lead converts only into a deal, for the client that it has. Link a person who is new by "
            "`link_to` of POST /v1/contacts first, then convert it."
        )
        return cls.at(message, field)


class LeadTooLarge(Invalid):
    """Its deal could not be requested in one event (LEAD-13: better refused now than left half done)."""

    code = "lead_too_large"


class NothingToCreate(Invalid):
    """`on_duplicate: create` contradicts the clients that were chosen: none is left to be created."""

    code = "nothing_to_create"
    advice = "Leave `on_duplicate` out to link the chosen client, or leave out its id to create another one."
