"""An aggregate without business meaning, to test the kit with."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import ClassVar

from crm_contracts.envelope import Event
from pydantic import BaseModel, computed_field

from shared.kit.domain import Aggregate, Cause

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class JarFilled(Event):
    ce_type: ClassVar[str] = "kit.jar.filled.v1"
    amount: int
    text: str = ""


class JarThrownAway(Event):
    ce_type: ClassVar[str] = "kit.jar.thrown_away.v1"


class Label(BaseModel):
    price: Decimal
    best_before: date
    printed_at: datetime


class Jar(Aggregate):
    NOUN: ClassVar[str] = "jar"

    amount: int = 0
    number: int | None = None
    label: Label | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def found_by(self) -> list[str]:
        """What it is found by."""
        return [] if self.deleted_at else [f"amount:{self.amount}"]

    def fill(self, amount: int, text: str = "") -> None:
        """Add, and record it."""
        self.amount += amount
        self.record(JarFilled(amount=amount, text=text))

    def fill_up_to(self, level: int) -> None:
        """Add what is missing: twice is the same as once."""
        if self.amount < level:
            self.fill(level - self.amount)

    def stick_on(self, label: Label | None) -> None:
        """Change the label without an event."""
        self.label = label

    def throw_away(self, at: datetime = NOON) -> None:
        self.deleted_at = at
        self.record(JarThrownAway())


def filled_jar(id_: str, amount: int = 1) -> Jar:
    jar = Jar(id=id_)
    jar.fill(amount)
    return jar


def because(key: str) -> Cause:
    return Cause(key=key, actor="user:ann", at=NOON, correlation_id=f"chain of {key}")
