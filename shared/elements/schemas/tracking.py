"""Campaign marks and visits in request bodies (CMN-07, CMN-08)."""

from crm_contracts.fields import Traced
from crm_contracts.values import Touch, Utm
from pydantic import Field

from shared.elements.schemas.scalars import Moment, Title, WebAddress
from shared.elements.schemas.values import ValueIn


class UtmIn(ValueIn):
    """Campaign marks of a visit (CMN-07)."""

    source: Title | None = None
    medium: Title | None = None
    campaign: Title | None = None
    content: Title | None = None
    term: Title | None = None

    def value_of(self) -> Utm:
        """Make the value that the rules take."""
        return Utm(**self.model_dump())


class TouchIn(ValueIn):
    """A visit (CMN-08)."""

    at: Moment
    url: WebAddress
    referrer: WebAddress | None = None
    utm: UtmIn | None = None

    def value_of(self) -> Touch:
        """Make the value that the rules take."""
        return Touch(**self.model_dump())


class ShownTraces(Traced):
    """Visits in an answer, which leaves them out where there are none (CMN-08)."""

    traces: tuple[Touch, ...] = Field(default=(), exclude_if=lambda traces: not traces)
