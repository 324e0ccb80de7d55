"""Decide whether a conversion creates or links its contact and company, or is refused (LEAD-12)."""

from collections.abc import Sequence
from typing import Literal

from crm_contracts.conversions import LeadConversionRequested
from crm_contracts.values import ElementRef, Value


class TargetDecision(Value):
    """What becomes of one target: create it under a proposed id, or link an existing record.

    A company to be created has its title already: its contact, which is created at the same time, stores it.
    """

    action: Literal["create", "link"]
    ref: ElementRef


class Decision(Value):
    """The outcome of the search for duplicates."""

    contact: TargetDecision | None = None
    company: TargetDecision | None = None
    duplicates: tuple[ElementRef, ...] = ()
    is_refused: bool = False

    def targets(self, request: LeadConversionRequested) -> tuple[TargetDecision | None, TargetDecision | None]:
        """Return what becomes of contact and company; what an earlier attempt created or linked is linked."""
        if self.is_refused:
            return None, None
        return self.contact or _linked(request.contact), self.company or _linked(request.company)


def decide(
    request: LeadConversionRequested, contacts: Sequence[ElementRef], companies: Sequence[ElementRef]
) -> Decision:
    """Create, link or refuse, given the records that share a phone or an e-mail with the lead.

    `link` takes a match that is the only one of its kind; `reject` refuses any match; `create` only mentions them.
    Records that an earlier attempt of the same conversion created are no matches.
    """
    wanted = set(request.client_targets)
    own = {request.proposed_contact_id, request.proposed_company_id}
    matches = {
        "contact": [ref for ref in contacts if ref.id not in own],
        "company": [ref for ref in companies if ref.id not in own],
    }
    duplicates = (*matches["contact"], *matches["company"])
    wanted_matches = [ref for kind in wanted for ref in matches[kind]]
    too_many = any(len(matches[kind]) > 1 for kind in wanted)
    if (request.on_duplicate == "reject" and wanted_matches) or (request.on_duplicate == "link" and too_many):
        return Decision(duplicates=duplicates, is_refused=True)

    def target(kind: Literal["contact", "company"], proposed: str, title: str | None = None) -> TargetDecision | None:
        if kind not in wanted:
            return None
        if request.on_duplicate == "link" and matches[kind]:
            return _linked(matches[kind][0])
        return TargetDecision(action="create", ref=ElementRef(type=kind, id=proposed, title=title))

    return Decision(
        contact=target("contact", request.proposed_contact_id),
        company=target(
            "company", request.proposed_company_id, request.snapshot.company_title or request.snapshot.title
        ),
        duplicates=duplicates,
    )


def _linked(ref: ElementRef | None) -> TargetDecision | None:
    return None if ref is None else TargetDecision(action="link", ref=ref)
