"""The syntax tree of a filter: conditions on fields, joined by and, or, not (DEAL-01).

What a condition means, the same in MongoDB and in memory:

- The values of a field are what stands at its path, null apart; of a list they are its items. A field that is missing,
  null or `[]` has none, unless records from before the field lack it: they have what it counts as (`missing`).
- `=`, `in`, `>`, `>=`, `<`, `<=` and `like` hold if they hold for any value, so never for a field without values.
- `!=`, `not in` and `not like` hold where their opposite does not, so always for a field without values.
- `empty` holds where there is no value, or `""` alone. It is all that can be asked of objects and of lists of them.
- Two conditions on one list may hold for different items.
- Only values of one kind are compared: a number never equals a text, nor a truth.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from shared.elements.domain.fields import CatalogueField

Operator: TypeAlias = Literal["=", "!=", ">", ">=", "<", "<=", "in", "not in", "like", "not like", "empty", "begins"]
"""`begins`, with one of the given texts, is what searches are made of; no caller names it."""

Scalar: TypeAlias = str | bool | int | Decimal | datetime
"""What a value is compared with; a date is its text in ISO 8601, as it is stored."""

Operand: TypeAlias = Scalar | tuple[Scalar, ...]

OPPOSITES: Final[dict[Operator, Operator]] = {
    "=": "!=",
    "!=": "=",
    "in": "not in",
    "not in": "in",
    "like": "not like",
    "not like": "like",
}
"""Operators that hold exactly where the other one does not."""

_STORED_AS: Final[dict[str, type]] = {
    "integer": Decimal,
    "decimal": Decimal,
    "money": Decimal,
    "datetime": datetime,
    "boolean": bool,
    "list": object,
    "object": object,
}


def family_of_kind(kind: str) -> type:
    """Return the class that stands for the values of a kind: texts, unless the table says what else."""
    return _STORED_AS.get(kind, str)


@dataclass(frozen=True, slots=True)
class Condition:
    """What one field has to be."""

    field: CatalogueField
    operator: Operator
    operand: Operand

    @property
    def values(self) -> tuple[Scalar, ...]:
        """All values that it names."""
        return self.operand if isinstance(self.operand, tuple) else (self.operand,)


@dataclass(frozen=True, slots=True)
class All:
    """Holds where all parts hold; without parts, always."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds where one of its parts holds."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where its part does not."""

    part: "Node"


Node: TypeAlias = Condition | All | AnyOf | Not

EVERYTHING: Final = All(())
"""The filter that every record passes."""


def fields_of(node: Node) -> frozenset[str]:
    """Return the names of the fields that a filter names."""
    if isinstance(node, Condition):
        return frozenset({node.field.name})
    parts = (node.part,) if isinstance(node, Not) else node.parts
    return frozenset[str]().union(*map(fields_of, parts))
