"""What the columns of somebody's CSV file mean here, as a TOML file says it.

The surprise: every column of the file must be spoken for. One that is neither used nor listed under `ignored` stops the
import before its first row, as does one that is used and not there: silence would lose data.
"""

import tomllib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from string import Formatter
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError


class BadMapping(Exception):
    """The mapping cannot be used, for these reasons."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MoneyRule(_Part):
    """An amount in a column; `factor` where the column counts thousands or millions."""

    column: str
    currency: str
    factor: Decimal = Decimal(1)


class RowRule(_Part):
    """One product row of each lead: the product's external id, and where the final price differs from the list price.

    `price_when` names the values of other columns, as the file has them, with which `price` counts.
    """

    product: str
    price: str | None = None
    price_when: dict[str, list[str]] = {}
    quantity: str | None = None

    @property
    def columns(self) -> list[str]:
        """All columns it reads."""
        return [column for column in (self.product, self.price, self.quantity, *self.price_when) if column]


class Mapping(_Part):
    """How a row becomes a company, a product or a lead.

    Attributes:
        originator: the system that the file came from; a second import finds its rows by it.
        origin: column of the row's id in that system; for products, the external id.
        columns: column to field.
        constants: field to value, the same for all rows.
        values: column to translations; a value without one stays as it is,
        complete: except in these columns, where it rejects the row.
        ranges: column of numbers to codes, each with the bound below which it is meant; rising, `inf` for no bound.
        templates: field to texts such as `{product} for {account}`; the first whose columns are all filled counts.
        money: field to amount.
        prices: list prices of a product.
        company: column of a company's `origin`, empty for a lead without one.
        rows: product rows of a lead.
        ignored: columns that are left out on purpose.
    """

    originator: str
    origin: str
    columns: dict[str, str] = {}
    constants: dict[str, Any] = {}
    values: dict[str, dict[str, str]] = {}
    complete: list[str] = []
    ranges: dict[str, dict[str, float]] = {}
    templates: dict[str, list[str]] = {}
    money: dict[str, MoneyRule] = {}
    prices: list[MoneyRule] = []
    company: str | None = None
    rows: list[RowRule] = []
    ignored: list[str] = []

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
            *(rule.column for rule in (*self.money.values(), *self.prices)),
            *([self.company] if self.company else []),
            *(column for rule in self.rows for column in rule.columns),
        ]
        return list(dict.fromkeys(named))

    @property
    def fields(self) -> set[str]:
        """All fields that it fills."""
        lists = {"company_id": self.company, "rows": self.rows, "prices": self.prices}
        given = {name for name, value in lists.items() if value}
        return {*self.columns.values(), *self.constants, *self.templates, *self.money, *given}

    def check_header(self, header: Sequence[str]) -> None:
        """Compare with the file's first line.

        Raises:
            BadMapping: naming every missing, unknown and doubled column.
        """
        reasons = [f"column {name!r} is not in the file" for name in self.used if name not in header]
        spoken_for = {*self.used, *self.ignored}
        reasons += [
            f"column {name!r} is neither used nor listed under `ignored`" for name in header if name not in spoken_for
        ]
        reasons += [f"column {name!r} is there twice" for name in dict.fromkeys(header) if header.count(name) > 1]
        if reasons:
            raise BadMapping(reasons)


def placeholders(text: str) -> list[str]:
    """The columns that a template names."""
    return [name for _, name, _, _ in Formatter().parse(text) if name]


def read_mapping(file: Path, *, originator: str | None = None) -> Mapping:
    """The mapping of a TOML file, `originator` replaced where one is given.

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
