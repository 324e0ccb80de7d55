"""Leads of a source, counted by what has become of them (LEAD-23)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_PLACES: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """How many leads of a source are in process, were won and were lost; None is the source of those without one."""

    source_id: str | None
    in_process: int = 0
    won: int = 0
    lost: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.in_process + self.won + self.lost

    @property
    def conversion_rate(self) -> Decimal | None:
        """The share of those won among those that have ended; None where none has."""
        ended = self.won + self.lost
        return (Decimal(self.won) / ended).quantize(_PLACES) if ended else None
