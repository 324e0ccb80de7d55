"""Read the cells of one row, and collect everything that is wrong with them. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import trunc
from typing import Final

from deploy.cli.imports.contact_points import read_points
from deploy.cli.imports.conventions import Conventions
from deploy.cli.imports.evidence import Unreadable
from deploy.cli.imports.mapping_rules import MoneyRule, PointRule
from deploy.cli.imports.table import Wrong
from shared.elements.domain.currencies import CURRENCIES

TRUTHS: Final = {
    **dict.fromkeys(("true", "yes", "y", "1", "wahr", "ja", "vrai", "oui"), True),
    **dict.fromkeys(("false", "no", "n", "0", "falsch", "nein", "faux", "non"), False),
}
"""As people and their spreadsheets write them, folded."""


@dataclass
class Cells:
    """The cells of a row by column; `typed` are those that the file itself has as numbers and dates."""

    texts: Mapping[str, str]
    typed: frozenset[str] = frozenset()
    conventions: Conventions = field(default_factory=Conventions)
    problems: list[Wrong] = field(default_factory=list)

    def __getitem__(self, column: str) -> str:
        return self.texts[column]

    def wrong(self, column: str, code: str, reason: object) -> None:
        """Add a problem, with the name of its column in the file; `code` tells it from others."""
        self.problems.append(Wrong(column, code, f"{column}: {reason}"))

    def number(self, column: str) -> Decimal:
        """Return the number; 0 where it is wrong."""
        try:
            if self[column]:
                return self.conventions.number(column, self[column], typed=column in self.typed)
            self.wrong(column, "empty", "is empty")
        except Unreadable as reason:
            self.wrong(column, reason.code, reason)
        return Decimal(0)

    def whole(self, column: str) -> int:
        """Return the whole number."""
        number = self.number(column)
        if number != number.to_integral_value():
            self.wrong(column, "no_whole_number", f"{self[column]!r} is no whole number")
        return trunc(number)

    def money(self, rule: MoneyRule) -> dict[str, str]:
        """Return the amount as the services take it."""
        value = self.number(rule.column) * rule.factor
        currency = rule.currency or self[rule.currency_column or rule.column]
        if not currency:
            self.wrong(rule.currency_column or rule.column, "empty", "is empty")
        elif currency not in CURRENCIES:
            self.wrong(rule.currency_column or rule.column, "no_currency", f"there is no currency {currency!r}")
        return {"value": f"{value.normalize():f}", "currency": currency}

    def truth(self, column: str) -> bool:
        """Return whether the cell says yes."""
        truth = TRUTHS.get(self[column].casefold())
        if truth is None:
            self.wrong(column, "no_truth", f"{self[column]!r} is neither true nor false")
        return truth is True

    def day(self, column: str, text: str) -> str:
        """Return the date of the column as ISO 8601 writes it."""
        try:
            return self.conventions.day(column, text)
        except Unreadable as reason:
            self.wrong(column, reason.code, reason)
            return text

    def moment(self, column: str) -> str:
        """Return the time of the column as ISO 8601 writes it."""
        try:
            return self.conventions.moment(column, self[column])
        except Unreadable as reason:
            self.wrong(column, reason.code, reason)
            return self[column]

    def points(self, name: str, rule: PointRule) -> Iterator[dict[str, str]]:
        """Yield the contact points of a cell; phones are checked where their country is known."""
        for point in read_points(rule, self[rule.column], name, self[rule.kind_column] if rule.kind_column else ""):
            try:
                yield {**point, "value": self.conventions.phone(point["value"])} if name == "phones" else point
            except Unreadable as reason:
                self.wrong(rule.column, reason.code, reason)
