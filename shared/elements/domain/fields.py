"""One field of an element, as the catalogue of fields describes it."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "string",
    "text",
    "integer",
    "decimal",
    "money",
    "date",
    "datetime",
    "boolean",
    "dictionary",
    "stage",
    "user",
    "element",
    "list",
]


@dataclass(frozen=True)
class CatalogueField:
    """What is known of a field beside its value.

    Attributes:
        path: where its values lie in the stored document; that of money leads to the number.
        operators: by which it can be filtered.
        dictionary: that its values come from, if they do.
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
