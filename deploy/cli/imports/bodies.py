"""Convert a row of the file to the body of a request. Pure."""

from collections.abc import Collection, Container, Iterator, Sequence
from collections.abc import Mapping as Lookup
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from crm_contracts.elements import COMPANY, CONTACT

from deploy.cli.imports.cells import Cells
from deploy.cli.imports.conventions import Conventions
from deploy.cli.imports.mapping import Mapping, placeholders
from deploy.cli.imports.mapping_rules import RowRule
from deploy.cli.imports.places import Places
from deploy.cli.imports.table import BadRow, Row, Wrong
from shared.elements.domain.contact_points import PointList, check_points


@dataclass(frozen=True)
class References:
    """Our ids of what rows name by the ids of the other system, and the pipelines that they may name by their names."""

    companies: Lookup[str, str] = field(default_factory=dict)
    products: Lookup[str, str] = field(default_factory=dict)
    contacts: Lookup[str, str] = field(default_factory=dict)
    places: Places = field(default_factory=Places)


class Named(NamedTuple):
    """Clients of one type as a cell names them: by their ids in the system that they came from."""

    noun: str
    names: Sequence[str]
    originator: str


@dataclass(frozen=True)
class Forms:
    """How to read the cells: which fields are true or false, days, numbers, moments, and the file's conventions."""

    booleans: Container[str] = ()
    dates: Collection[str] = ()
    conventions: Conventions = field(default_factory=Conventions)
    integers: Container[str] = ()
    moments: Collection[str] = ()

    @property
    def days(self) -> Collection[str]:
        """The fields with a day in them."""
        return {*self.dates, *self.moments}

    def read(self, name: str, column: str, cells: Cells) -> str | bool | int:
        """Read the cell of a field."""
        if name in self.booleans:
            return cells.truth(column)
        if name in self.integers:
            return cells.whole(column)
        if name in self.moments:
            return cells.moment(column)
        return cells.day(column, cells[column]) if name in self.dates else cells[column]


_AS_WRITTEN = Forms()


def translate(mapping: Mapping, row: Row, forms: Forms = _AS_WRITTEN) -> Cells:
    """Apply the mapping's translations to the row's cells; numbers become the codes of their ranges.

    A value without one, in a column whose translations are complete, or in none of its ranges is among the problems.
    """
    cells, found = row.cells.copy(), Cells(row.cells, row.typed, forms.conventions)
    for column, values in mapping.values.items():
        if row.cells[column] in values:
            cells[column] = values[row.cells[column]]
        elif column in mapping.complete:
            found.wrong(column, "no_translation", f"{row.cells[column]!r} has no translation")
    for column, bounds in mapping.ranges.items():
        if row.cells[column]:
            number = found.number(column)
            cells[column] = next((code for code, bound in bounds.items() if number < bound), "")
            if not cells[column]:
                found.wrong(column, "no_range", f"{row.cells[column]!r} is in no range")
    return Cells(cells, row.typed, forms.conventions, [*row.problems, *found.problems])


def body(mapping: Mapping, row: Row, references: References, forms: Forms = _AS_WRITTEN) -> dict[str, Any]:
    """Return the body to send for the row, without empty cells.

    Raises:
        BadRow: naming everything that is wrong with it.
    """
    cells = translate(mapping, row, forms)
    made = {
        **mapping.constants,
        **dict(_fields(mapping, cells, forms)),
        **dict(_amounts(mapping, cells)),
        **dict(_contact_points(mapping, cells)),
    }
    if mapping.company and (found := _companies(mapping, mapping.company, row, cells, references)):
        made |= {"company_ids": found} if mapping.company_separator else {"company_id": found[0]}
    if mapping.contact and (people := _contacts(mapping, mapping.contact, row, cells, references)):
        made["contacts"] = [{"contact_id": id_} for id_ in people]
    if mapping.rows:
        made["rows"] = [_product_row(rule, row, cells, references) for rule in mapping.rows]
    made |= references.places.ids_of(made, partial(_wrong_place, mapping, row, cells))
    if cells.problems:
        raise BadRow(*cells.problems)
    return made


def nameless(mapping: Mapping, row: Row, names: Container[str]) -> Iterator[Wrong]:
    """Say that the row has none of the names that a new record needs; one that is there keeps its own."""
    columns = [column for column, name in mapping.columns.items() if name in names]
    for name, texts in mapping.templates.items():
        columns += [column for text in texts for column in placeholders(text) if name in names]
    if columns and not any(row.cells[column] for column in columns):
        joined = " + ".join(dict.fromkeys(columns))
        yield Wrong(joined, "name_missing", f"{joined}: is empty, and a new record needs a name")


def unreachable(mapping: Mapping, row: Row) -> Iterator[Wrong]:
    """Name the phones and e-mails that a new contact or company does not take; one that is there may have them."""
    points = points_of(mapping, row)
    lists: tuple[PointList, ...] = ("phones", "emails")
    for name in lists:
        values = [text for place, (_, text) in points.items() if place.startswith(f"{name}.")]
        for wrong in check_points(name, values, "", strict=False):
            column, text = points[wrong["field"].removesuffix(".value")]
            said = f"{text!r} is no {name.removesuffix('s')}, and a new record takes none"
            yield Wrong(column, wrong["code"], f"{column}: {said}")


