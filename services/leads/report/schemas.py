"""Parameters and answers of reports."""

from datetime import datetime, timedelta
from typing import Final

from crm_contracts.values import Exact
from pydantic import BaseModel, Field

from services.leads.report.domain import SourceCounts
from shared.elements.schemas.scalars import Moment
from shared.kit.domain import Invalid, wrong_field
from shared.kit.web.schemas import Input

DEFAULT: Final = timedelta(days=30)
LONGEST: Final = timedelta(days=366)


class InvalidPeriod(Invalid):
    """A report is about no such period."""

    code = "invalid_period"
    advice = "Give a period that ends after it begins, of 366 days at most."


class Period(Input):
    """When the leads of a report came in: the last 30 days unless given."""

    created_from: Moment | None = None
    created_before: Moment | None = None

    def bounds(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the first moment, and the first one that does not count any more.

        Raises:
            InvalidPeriod: it ends before it begins, or is too long.
        """
        end = self.created_before or (now if self.created_from is None else min(now, self.created_from + LONGEST))
        begin = self.created_from or end - DEFAULT
        if not timedelta() < end - begin <= LONGEST:
            message = f"a period of {LONGEST.days} days at most is expected, which ends after it begins"
            names = [name for name in ("created_from", "created_before") if getattr(self, name) is not None]
            raise InvalidPeriod(message, {"errors": [wrong_field(name, InvalidPeriod.code, message) for name in names]})
        return begin, end


class SourceOut(BaseModel):
    """The leads of one source."""

    source_id: str | None = Field(description="null for leads without one")
    total: int = Field(description="leads that came in")
    in_process: int = Field(description="those on a stage of semantic P")
    won: int = Field(description="those on a stage of semantic S: converted")
    lost: int = Field(description="those on a stage of semantic F")
    conversion_rate: Exact | None = Field(description="won of won and lost; null where none has ended")

    @classmethod
    def of(cls, counts: SourceCounts) -> "SourceOut":
        """Show the counts of a source."""
        return cls(**{name: getattr(counts, name) for name in cls.model_fields})


class SourcesOut(BaseModel):
    """Where the leads of a period came from, those with most leads first."""

    created_from: datetime
    created_before: datetime
    items: list[SourceOut] = Field(description="one line for each source")
