"""Compile a filter to MongoDB's query language, exactly as it is evaluated in memory (`domain/filters/nodes.py`).

Every condition is of the form `{path: {operator: value}}`, with the path from the catalogue and the value behind the
operator, so nothing that a caller writes is ever read as an operator.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from shared.elements.domain.filters.nodes import All, AnyOf, Condition, Node, Operator, family_of_kind
from shared.elements.domain.filters.wildcards import regex_of
from shared.kit.storage.documents import Document

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

_IS_GIVEN: Final[Mapping[type, Document]] = {
    str: {"$gt": ""},
    bool: {"$type": "bool"},
    Decimal: {"$type": "number"},
    datetime: {"$type": "date"},
    object: {"$type": ["object", "string", "bool", "number", "date"]},
}
"""Whether there is any value of the field, by what stands for its kind."""


def compiled(node: Node) -> Document:
    """Return the filter as MongoDB has it."""
    if isinstance(node, Condition):
        return {node.field.path: _condition(node)}
    if isinstance(node, All):
        return {"$and": [compiled(part) for part in node.parts]} if node.parts else {}
    if isinstance(node, AnyOf):
        return {"$or": [compiled(part) for part in node.parts]}
    return {"$nor": [compiled(node.part)]}


def _condition(condition: Condition) -> Document:
    operator, operand = condition.operator, condition.operand
    if operator == "empty":
        is_given = _IS_GIVEN[family_of_kind(condition.field.kind)]
        return {"$not": is_given} if operand else is_given
    if operator in {"like", "not like"}:
        like = {"$regex": rf"^(?:{regex_of(str(operand))})\z", "$options": "s"}
        return like if operator == "like" else {"$not": like}
    return {_COMPARED[operator]: list(operand) if isinstance(operand, tuple) else operand}
