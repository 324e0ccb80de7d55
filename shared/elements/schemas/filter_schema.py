"""Describe the filters of an element type for OpenAPI: an object for each kind of field, and one for the type."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema, create_model
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import TypeAliasType

from shared.elements.domain.fields import CatalogueField
from shared.elements.domain.filters.operands import DECIMAL, LARGEST, MAX_DAYS, MAX_TEXT
from shared.elements.domain.filters.parsing import MAX_VALUES
from shared.elements.domain.filters.wildcards import MAX_PATTERN

Schema: TypeAlias = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string", "maxLength": MAX_TEXT, "pattern": "^[^\\u0000]*$"}
_INTEGER: Final[Schema] = {"type": "integer", "minimum": -LARGEST, "maximum": LARGEST}
_DECIMAL: Final[Schema] = {"type": "string", "pattern": f"^{DECIMAL}$"}
_PATTERN: Final[Schema] = {
    "type": "string",
    "maxLength": MAX_PATTERN,
    "pattern": r"^([^\\\u0000]|\\[%\\])*$",
    "description": r"`%` is any text; `\%` a percent sign, `\\` a backslash",
}


def _relative(**units: int) -> list[Schema]:
    return [
        {
            "type": "object",
            "properties": {unit: {"type": "integer", "minimum": -most, "maximum": most}},
            "required": [unit],
            "additionalProperties": False,
            "description": f"so many {unit} from now, such as -30",
        }
        for unit, most in units.items()
    ]


_VALUES: Final[Mapping[str, list[Schema]]] = {
    "integer": [_INTEGER],
    "decimal": [_DECIMAL, _INTEGER],
    "money": [_DECIMAL, _INTEGER],
    "date": [{"type": "string", "format": "date"}, *_relative(days=MAX_DAYS)],
    "datetime": [{"type": "string", "format": "date-time"}, *_relative(days=MAX_DAYS, hours=MAX_DAYS * 24)],
    "boolean": [{"type": "boolean"}],
}
"""What a field of a kind is compared with; the others with a text."""


@dataclass(frozen=True)
class DescribedBy:
    """Describes a value that is parsed elsewhere by a model that is never made."""

    model: type[BaseModel]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """See pydantic."""
        return handler(self.model.__pydantic_core_schema__)


def filter_model(noun: str, fields: Mapping[str, CatalogueField]) -> type[BaseModel]:
    """Make the model that describes the filters of a type."""
    name = f"{noun.capitalize()}Filter"
    groups: dict[str, Any] = {
        "and": (Annotated[list[name], Field(min_length=1)], Field(default=None, description="all of them hold")),  # type: ignore[valid-type]
        "or": (Annotated[list[name], Field(min_length=1)], Field(default=None, description="one of them holds")),  # type: ignore[valid-type]
        "not": (name, Field(default=None, description="it does not hold")),
    }
    conditions = {
        each.name: (_condition(each.kind, each.operators), Field(default=None, description=each.title))
        for each in fields.values()
    }
    model: type[BaseModel] = create_model(  # type: ignore[call-overload]
        name,
        __config__=ConfigDict(extra="forbid"),
        __doc__="Conditions on fields, which all have to hold; they are joined by `and`, `or` and `not`.",
        **groups,
        **conditions,
    )
    model.model_rebuild(_types_namespace={name: model})
    return model


@cache
def _condition(kind: str, operators: frozenset[str]) -> Any:
    """Describe a condition on a field of a kind: a value, or operators with values."""
    values = _VALUES.get(kind, [_TEXT])
    value: Schema = values[0] if len(values) == 1 else {"anyOf": values}
    operands: Mapping[str, Schema] = {
        "^(!?=|[<>]=?)$": value,
        "^(not )?in$": {"type": "array", "minItems": 1, "maxItems": MAX_VALUES, "items": value},
        "^(not )?like$": _PATTERN,
        "^empty$": {"type": "boolean"},
    }
    compared = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"enum": sorted(operators)},
        "patternProperties": {pattern: operand for pattern, operand in operands.items() if _names(pattern, operators)},
        "additionalProperties": True,
        "description": f"operators with values: {', '.join(f'`{each}`' for each in sorted(operators))}",
    }
    alone = values if "=" in operators else []
    described = {"anyOf": [*alone, compared]} if alone else compared
    return TypeAliasType(f"{kind.capitalize()}Condition", Annotated[Any, WithJsonSchema(described)])


def _names(pattern: str, operators: Iterable[str]) -> bool:
    return any(re.search(pattern, operator) for operator in operators)
