"""Convert a row of the file to the body of a request. Pure."""

import re
from collections.abc import Container, Iterator
from collections.abc import Mapping as Lookup
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from deploy.cli.imports.contact_points import read_points
from deploy.cli.imports.mapping import Mapping, placeholders
from deploy.cli.imports.mapping_rules import MoneyRule, RowRule
from deploy.cli.imports.table import BadRow, Row
from shared.elements.domain.currencies import CURRENCIES

TRUTHS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class References:
    """Our ids of the companies and products that rows name by the ids of the other system."""

    companies: Lookup[str, str] = field(default_factory=dict)
    products: Lookup[str, str] = field(default_factory=dict)


def translate(mapping: Mapping, row: Row) -> dict[str, str]:
    """Apply the mapping's translations to the row's cells; numbers become the codes of their ranges.

    Raises:
        BadRow: a value without one, in a column whose translations are complete, or in none of its ranges.
    """
    cells, unknown = dict(row.cells), []
    for column, values in mapping.values.items():
        if row.cells[column] in values:
            cells[column] = values[row.cells[column]]
        elif column in mapping.complete:
            unknown.append(f"{column}: {row.cells[column]!r} has no translation")
    for column, bounds in mapping.ranges.items():
        if row.cells[column]:
            number = _number(column, row.cells, unknown)
            cells[column] = next((code for code, bound in bounds.items() if number < bound), "")
            if not cells[column]:
                unknown.append(f"{column}: {row.cells[column]!r} is in no range")
    if unknown:
        raise BadRow("; ".join(unknown))
    return cells


def body(mapping: Mapping, row: Row, references: References, booleans: Container[str] = ()) -> dict[str, Any]:
    """Return the body to send for the row, without empty cells; `booleans` are the fields that are true or false.

    Raises:
        BadRow: naming everything that is wrong with it.
    """
    cells = translate(mapping, row)
    problems: list[str] = []
    made = {
        **mapping.constants,
        **dict(_fields(mapping, cells, booleans, problems)),
        **dict(_amounts(mapping, cells, problems)),
        **dict(_contact_points(mapping, cells)),
    }
    if mapping.company and (company := cells[mapping.company]):
        if company in references.companies:
            made["company_id"] = references.companies[company]
        else:
            problems.append(f"{mapping.company}: there is no company {company!r} from {mapping.originator}")
    if mapping.rows:
        made["rows"] = [_product_row(rule, row, cells, references, problems) for rule in mapping.rows]
    if problems:
        raise BadRow("; ".join(problems))
    return made


def _fields(
    mapping: Mapping, cells: dict[str, str], booleans: Container[str], problems: list[str]
) -> Iterator[tuple[str, str | bool]]:
    for column, name in mapping.columns.items():
        if cells[column]:
            yield name, _truth(column, cells, problems) if name in booleans else cells[column]
    for name, texts in mapping.templates.items():
        fitting = next((text for text in texts if all(cells[column] for column in placeholders(text))), None)
        if fitting is not None:
            yield name, fitting.format_map(cells)


def _amounts(mapping: Mapping, cells: dict[str, str], problems: list[str]) -> Iterator[tuple[str, Any]]:
    for name, rule in mapping.money.items():
        if cells[rule.column]:
            yield name, _money(rule, cells, problems)
    if mapping.prices:
        listed = [rule for rule in mapping.prices if cells[rule.column]]
        yield "prices", [{"price": _money(rule, cells, problems)} for rule in listed]


def _contact_points(mapping: Mapping, cells: dict[str, str]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    for name, rules in mapping.contact_points.items():
        points = [point for rule in rules for point in read_points(rule, cells[rule.column])]
        if points:
            yield name, points


def _product_row(
    rule: RowRule, row: Row, cells: dict[str, str], references: References, problems: list[str]
) -> dict[str, Any]:
    product = cells[rule.product]
    if product not in references.products:
        problems.append(f"{rule.product}: there is no product {product!r}")
    sold: dict[str, Any] = {"product_id": references.products.get(product)}
    if rule.price and all(row.cells[column] in values for column, values in rule.price_when.items()):
        sold["price"] = str(_number(rule.price, cells, problems))
    if rule.quantity:
        sold["quantity"] = str(_number(rule.quantity, cells, problems))
    return sold


def _money(rule: MoneyRule, cells: Lookup[str, str], problems: list[str]) -> dict[str, str]:
    value = _number(rule.column, cells, problems) * rule.factor
    currency = rule.currency or cells[rule.currency_column or rule.column]
    if not currency:
        problems.append(f"{rule.currency_column}: is empty")
    elif currency not in CURRENCIES:
        problems.append(f"{rule.currency_column or rule.column}: there is no currency {currency!r}")
    return {"value": f"{value.normalize():f}", "currency": currency}


def _truth(column: str, cells: dict[str, str], problems: list[str]) -> bool:
    truth = TRUTHS.get(cells[column].casefold())
    if truth is None:
        problems.append(f"{column}: {cells[column]!r} is neither true nor false")
    return truth is True


_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
"""Plain digits: Python's own parser would take `1_000`, exponents and digits of other scripts."""


def _number(column: str, cells: Lookup[str, str], problems: list[str]) -> Decimal:
    if _NUMBER.fullmatch(cells[column]):
        return Decimal(cells[column])
    problems.append(f"{column}: {cells[column][:40]!r} is not a number" if cells[column] else f"{column}: is empty")
    return Decimal(0)
