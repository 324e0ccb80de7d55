"""Compile a filter to MongoDB's query language, exactly as it is evaluated in memory (`domain/filters/nodes.py`).

Every condition is of the form `{path: {operator: value}}`, with the path from the catalogue and the value behind the
operator, so nothing that a caller writes is ever read as an operator.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from shared.elements.domain.filters.evaluation import matches
from shared.elements.domain.filters.nodes import EVERYTHING, All, AnyOf, Condition, Node, Operator, family_of_kind
from shared.elements.domain.filters.wildcards import escaped, regex_of
from shared.kit.storage.documents import Document, Filter, beginning, whole_text

_COMPARED: Final[Mapping[Operator, str]] = {
    "=": "$eq",
    "!=": "$ne",
    ">": "$gt",
    ">=": "$gte",
    "<": "$lt",
    "<=": "$lte",
    "in": "$in",
    "not in": "$nin",
}

_SIDES: Final = frozenset({">", ">=", "<", "<="})
"""What no text is compared by but a date, whose digits every collation has in their order."""

_IS_GIVEN: Final[Mapping[type, Document]] = {
    str: {"$gt": ""},
    bool: {"$type": "bool"},
    Decimal: {"$type": "number"},
    datetime: {"$type": "date"},
    object: {"$type": ["object", "string", "bool", "number", "date"]},
}
"""Whether there is any value of the field, by what stands for its kind."""


_NO_RECORD: Final[Document] = {"_id": {"$in": []}}


def narrowed(where: Filter, allowed: Node) -> Filter:
    """Return the filter of those among these records that pass another filter as well, such as that of rights."""
    return where if allowed == EVERYTHING else {"$and": [where, compiled(allowed)]}


def compiled(node: Node, *, collated: bool = False) -> Document:
    """Return the filter as MongoDB has it; `collated` for a query under a collation, which texts are not compared by.

    A collation counts for all of a query, but not for its regular expressions.
    """
    if isinstance(node, Condition):
        return _or_missing(node, _texts(node) if collated else _condition(node))
    if isinstance(node, All):
        return {"$and": [compiled(part, collated=collated) for part in node.parts]} if node.parts else {}
    if isinstance(node, AnyOf):
        return {"$or": [compiled(part, collated=collated) for part in node.parts]} if node.parts else _NO_RECORD
    return {"$nor": [compiled(node.part, collated=collated)]}


def _or_missing(condition: Condition, compared: Document) -> Document:
    """Let a record without the field pass, or not, as the value that it counts as having does."""
    path = condition.field.path
    if condition.field.missing is None:
        return {path: compared}
    if matches(condition, {}):
        return {"$or": [{path: compared}, {path: None}]}
    return {"$and": [{path: compared}, {path: {"$ne": None}}]}


def _condition(condition: Condition) -> Document:
    operator, operand = condition.operator, condition.operand
    if operator == "empty":
        is_given = _IS_GIVEN[family_of_kind(condition.field.kind)]
        return {"$not": is_given} if operand else is_given
    if operator in {"like", "not like"}:
        return _spelled([regex_of(str(operand))], holds=operator == "like")
    if operator == "begins":
        return {"$in": [beginning(str(each)) for each in condition.values]}
    return {_COMPARED[operator]: list(operand) if isinstance(operand, tuple) else operand}


def _texts(condition: Condition) -> Document:
    """Compare texts letter by letter."""
    operator, values = condition.operator, condition.values
    if family_of_kind(condition.field.kind) is not str or operator in {"like", "not like", "begins", *_SIDES}:
        return _condition(condition)
    if operator == "empty":
        return _spelled([".+"], holds=not condition.operand)
    return _spelled([escaped(str(value)) for value in values], holds=operator in {"=", "in"})


def _spelled(patterns: Sequence[str], *, holds: bool) -> Document:
    """Compare texts by patterns, each one of its own: all values of a list as one would be too large for MongoDB."""
    return {"$in" if holds else "$nin": [whole_text(pattern) for pattern in patterns]}
