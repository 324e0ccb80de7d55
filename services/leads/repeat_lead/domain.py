"""The settings of leads: whether a new lead of a known client becomes a repeat lead by itself (LEAD-05)."""

from datetime import datetime
from typing import ClassVar, Final

from shared.kit.domain import Aggregate

LEADS: Final = "leads"
"""The one document with the settings of leads."""


class LeadSettings(Aggregate):
    """What administrators set for all leads; no other service needs to know, so nothing is told of it.

    Attributes:
        repeat_leads_since: when it was switched on; None while it is off. What came in before that is left alone, also
            where its event is handled later, or again.
        updated_by: who changed it last; None as long as it is as it was installed.
    """

    NOUN: ClassVar[str] = "lead_settings"

    repeat_leads_since: datetime | None = None
    updated_by: str | None = None
    updated_at: datetime | None = None

    @classmethod
    def create(cls) -> "LeadSettings":
        """Create them as a fresh installation has them: each lead is linked by hand."""
        return cls(id=LEADS)

    @property
    def repeat_leads_enabled(self) -> bool:
        """Whether new leads of known clients are linked to them."""
        return self.repeat_leads_since is not None

    def makes_repeat_leads(self, came_at: datetime) -> bool:
        """Whether it was on when a lead came in, and has been since."""
        return self.repeat_leads_since is not None and self.repeat_leads_since <= came_at

    def set_repeat_leads(self, *, enabled: bool, by: str, at: datetime) -> None:
        """Switch it; what is as it is asked for stays."""
        if enabled != self.repeat_leads_enabled:
            self.repeat_leads_since = at if enabled else None
            self.updated_by, self.updated_at = by, at
