"""Answers of the deals service to a lead's conversion, on `crm.deals.events`."""

from typing import ClassVar

from pydantic import Field

from crm_contracts.conversions import ConversionRef
from crm_contracts.events import Answer
from crm_contracts.values import ElementRef


class LeadDealRefused(Answer):
    """No deal can be opened for the lead: an answer to `LeadDealRequested` or `LeadClientResolved`."""

    ce_type: ClassVar[str] = "crm.lead.deal_refused.v1"
    lead: ElementRef
    conversion: ConversionRef
    code: str = Field(examples=["pipeline_not_found"])
    message: str


class LeadDealConfirmed(Answer):
    """The deal that is asked for once more is there: an answer to `LeadDealRequested` or `LeadClientResolved`."""

    ce_type: ClassVar[str] = "crm.lead.deal_confirmed.v1"
    lead: ElementRef
    conversion: ConversionRef
    deal: ElementRef
