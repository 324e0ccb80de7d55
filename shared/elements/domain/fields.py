"""The catalogue of fields of each element type: what lists are filtered and ordered by, and what users may fill.

It is derived from the contract alone, so that a field is declared once. Values inside of a field, such as the company
of the Client field, have entries of their own under the name that lists have for them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from crm_contracts.elements import ElementType
from crm_contracts.field_spec import FieldSpec, Kind
from crm_contracts.values import Value

from shared.elements.domain.declared_fields import DeclaredField, Shape, declared_fields, shape_at

_EMPTY: Final = frozenset({"empty"})
_LIKE: Final = frozenset({"like", "not like"})
_EQUALITY: Final = _EMPTY | {"=", "!=", "in", "not in"}
_ORDER: Final = _EQUALITY | {">", ">=", "<", "<="}

OPERATORS: Final[Mapping[Kind, frozenset[str]]] = {
    "string": _EQUALITY | _LIKE,
    "text": _EMPTY | _LIKE,
    "integer": _ORDER,
    "decimal": _ORDER,
    "money": _ORDER,
    "date": _ORDER,
    "datetime": _ORDER,
    "boolean": _EQUALITY,
    "dictionary": _EQUALITY,
    "stage": _EQUALITY,
    "user": _EQUALITY,
    "element": _EQUALITY,
    "list": _EMPTY,
    "object": _EMPTY,
}
"""What a condition may compare, by kind."""


@dataclass(frozen=True)
class CatalogueField:
    """A field of an element type.

    Attributes:
        path: where it is in MongoDB's document.
        operators: what a condition may compare; none where lists are not filtered by it.
        is_orderable: whether an index has its order.
        is_writable: whether users may edit it: PATCH takes it.
        dictionary: id of the dictionary that its values come from.
        is_list: whether it has several values, of which a condition needs one.
        is_personal: whether it is data of a person.
        missing: the value that a record without one counts as having; None for having none.
    """

    name: str
    title: str
    kind: Kind
    path: str
    operators: frozenset[str]
    is_orderable: bool
    is_writable: bool
    dictionary: str | None
    is_list: bool
    is_personal: bool
    missing: bool | int | str | None = None

    @classmethod
    def unlisted(cls, name: str, kind: Kind, operator: str, *, is_list: bool = False) -> "CatalogueField":
        """Make a field of documents that no catalogue has, so that no caller names it; one operator compares it."""
        return cls(
            name=name,
            title=name.replace("_", " ").capitalize(),
            kind=kind,
            path=name,
            operators=frozenset({operator}),
            is_orderable=False,
            is_writable=False,
            dictionary=None,
            is_list=is_list,
            is_personal=False,
        )


@cache
def catalogue_of(type_: ElementType) -> Mapping[str, CatalogueField]:
    """Return the fields of an element type by name: those that its users edit, then the others."""
    edited, found = type_.fields.model_fields, dict[str, CatalogueField]()
    for declared in (*declared_fields(type_.fields), *declared_fields(type_.state)):
        for entry in _entries(declared, is_edited=declared.name in edited):
            found.setdefault(entry.name, entry)  # a contact is found by each of its companies, not by the primary alone
    return MappingProxyType(found)


@cache
def fields_of(value: type[Value]) -> Mapping[str, CatalogueField]:
    """Return the fields of what is no element, such as a stage, by name."""
    entries = (entry for each in declared_fields(value) for entry in _entries(each, is_edited=False))
    return MappingProxyType({entry.name: entry for entry in entries})


@cache
def filterable_fields(type_: ElementType) -> Mapping[str, CatalogueField]:
    """Return the fields by which lists of an element type are filtered, by name."""
    return MappingProxyType({name: each for name, each in catalogue_of(type_).items() if each.operators})


def _entries(declared: DeclaredField, *, is_edited: bool) -> Iterator[CatalogueField]:
    name, spec, shape = declared.name, declared.spec, declared.shape
    missing = declared.default if spec.is_later else None
    yield _entry(name, "_id" if name == "id" else name, spec, shape, is_writable=is_edited, missing=missing)
    for part, its_spec in spec.parts.items():
        inner = shape_at(shape.type, its_spec.path)
        its_shape = Shape(inner.type, is_list=shape.is_list or inner.is_list)
        yield _entry(part, f"{name}.{its_spec.path}", its_spec, its_shape, is_writable=False)


def _entry(
    name: str, path: str, spec: FieldSpec, shape: Shape, *, is_writable: bool, missing: bool | int | str | None = None
) -> CatalogueField:
    kind = shape.kind(spec)
    return CatalogueField(
        name=name,
        title=spec.title or _title(name),
        kind=kind,
        path=f"{path}.value" if kind == "money" else path,
        operators=OPERATORS[kind] if spec.is_filterable else frozenset(),
        is_orderable=spec.is_orderable,
        is_writable=is_writable if spec.is_writable is None else spec.is_writable,
        dictionary=spec.dictionary,
        is_list=shape.is_list,
        is_personal=spec.is_personal,
        missing=missing,
    )


def _title(name: str) -> str:
    """`Begin date` of `begin_date`, `Source` of `source_id`, `Deals` of `deal_ids`, `New` of `is_new`."""
    plain = f"{name[:-4]}s" if name.endswith("_ids") else name.removesuffix("_id")
    return plain.removeprefix("is_").replace("_", " ").capitalize()
