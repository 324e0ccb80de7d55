"""Tell in memory whether a document passes a filter, exactly as MongoDB would: `nodes` says what conditions mean."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from operator import eq, ge, gt, le, lt
from typing import Any, Final

from shared.elements.domain.fields import CatalogueField
from shared.elements.domain.filters.nodes import (
    OPPOSITES,
    All,
    AnyOf,
    Condition,
    Node,
    Operator,
    family_of_kind,
)
from shared.elements.domain.filters.wildcards import is_like

_COMPARED: Final[Mapping[Operator, Callable[[Any, Any], bool]]] = {
    "=": eq,
    "in": eq,
    ">": gt,
    ">=": ge,
    "<": lt,
    "<=": le,
}


def matches(node: Node, document: Mapping[str, Any]) -> bool:
    """Return whether the document, as it is stored or as its aggregate is dumped, passes the filter."""
    if isinstance(node, Condition):
        return _holds(node, document)
    if isinstance(node, All):
        return all(matches(part, document) for part in node.parts)
    if isinstance(node, AnyOf):
        return any(matches(part, document) for part in node.parts)
    return not matches(node.part, document)


def values_at(document: Mapping[str, Any], path: str) -> list[Any]:
    """Collect what stands at a path, null apart, through every list on the way but a list in a list."""
    found: list[Any] = [document]
    for step in path.split("."):
        there = [each[step] for each in found if isinstance(each, Mapping) and step in each]
        found = [item for each in there for item in (each if isinstance(each, (list, tuple)) else (each,))]
    return [_stored(value) for value in found if value is not None and not isinstance(value, (list, tuple))]


def _values_of(field: CatalogueField, document: Mapping[str, Any]) -> list[Any]:
    """Collect the values of a field; a record from before the field has what it counts as having."""
    found = values_at(document, field.path)
    return [field.missing] if not found and field.missing is not None else found


def _stored(value: Any) -> Any:
    """Return the value as the database has it: a date is a text."""
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value


def family_of(value: Any) -> type:
    """Return the class that stands for everything that a value may be compared with."""
    return next(family for types, family in _FAMILIES if isinstance(value, types))


_FAMILIES: Final[tuple[tuple[Any, type], ...]] = (
    (bool, bool),  # before the numbers, of which Python has it as one
    ((int, float, Decimal), Decimal),
    (datetime, datetime),
    (str, str),
    (object, object),
)


def _holds(condition: Condition, document: Mapping[str, Any]) -> bool:
    operator, operand, values = condition.operator, condition.operand, _values_of(condition.field, document)
    if operator == "empty":
        family = family_of_kind(condition.field.kind)
        return operand is not any(family is object or (family_of(value) is family and value != "") for value in values)
    if operator in {"!=", "not in", "not like"}:
        opposite = Condition(condition.field, OPPOSITES[operator], operand)
        return not _any(values, opposite)
    return _any(values, condition)


def _any(values: list[Any], condition: Condition) -> bool:
    if condition.operator == "like":
        return any(isinstance(value, str) and is_like(value, str(condition.operand)) for value in values)
    if condition.operator == "begins":
        begun = tuple(str(each) for each in condition.values)
        return any(isinstance(value, str) and value.startswith(begun) for value in values)
    compare = _COMPARED[condition.operator]
    wanted = [(family_of(each), each) for each in condition.values]
    return any(family_of(value) is family and compare(value, each) for value in values for family, each in wanted)
