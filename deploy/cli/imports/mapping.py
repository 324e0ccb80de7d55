"""The mapping of a file's columns to fields, from a TOML file.

Every column of the file must be mapped, lest data be lost silently. One that is neither used nor listed under `ignored`
stops the import before its first row, as does one that is used and missing.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from string import Formatter
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from deploy.cli.imports.mapping_rules import MoneyRule, PointRule, RowRule
from deploy.cli.imports.table import REASON

CONTACT_POINTS: Final = ("phones", "emails", "websites", "messengers")


class BadMapping(Exception):
    """The mapping cannot be used, for these reasons."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


class Mapping(BaseModel):
    """How a row becomes a company, a contact, a product or a lead.

    Attributes:
        originator: the system that the file came from; a second import finds its rows by it.
        origin: column of the row's id in that system; for products, the external id.
        originator_column: column that says the originator too: a row from elsewhere is rejected.
        columns: column to field.
        constants: field to value, the same for all rows.
        values: column to translations; a value without one stays as it is,
        complete: except in these columns, where it rejects the row.
        ranges: column of numbers to codes, each with the bound below which it is meant; rising, `inf` for no bound.
        templates: field to texts such as `{product} for {account}`; the first whose columns are all filled counts.
        money: field to amount.
        prices: list prices of a product.
        company: column of a company's `origin`, empty for a lead or a contact without one.
        phones, emails, websites, messengers: contact points of contacts and companies; several columns make several.
        rows: product rows of a lead.
        ignored: columns that are left out on purpose.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    originator: str
    origin: str
    originator_column: str | None = None
    columns: dict[str, str] = {}
    constants: dict[str, Any] = {}
    values: dict[str, dict[str, str]] = {}
    complete: list[str] = []
    ranges: dict[str, dict[str, float]] = {}
    templates: dict[str, list[str]] = {}
    money: dict[str, MoneyRule] = {}
    prices: list[MoneyRule] = []
    company: str | None = None
    phones: list[PointRule] = []
    emails: list[PointRule] = []
    websites: list[PointRule] = []
    messengers: list[PointRule] = []
    rows: list[RowRule] = []
    ignored: list[str] = []

    @property
    def contact_points(self) -> dict[str, list[PointRule]]:
        """The columns of each kind of contact point."""
        return {name: getattr(self, name) for name in CONTACT_POINTS}

    @property
    def used(self) -> list[str]:
        """All columns that it reads, each once."""
        named = [
            self.origin,
            *self.columns,
            *self.values,
            *self.complete,
            *self.ranges,
            *(column for texts in self.templates.values() for text in texts for column in placeholders(text)),
            *(column for rule in (*self.money.values(), *self.prices) for column in rule.columns),
            *(column for column in (self.originator_column, self.company) if column),
            *(rule.column for rules in self.contact_points.values() for rule in rules),
            *(column for rule in self.rows for column in rule.columns),
        ]
        return list(dict.fromkeys(named))

    @property
    def fields(self) -> set[str]:
        """All fields that it fills."""
        lists: dict[str, object] = {"company_id": self.company, "rows": self.rows, "prices": self.prices}
        given = {name for name, value in (lists | self.contact_points).items() if value}
        return {*self.columns.values(), *self.constants, *self.templates, *self.money, *given}

    def check_header(self, header: list[str]) -> None:
        """Compare with the file's first line.

        Raises:
            BadMapping: naming every missing, unknown and doubled column.
        """
        reasons = [f"column {name!r} is not in the file" for name in self.used if name not in header]
        # A file of rejected rows has the column of reasons.
        known = {*self.used, *self.ignored, *([REASON] if header[-1:] == [REASON] else [])}
        reasons += [
            f"column {name!r} is neither used nor listed under `ignored`" for name in header if name not in known
        ]
        reasons += [f"column {name!r} is there twice" for name in dict.fromkeys(header) if header.count(name) > 1]
        if reasons:
            raise BadMapping(reasons)


def placeholders(text: str) -> list[str]:
    """Return the columns that a template names."""
    return [name for _, name, _, _ in Formatter().parse(text) if name]


def read_mapping(file: Path, *, originator: str | None = None) -> Mapping:
    """Read the mapping of a TOML file, with another `originator` if one is given.

    Raises:
        BadMapping: naming everything that is wrong with it.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        return Mapping.model_validate(content | ({"originator": originator} if originator else {}))
    except tomllib.TOMLDecodeError as error:
        raise BadMapping([f"{file.name} is not TOML: {error}"]) from error
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()]
        raise BadMapping([f"{file.name}: {reason}" for reason in wrong]) from error
