"""How the rows of an import ended: counted, rejected rows by their reasons."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from deploy.cli.imports.table import Rejected, Wrong

Outcome = Literal["created", "updated", "unchanged", "skipped", "rejected"]
_NUMBER: Final = re.compile(r"\d+")
_MOST: Final = 1_000
"""Reasons that are told apart."""


@dataclass(frozen=True)
class Reason:
    """Why rows were rejected: the same code in the same column, an example, its line, and how many rows there are."""

    column: str
    code: str
    example: str
    line: int
    rows: int


@dataclass(frozen=True)
class AsTyped:
    """How many phones, or e-mails, have no normal form, and one of them: its column with the cell, and its line."""

    number: int
    example: str
    line: int


@dataclass
class Counts:
    """Number of rows by outcome; skipped are those of records that were merged into others.

    Attributes:
        said: what was recognised of the file.
        left_out: how many existing records kept a field, by its name, that the file has otherwise.
        as_typed: phones and e-mails that were taken as they are typed, because they have no normal form.
        rejects: the rejected rows, where they are not handed on as they come.
    """

    ended: Counter[Outcome] = field(default_factory=Counter)
    said: tuple[str, ...] = ()
    left_out: Counter[str] = field(default_factory=Counter)
    as_typed: dict[str, AsTyped] = field(default_factory=dict)
    rejects: list[Rejected] = field(default_factory=list)
    seconds: float = 0.0
    hand_on: Callable[[Rejected], None] | None = None
    _reasons: dict[tuple[str, str], Reason] = field(default_factory=dict)

    @property
    def created(self) -> int:
        """The number of rows that made a new record."""
        return self.ended["created"]

    @property
    def updated(self) -> int:
        """The number of rows that changed a record."""
        return self.ended["updated"]

    @property
    def unchanged(self) -> int:
        """The number of rows whose record was as they say."""
        return self.ended["unchanged"]

    @property
    def skipped(self) -> int:
        """The number of rows of records that were merged into others."""
        return self.ended["skipped"]

    @property
    def rejected(self) -> int:
        """The number of rejected rows."""
        return self.ended["rejected"]

    @property
    def reasons(self) -> list[Reason]:
        """The reasons of rejected rows by column and code, the most frequent first; a row may have several."""
        return sorted(self._reasons.values(), key=lambda reason: -reason.rows)

    def keep_as_typed(self, line: int, fields: Sequence[str], places: Sequence[str]) -> None:
        """Count the fields of a row that have no normal form, such as `phones.1.value`, by their lists."""
        for field_, place in zip(fields, places, strict=True):
            name = field_.partition(".")[0]
            first = self.as_typed.get(name)
            if first is None or line < first.line:
                self.as_typed[name] = AsTyped((first.number if first else 0) + 1, place, line)
            else:
                self.as_typed[name] = replace(first, number=first.number + 1)

    def reject(self, rejected: Rejected) -> None:
        """Count a rejected row, and hand it on."""
        self.ended["rejected"] += 1
        whole = Wrong("", _NUMBER.sub("_", rejected.reason), rejected.reason)
        first: dict[tuple[str, str], Wrong] = {}
        for wrong in rejected.wrong or (whole,):
            first.setdefault((wrong.column, wrong.code), wrong)
        for key, wrong in first.items():
            known = self._reasons.get(key)
            if known is not None:
                self._reasons[key] = replace(known, rows=known.rows + 1)
            elif len(self._reasons) < _MOST:
                self._reasons[key] = Reason(*key, wrong.text, rejected.row.line, rows=1)
        (self.hand_on or self.rejects.append)(rejected)
