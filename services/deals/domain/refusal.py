"""A deal that was refused to a lead.

Kept, because a repeated question must get the same answer: were it judged afresh, it might open a deal for a
conversion that has already ended.
"""

from datetime import datetime
from typing import ClassVar, Self

from crm_contracts.conversions import ConversionRef
from crm_contracts.deal_answers import LeadDealRefused
from crm_contracts.values import ElementRef

from shared.kit.domain import Aggregate, derived_id


class Refusal(Aggregate):
    """The answer to one attempt of one conversion."""

    NOUN: ClassVar[str] = "refusal"

    conversion: ConversionRef
    lead: ElementRef
    code: str
    message: str
    refused_at: datetime

    @staticmethod
    def id_for(conversion: ConversionRef) -> str:
        """One refusal per attempt."""
        return derived_id("deal-refusal", conversion.conversion_id, conversion.attempt)

    @classmethod
    def create(cls, lead: ElementRef, conversion: ConversionRef, *, code: str, message: str, at: datetime) -> Self:
        """Refuse, and say so."""
        refusal = cls(
            id=cls.id_for(conversion), conversion=conversion, lead=lead, code=code, message=message, refused_at=at
        )
        refusal.record(refusal.answer)
        return refusal

    @property
    def answer(self) -> LeadDealRefused:
        """What the lead is told, however often it asks."""
        return LeadDealRefused(lead=self.lead, conversion=self.conversion, code=self.code, message=self.message)
