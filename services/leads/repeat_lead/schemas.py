"""Requests and answers of the API of the settings of leads."""

from datetime import datetime

from pydantic import BaseModel, Field, StrictBool

from services.leads.repeat_lead.domain import LeadSettings
from shared.kit.web.schemas import Input


class LeadSettingsIn(Input):
    """The settings of leads, whole."""

    repeat_leads_enabled: StrictBool = Field(
        description="a new lead with the phone or e-mail of a known client is linked to that client (LEAD-05)"
    )


class LeadSettingsOut(BaseModel):
    """The settings of leads, and their version."""

    repeat_leads_enabled: bool = Field(description="new leads of known clients are linked to them (LEAD-05)")
    repeat_leads_since: datetime | None = Field(description="leads that came in since then are linked; null while off")
    updated_by: str | None = Field(description="null as long as they are as they were installed")
    updated_at: datetime | None = Field(description="null as long as they are as they were installed")
    version: int

    @classmethod
    def of(cls, settings: LeadSettings) -> "LeadSettingsOut":
        """Show the settings."""
        return cls(**{name: getattr(settings, name) for name in cls.model_fields})
