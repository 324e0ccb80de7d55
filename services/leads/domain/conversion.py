"""One conversion of a lead: a state of the Lead, not a process of its own (LEAD-11, LEAD-13).

The surprise: ids of what may be created are proposed at the first attempt and stay the same in all later ones, so
that whatever an earlier attempt already made is found again instead of made twice. They are never shown; only
resolved ids are.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from crm_contracts.conversions import Activities, DealDraft, LeadSnapshot
from crm_contracts.values import ConversionTarget, ElementRef, OnDuplicate
from pydantic import BaseModel

ConversionState = Literal["none", "running", "done", "refused"]
TARGETS: Sequence[ConversionTarget] = ("contact", "company", "deal")


class ConversionRequest(BaseModel):
    """What a caller asks for; `targets` None means the default of the lead."""

    targets: tuple[ConversionTarget, ...] | None = None
    on_duplicate: OnDuplicate = "link"
    pipeline_id: str = "default"
    activities: Activities = "complete"


class Conversion(BaseModel):
    """How far a conversion got. `asked_at` is when the last question went out."""

    state: ConversionState = "none"
    conversion_id: str = ""
    attempt: int = 0
    targets: tuple[ConversionTarget, ...] = ()
    on_duplicate: OnDuplicate = "link"
    pipeline_id: str = "default"
    activities: Activities = "complete"
    proposed_contact_id: str = ""
    proposed_company_id: str = ""
    proposed_deal_id: str = ""
    snapshot: LeadSnapshot | None = None
    draft: DealDraft | None = None
    contact: ElementRef | None = None
    company: ElementRef | None = None
    deal: ElementRef | None = None
    duplicates: tuple[ElementRef, ...] = ()
    candidates: tuple[ElementRef, ...] = ()
    code: str | None = None
    message: str | None = None
    asked_at: datetime | None = None
    correlation_id: str = ""
    traceparent: str | None = None
    started_by: str = ""

    @property
    def client_targets(self) -> tuple[ConversionTarget, ...]:
        """What clients still has to create or link."""
        missing = {"contact": self.contact is None, "company": self.company is None}
        return tuple(target for target in self.targets if missing.get(target))

    @property
    def waits_for_deal(self) -> bool:
        """The client part is done, the deal is not."""
        return not self.client_targets and "deal" in self.targets and self.deal is None

    @property
    def existing(self) -> tuple[ElementRef, ...]:
        """What it has created or linked so far."""
        return tuple(ref for ref in (self.contact, self.company, self.deal) if ref is not None)

    def is_about(self, conversion_id: str, attempt: int) -> bool:
        """Whether an answer belongs to the attempt that runs now."""
        return self.state == "running" and self.conversion_id == conversion_id and self.attempt == attempt
