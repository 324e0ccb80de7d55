"""The rights that a conversion needs in the other services: what users may not add directly they add through none."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from crm_contracts.elements import COMPANY, CONTACT, DEAL
from crm_contracts.values import ConversionTarget

from services.leads.lead.domain.conversion_request import ConversionRequest
from services.leads.lead.domain.lead import Lead
from shared.elements.domain.rights.accessed import Accessed
from shared.elements.http.rights import HasAccess, Needed, check_needed, check_roles
from shared.kit.web.call import Call

_CLIENTS: Final = {"contact": CONTACT, "company": COMPANY}


def check_targets(
    call: Call,
    terms: ConversionRequest,
    first_stage: str | None,
    lead: Lead,
    targets: Sequence[ConversionTarget],
) -> None:
    """Check that the caller may add what the lead is converted into, as it will be (LEAD-11).

    A deal will be on `first_stage` of its pipeline.

    Raises:
        RightMissing, Forbidden: naming everything that is missing.
    """
    check_needed(call, list(_needed(terms, first_stage, lead, targets)))


def check_by_roles(
    caller: HasAccess,
    terms: ConversionRequest,
    first_stage: str | None,
    lead: Lead,
    targets: Sequence[ConversionTarget],
) -> None:
    """Check the same by the roles of a user whose request is over, as `caller`'s.

    Raises:
        RightMissing: naming everything that is missing.
    """
    check_roles(caller, list(_needed(terms, first_stage, lead, targets)))


def _needed(
    terms: ConversionRequest, first_stage: str | None, lead: Lead, targets: Sequence[ConversionTarget]
) -> Iterator[Needed]:
    new = Accessed(lead.responsible_id, lead.observers, lead.open_to_all)
    chosen = {"contact": terms.contact_id, "company": terms.company_id}
    for target in targets:
        if target == "deal":
            pipeline = terms.pipeline_id
            yield Needed(DEAL, "add", replace(new, pipeline_id=pipeline, stage_id=first_stage))
        elif chosen[target]:  # it is there already, and takes what it lacks of the lead
            yield Needed(_CLIENTS[target], "update")
        else:
            yield Needed(_CLIENTS[target], "add", new)
