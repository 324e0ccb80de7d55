"""The resolution: what was decided about the client of one attempt of one conversion, and what was answered.

It is stored before anything is created. A repeated request, after a crash or a lost answer, follows the stored decision
instead of searching for duplicates again and finding the records that it created itself.
"""

from datetime import datetime
from typing import ClassVar, Final, Self

from crm_contracts.client_answers import CompanyContacts, LeadClientRefused, LeadClientResolved
from crm_contracts.conversions import DealRequest, LeadConversionRefused, LeadConversionRequested, LinkedClient
from crm_contracts.values import ElementRef, OnDuplicate, Value

from services.clients.conversion.domain.decision import Decision
from shared.kit.domain import Aggregate, derived_id


class Failure(Value):
    """Why nothing can come of the attempt; a later attempt may succeed."""

    code: str
    message: str


DUPLICATES: Final = Failure(
    code="duplicates_found",
    message="There are clients with the same phone, e-mail or company title. Convert the lead again, by "
    "`POST /v1/leads/{lead_id}/conversion`, with the `contact_id` or `company_id` of the one that is meant, or with "
    "`on_duplicate` set to `create` for a new one.",
)


class Resolution(Aggregate):
    """One attempt of one conversion."""

    NOUN: ClassVar[str] = "resolution"

    lead: ElementRef
    conversion_id: str
    attempt: int
    on_duplicate: OnDuplicate
    decision: Decision
    decided_at: datetime
    answered_to: str | None = None
    """Key of the cause that was answered; a later request has another one."""
    contact: ElementRef | None = None
    company: ElementRef | None = None
    linked: tuple[LinkedClient, ...] = ()
    failure: Failure | None = None

    @staticmethod
    def id_for(of: LeadConversionRequested | LeadConversionRefused) -> str:
        """Derive the id: one resolution per attempt."""
        return derived_id("resolution", of.conversion_id, of.attempt)

    @classmethod
    def create(
        cls, request: LeadConversionRequested, decision: Decision, *, at: datetime, failure: Failure | None = None
    ) -> Self:
        """Record the decision, or the failure to come to one; the answer is not published yet."""
        return cls(
            id=cls.id_for(request),
            lead=request.lead,
            conversion_id=request.conversion_id,
            attempt=request.attempt,
            on_duplicate=request.on_duplicate,
            decision=decision,
            decided_at=at,
            failure=failure,
        )

    def finish(
        self,
        *,
        to: str,
        contact: ElementRef | None,
        company: ElementRef | None,
        linked: tuple[LinkedClient, ...] = (),
        deal: DealRequest | None = None,
        company_contacts: CompanyContacts | None = None,
    ) -> None:
        """Answer once everything is as decided; a second time changes nothing. See `answer` for `deal`."""
        if self.answered_to is None:
            self.answered_to, self.contact, self.company, self.linked = to, contact, company, linked
            self.record(self.answer(deal, company_contacts))

    def fail(self, failure: Failure, *, to: str, contact: ElementRef | None, company: ElementRef | None) -> None:
        """Refuse the lead for a failure that no repeat heals; what exists already is named in the answer."""
        if self.answered_to is None:
            self.failure = failure
            self.finish(to=to, contact=contact, company=company)

    def answer(
        self, deal: DealRequest | None = None, company_contacts: CompanyContacts | None = None
    ) -> LeadClientResolved | LeadClientRefused:
        """Make the answer, the same for each request but for what a deal may need of it.

        Args:
            deal: that the lead wants, passed on to deals.
            company_contacts: of the company as they are now, for a deal that is not there yet.
        """
        decision = self.decision
        results = tuple(ref for ref in (self.contact, self.company) if ref is not None)
        if self.failure is not None:
            return self._refusal(self.failure, existing=results)
        if decision.is_refused:
            return self._refusal(DUPLICATES, candidates=decision.duplicates)
        targets = [each.ref for each in (decision.contact, decision.company) if each and each.action == "create"]
        created = {ref.id for ref in targets}
        return LeadClientResolved(
            lead=self.lead,
            conversion_id=self.conversion_id,
            attempt=self.attempt,
            contact=self.contact,
            company=self.company,
            created=tuple(ref for ref in results if ref.id in created),
            duplicates=decision.duplicates,
            linked=self.linked,
            deal=deal,
            company_contacts=company_contacts,
        )

    def _refusal(
        self, why: Failure, *, candidates: tuple[ElementRef, ...] = (), existing: tuple[ElementRef, ...] = ()
    ) -> LeadClientRefused:
        return LeadClientRefused(
            lead=self.lead,
            conversion_id=self.conversion_id,
            attempt=self.attempt,
            code=why.code,
            message=why.message,
            candidates=candidates,
            existing=existing,
        )
