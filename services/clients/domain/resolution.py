"""What was decided about the client of one attempt of one conversion.

The surprise: it is written down *before* anything is created. Whoever is asked again, after a crash or a lost answer,
follows the decision instead of looking for duplicates once more and finding its own work.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Literal, Self

from crm_contracts.client_answers import LeadClientRefused, LeadClientResolved
from crm_contracts.conversions import LeadConversionRequested
from crm_contracts.values import ElementRef, OnDuplicate, Value

from shared.kit.domain import Aggregate, derived_id

DUPLICATES_FOUND = "duplicates_found"


class Choice(Value):
    """What becomes of one target: a record to be created under a proposed id, or one that is there already.

    A company to be created has its title: its contact, which names it, is created at the same time.
    """

    action: Literal["create", "link"]
    ref: ElementRef


class Decision(Value):
    """The outcome of the search for duplicates."""

    contact: Choice | None = None
    company: Choice | None = None
    duplicates: tuple[ElementRef, ...] = ()
    is_refused: bool = False


def decide(asked: LeadConversionRequested, contacts: Sequence[ElementRef], companies: Sequence[ElementRef]) -> Decision:
    """Create, link or refuse, from the records that share a phone or an e-mail with the lead (LEAD-12).

    `link` takes a match that is the only one of its kind; `reject` refuses any match; `create` only mentions them. What
    an earlier attempt of the same conversion made is no match.
    """
    wanted = set(asked.client_targets)
    own = {asked.proposed_contact_id, asked.proposed_company_id}
    matches = {
        "contact": [ref for ref in contacts if ref.id not in own],
        "company": [ref for ref in companies if ref.id not in own],
    }
    duplicates = (*matches["contact"], *matches["company"])
    asked_for = [ref for kind in wanted for ref in matches[kind]]
    too_many = any(len(matches[kind]) > 1 for kind in wanted)
    if (asked.on_duplicate == "reject" and asked_for) or (asked.on_duplicate == "link" and too_many):
        return Decision(duplicates=duplicates, is_refused=True)

    def choice(kind: Literal["contact", "company"], proposed: str, title: str | None = None) -> Choice | None:
        if kind not in wanted:
            return None
        if asked.on_duplicate == "link" and matches[kind]:
            return Choice(action="link", ref=matches[kind][0])
        return Choice(action="create", ref=ElementRef(type=kind, id=proposed, title=title))

    return Decision(
        contact=choice("contact", asked.proposed_contact_id),
        company=choice("company", asked.proposed_company_id, asked.snapshot.company_title or asked.snapshot.title),
        duplicates=duplicates,
    )


class Claim(Value):
    """Whoever is about to create a client with a phone or an e-mail, and under which resolution."""

    holder: ElementRef
    resolution_id: str


def claim_keys(phones: Sequence[str], emails: Sequence[str]) -> list[str]:
    """Keys in the one order in which everybody takes them: nobody ever waits in a circle."""
    return sorted({*(f"phone:{phone}" for phone in phones), *(f"email:{email}" for email in emails)})


class Resolution(Aggregate):
    """One attempt of one conversion, as clients has it."""

    NOUN: ClassVar[str] = "resolution"

    lead: ElementRef
    conversion_id: str
    attempt: int
    on_duplicate: OnDuplicate
    decision: Decision
    decided_at: datetime
    answered_to: str | None = None
    """Key of the cause that got the answer; any later question is another one."""
    contact: ElementRef | None = None
    company: ElementRef | None = None

    @staticmethod
    def id_for(asked: LeadConversionRequested) -> str:
        """One resolution per attempt."""
        return derived_id("resolution", asked.conversion_id, asked.attempt)

    @classmethod
    def create(cls, asked: LeadConversionRequested, decision: Decision, *, at: datetime) -> Self:
        """Write the decision down; nobody is told yet."""
        return cls(
            id=cls.id_for(asked),
            lead=asked.lead,
            conversion_id=asked.conversion_id,
            attempt=asked.attempt,
            on_duplicate=asked.on_duplicate,
            decision=decision,
            decided_at=at,
        )

    def finish(self, *, to: str, contact: ElementRef | None, company: ElementRef | None) -> None:
        """Everything is as decided: tell the lead, once."""
        if self.answered_to is None:
            self.answered_to, self.contact, self.company = to, contact, company
            self.record(self.answer)

    @property
    def answer(self) -> LeadClientResolved | LeadClientRefused:
        """What the lead is told, however often it asks."""
        decision = self.decision
        if decision.is_refused:
            return LeadClientRefused(
                lead=self.lead,
                conversion_id=self.conversion_id,
                attempt=self.attempt,
                code=DUPLICATES_FOUND,
                message="Records with the same phone or e-mail stand in the way.",
                candidates=decision.duplicates,
            )
        made = [c.ref for c in (decision.contact, decision.company) if c is not None and c.action == "create"]
        created = {ref.id for ref in made}
        results = [ref for ref in (self.contact, self.company) if ref is not None]
        return LeadClientResolved(
            lead=self.lead,
            conversion_id=self.conversion_id,
            attempt=self.attempt,
            contact=self.contact,
            company=self.company,
            created=tuple(ref for ref in results if ref.id in created),
            duplicates=decision.duplicates,
        )