def columns_of(mapping: Mapping, row: Row) -> dict[str, str]:
    """Return the column of each field of the row's body, such as `phones.1` to Mobile; several are joined by `+`."""
    found = {name: column for column, name in mapping.columns.items()}  # also empty ones: a name may be missing
    found |= {name: column for column, name in mapping.columns.items() if row.cells.get(column)}
    for name, texts in mapping.templates.items():
        fitting = next((text for text in texts if all(row.cells.get(column) for column in placeholders(text))), "")
        found[name] = " + ".join(placeholders(fitting)) or name
    found |= {name: " + ".join(columns) for name, columns in mapping.lines.items()}
    found |= {name: rule.column for name, rule in mapping.money.items()}
    listed = [rule.column for rule in mapping.prices if row.cells.get(rule.column)]
    found |= {f"prices.{index}": column for index, column in enumerate(listed)}
    found |= {place: column for place, (column, _) in points_of(mapping, row).items()}
    for index, sold in enumerate(mapping.rows):
        parts = {"product_id": sold.product, "price": sold.price, "quantity": sold.quantity}
        found |= {f"rows.{index}.{part}": column for part, column in parts.items() if column}
    clients = {"company_id": mapping.company, "company_ids": mapping.company, "contacts": mapping.contact}
    return found | {name: column for name, column in clients.items() if column}


def points_of(mapping: Mapping, row: Row) -> dict[str, tuple[str, str]]:
    """Return the column and the text of each phone and e-mail of the row's body, such as `phones.1`."""
    cells, found = Cells(row.cells), dict[str, tuple[str, str]]()
    for name, rules in mapping.contact_points.items():
        points = [(rule.column, point["value"]) for rule in rules for point in cells.points(name, rule)]
        found |= {f"{name}.{index}": point for index, point in enumerate(points)}
    return found


def _fields(mapping: Mapping, cells: Cells, forms: Forms) -> Iterator[tuple[str, str | bool | int]]:
    for column, name in mapping.columns.items():
        if cells[column]:
            yield name, forms.read(name, column, cells)
    for name, texts in mapping.templates.items():
        fitting = next((text for text in texts if all(cells[column] for column in placeholders(text))), None)
        if fitting is not None:
            text = fitting.format_map(cells.texts)
            yield name, cells.day(" + ".join(placeholders(fitting)), text) if name in forms.dates else text
    for name, columns in mapping.lines.items():
        if filled := [f"{column}: {cells[column]}" for column in columns if cells[column]]:
            yield name, "\n".join(filled)


def _amounts(mapping: Mapping, cells: Cells) -> Iterator[tuple[str, Any]]:
    for name, rule in mapping.money.items():
        if cells[rule.column]:
            yield name, cells.money(rule)
    if mapping.prices:
        yield "prices", [{"price": cells.money(rule)} for rule in mapping.prices if cells[rule.column]]


def _contact_points(mapping: Mapping, cells: Cells) -> Iterator[tuple[str, list[dict[str, str]]]]:
    for name, rules in mapping.contact_points.items():
        points = [point for rule in rules for point in cells.points(name, rule)]
        if points:
            yield name, points


def _companies(mapping: Mapping, column: str, row: Row, cells: Cells, references: References) -> list[str]:
    named = Named(COMPANY.noun, mapping.companies_in(cells[column]), mapping.originator_of_companies)
    return _clients(named, references.companies, column, row, cells)


def _contacts(mapping: Mapping, column: str, row: Row, cells: Cells, references: References) -> list[str]:
    named = Named(CONTACT.noun, mapping.contacts_in(cells[column]), mapping.originator_of_contacts)
    return _clients(named, references.contacts, column, row, cells)


def _clients(named: Named, known: Lookup[str, str], column: str, row: Row, cells: Cells) -> list[str]:
    """Return our ids of the clients that a cell names; what is none of the known ones is wrong."""
    for name in named.names:
        if name not in known:
            said = f"there is no {named.noun} {name!r} from {named.originator}"
            cells.wrong(column, f"{named.noun}_not_found", said + _in_the_file(column, row, cells))
    return [known[name] for name in named.names if name in known]


def _wrong_place(mapping: Mapping, row: Row, cells: Cells, field_: str, reason: str) -> None:
    cells.wrong(columns_of(mapping, row).get(field_, field_), "ambiguous", reason)


def _in_the_file(column: str, row: Row, cells: Cells) -> str:
    """Say what the file has where a translation made another text of it."""
    return "" if row.cells[column] == cells[column] else f"; the file has {row.cells[column]!r}"


def _product_row(rule: RowRule, row: Row, cells: Cells, references: References) -> dict[str, Any]:
    product = cells[rule.product]
    if product not in references.products:
        said = f"there is no product {product!r}"
        cells.wrong(rule.product, "no_such_product", said + _in_the_file(rule.product, row, cells))
    sold: dict[str, Any] = {"product_id": references.products.get(product)}
    if rule.price and all(row.cells[column] in values for column, values in rule.price_when.items()):
        sold["price"] = str(cells.number(rule.price))
    if rule.quantity:
        sold["quantity"] = str(cells.number(rule.quantity))
    return sold
