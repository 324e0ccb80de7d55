"""The refusal of a deal that a lead asked for.

It is stored, because a repeated request must get the same answer: decided anew, it might open a deal for a conversion
that has already ended.
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
        """Derive the id: one refusal per attempt."""
        return derived_id("deal-refusal", conversion.conversion_id, conversion.attempt)

    @classmethod
    def create(cls, lead: ElementRef, conversion: ConversionRef, *, code: str, message: str, at: datetime) -> Self:
        """Refuse, and record the answer."""
        refusal = cls(
            id=cls.id_for(conversion), conversion=conversion, lead=lead, code=code, message=message, refused_at=at
        )
        refusal.record(refusal.answer)
        return refusal

    @property
    def answer(self) -> LeadDealRefused:
        """The answer to the lead, the same each time it asks."""
        return LeadDealRefused(lead=self.lead, conversion=self.conversion, code=self.code, message=self.message)
