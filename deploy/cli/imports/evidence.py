"""Read values that are written in several ways: as an option says, as they say alone, or as their column says. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

V = TypeVar("V")

BY_FORM: Final = "form"
"""The way of a value whose form leaves no other."""


class Unreadable(Exception):
    """The value is no number or no date, for this reason; `code` tells it from others."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass
class Evidence(Generic[V]):
    """The ways in which the values of each column can be read; `learn` from all of them before the first is read.

    Attributes:
        option: the name of the option that decides.
        names: what people call each way.
        given: the way of the whole file, if the option has a value.
    """

    option: str
    names: Mapping[str, str]
    given: str | None = None
    seen: dict[str, set[str]] = field(default_factory=dict)

    def learn(self, column: str, readings: Mapping[str, V]) -> None:
        """Note how a value is meant that can be read in one way only."""
        if len(readings) == 1 and BY_FORM not in readings:
            self.seen.setdefault(column, set()).update(readings)

    def choose(self, column: str, text: str, readings: Mapping[str, V]) -> V:
        """Return the reading that is meant.

        Raises:
            Unreadable: the option excludes all, or nothing says which of several.
        """
        if BY_FORM in readings:
            return readings[BY_FORM]
        if self.given is not None:
            if self.given in readings:
                return readings[self.given]
            reason = f"{text!r} is not written with {self.names[self.given]}, as {self.option} says"
            raise Unreadable("written_otherwise", reason)
        if len(set(readings.values())) == 1:
            return next(iter(readings.values()))
        seen = self.seen.get(column, set())
        if len(seen) == 1 and (way := next(iter(seen))) in readings:
            return readings[way]
        could = " or ".join(f"{value} ({self.names[way]})" for way, value in readings.items())
        raise Unreadable("ambiguous", f"{text!r} could be {could}: say which by {self.option}")

    def said(self) -> list[str]:
        """Say what was recognised, a line for each column."""
        named = {column: " and ".join(self.names[way] for way in sorted(seen)) for column, seen in self.seen.items()}
        return [] if self.given else [f"{column}: {names}" for column, names in named.items()]
