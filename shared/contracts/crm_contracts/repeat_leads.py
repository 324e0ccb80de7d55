"""Repeat leads, on `crm.leads.events`: leads that came in without a client who may be known (LEAD-05)."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from crm_contracts.events import Answer
from crm_contracts.values import ContactPoint, ElementRef


class LeadClientSought(Answer):
    """A lead came in without a client while repeat leads are on: it asks clients who has its phones and e-mails."""

    ce_type: ClassVar[str] = "crm.lead.client_sought.v1"
    lead: ElementRef
    came_at: datetime = Field(description="when the lead came in; who became a client later was not known then")
    phones: tuple[ContactPoint, ...] = ()
    emails: tuple[ContactPoint, ...] = ()
