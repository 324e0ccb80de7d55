"""Declare of a field what its type does not say: its dictionary (DICT-01), its bounds, who may fill it, and how.

A spec stands in the field's annotation: `type_id: Annotated[str | None, FieldSpec(dictionary="contact_type")] = None`.
What follows from type and name (kind, title, operators) is not declared; a spec has only what differs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal

from pydantic import BaseModel

from crm_contracts.values import Fields

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
    "object",
]
"""What the values of a field are: a `list` has objects, an `object` parts of its own, such as an address or a file."""


@dataclass(frozen=True)
class FieldSpec:
    """What is known of a field beyond its type. Readers of events are never held to it; requests are.

    Attributes:
        title: for people; None for the field's name in words.
        kind: None for that of the type.
        dictionary: id of the dictionary that its values come from; None where it has none.
        has_default: whether a new element without the field gets the first value of the dictionary.
        aliases: codes that are taken for another one.
        at_least: the smallest integer; a decimal is never negative.
        at_most: the largest number.
        shortest: fewest characters of a string.
        longest: most characters of a string, most entries of a list; None for what its kind allows.
        is_verbatim: whether blanks at the ends of a string stay, as in the id of another system.
        is_past: whether a date may not be in the future.
        is_writable: whether users edit it; None for whether it is one of the `...Fields` of its element.
        is_filterable: whether lists are filtered by it; not, where what older records lack follows from other fields.
        is_later: whether records from before the field lack it in the database; they count as having its default.
        is_orderable: whether lists are ordered by it, which takes an index.
        is_requirable: whether a stage may require it (UF-09).
        is_personal: whether it is data of a person: not for logs, masked where it is restricted.
        path: of a part: where it is inside of the value.
        parts: values inside of it by which elements are found, by the name that lists have for them.
    """

    title: str | None = None
    kind: Kind | None = None
    dictionary: str | None = None
    has_default: bool = True
    aliases: Mapping[str, str] = field(default_factory=dict)
    at_least: int | None = None
    at_most: int | None = None
    shortest: int | None = None
    longest: int | None = None
    is_verbatim: bool = False
    is_past: bool = False
    is_writable: bool | None = None
    is_filterable: bool = True
    is_later: bool = False
    is_orderable: bool = False
    is_requirable: bool = False
    is_personal: bool = False
    path: str = ""
    parts: Mapping[str, "FieldSpec"] = field(default_factory=dict)


UNDECLARED: Final = FieldSpec()
"""The spec of a field that has none: all of it follows from type and name."""


def spec_in(metadata: Iterable[Any]) -> FieldSpec:
    """Return the spec among the metadata of a field."""
    return next((each for each in metadata if isinstance(each, FieldSpec)), UNDECLARED)


def specs_of(fields: type[BaseModel]) -> Iterator[tuple[str, FieldSpec]]:
    """Yield the fields of a model with their specs: first those of the class itself, then those of each base.

    One that a class declares again stays where its base has it.
    """
    declared = [name for each in fields.__mro__ for name in vars(each).get("__annotations__", ())]
    for name in reversed(dict.fromkeys(reversed(declared))):
        if name in fields.model_fields:
            yield name, spec_in(fields.model_fields[name].metadata)


@cache
def dictionary_fields(fields: type[Fields]) -> Mapping[str, FieldSpec]:
    """The specs of those fields whose values come from a dictionary, in the order in which the class declares them."""
    return MappingProxyType({name: spec for name, spec in specs_of(fields) if spec.dictionary is not None})
