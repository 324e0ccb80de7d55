"""Decide whether a conversion creates or links its contact and company, or is refused (LEAD-12)."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from crm_contracts.conversions import LeadConversionRequested
from crm_contracts.roles import Action
from crm_contracts.values import ElementRef, Value

from services.clients.conversion.domain.enrichment import fillings, given_to_company, given_to_contact
from services.clients.conversion.domain.same_client import SameClient
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from shared.elements.domain.rights.accessed import Accessed
from shared.elements.domain.rights.compiled import Rights

MAX_DUPLICATES = 20
"""Of each kind, those that are most likely the client first."""


class TargetDecision(Value):
    """What becomes of one target: create it under a proposed id, or link an existing record.

    A company to be created has its title already: its contact, which is created at the same time, stores it. `fills`
    are the fields of an existing record that it takes from the lead; None where the lead has nothing more to give. One
    that the caller may not update `stays` as it is: it is linked alone (PERM-01).
    """

    action: Literal["create", "link"]
    ref: ElementRef
    fills: tuple[str, ...] | None = None
    stays: bool = False


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
        return self.contact or _kept(request.contact), self.company or _kept(request.company)


def decide(
    request: LeadConversionRequested,
    contacts: Sequence[Contact],
    companies: Sequence[Company],
    rule: SameClient | None = None,
    chosen: Sequence[Contact | Company] = (),
    *,
    rights: Rights | None = None,
) -> Decision:
    """Create, link or refuse, given the records that share a phone, an e-mail or the company's title with the lead.

    `link` takes the one record of a kind that is the same client by the rule; `reject` refuses any that may be;
    `create` only mentions them. Records that an earlier attempt of the same conversion created are no matches. What the
    caller has `chosen` is linked, whatever else there is. What a caller with these `rights` may not read is not linked,
    since it could not be chosen either: a person has to decide (PERM-01).
    """
    rule = rule or SameClient()
    lead, own = request.snapshot, {request.proposed_contact_id, request.proposed_company_id}
    found: dict[str, list[Contact | Company]] = {
        "contact": [each for each in rule.found(lead, contacts) if each.id not in own],
        "company": [each for each in rule.found(lead, companies) if each.id not in own],
    }
    duplicates = tuple(record.ref for kind in found for record in found[kind][:MAX_DUPLICATES])
    targets: dict[str, TargetDecision] = {}
    for kind in request.client_targets:
        wanted = [each for each in chosen if each.ref.type == kind]
        target = _target(kind, request, found[kind], wanted, rule, rights=rights)
        if target is None:
            undecided = {each for each in request.client_targets if not any(one.ref.type == each for one in chosen)}
            candidates = tuple(ref for ref in duplicates if ref.type in undecided)
            return Decision(duplicates=candidates, is_refused=True)
        targets[kind] = target
    return Decision(contact=targets.get("contact"), company=targets.get("company"), duplicates=duplicates)


def given_to(record: Contact | Company, request: LeadConversionRequested) -> Mapping[str, Any]:
    """List what the lead gives to an existing record; the company has its contact data where there is no contact."""
    if isinstance(record, Contact):
        return given_to_contact(request)
    return given_to_company(request, alone="contact" not in request.targets)


def may(rights: Rights | None, action: Action, record: Contact | Company) -> bool:
    """Return whether the caller, whom no role restricts where there are no rights, may do this to a record."""
    return rights is None or rights.may(record.TYPE, action, Accessed.of(record))


def _target(
    kind: str,
    request: LeadConversionRequested,
    found: Sequence[Contact | Company],
    chosen: Sequence[Contact | Company],
    rule: SameClient,
    *,
    rights: Rights | None,
) -> TargetDecision | None:
    """Decide about one target; None where a person has to."""
    same = list(chosen)
    if not chosen and request.on_duplicate != "create":
        same = rule.same(request.snapshot, found)
        doubtful = any(rule.stands_in_the_way(request.snapshot, record) for record in found)
        refuses = request.on_duplicate == "reject" or (not same and rule.on_other_name == "refuse")
        if len(same) > 1 or (doubtful and refuses):
            return None
    if same:
        if not may(rights, "read", same[0]):
            return None
        stays = not may(rights, "update", same[0])
        fills = () if stays else tuple(fillings(same[0], given_to(same[0], request)))
        return TargetDecision(action="link", ref=same[0].ref, fills=fills, stays=stays)
    lead = request.snapshot
    if kind == "contact":
        return TargetDecision(action="create", ref=ElementRef(type="contact", id=request.proposed_contact_id))
    title = lead.company_title or lead.title
    return TargetDecision(action="create", ref=ElementRef(type="company", id=request.proposed_company_id, title=title))


def _kept(ref: ElementRef | None) -> TargetDecision | None:
    return None if ref is None else TargetDecision(action="link", ref=ref)
