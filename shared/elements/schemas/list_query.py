"""Bodies of filtered lists: what is wanted, described by the fields that there are, and a page of what was found."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema, create_model
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import TypeAliasType

from shared.elements.domain.fields import CatalogueField
from shared.elements.domain.filters.operands import DECIMAL, LARGEST, MAX_DAYS, MAX_TEXT
from shared.elements.domain.filters.parsing import MAX_VALUES
from shared.elements.domain.filters.query import DIRECTIONS, Listed
from shared.elements.domain.filters.wildcards import MAX_PATTERN
from shared.elements.schemas.strict_types import WHOLE
from shared.kit.storage.pages import MAX_PAGE
from shared.kit.web.schemas import MAX_CURSOR, Input, Page

MAX_COLUMNS: Final = 100
T = TypeVar("T")
Schema = dict[str, Any]

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
class _DescribedBy:
    """Describes a value that is parsed elsewhere by a model that is never made."""

    model: type[BaseModel]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """See pydantic."""
        return handler(self.model.__pydantic_core_schema__)


_Filter: TypeAlias = dict[Any, Any]
_Order: TypeAlias = Annotated[
    list[Annotated[list[str], Field(min_length=2, max_length=2)]], Field(min_length=1, max_length=1)
]
_Select: TypeAlias = Annotated[list[str], Field(min_length=1, max_length=MAX_COLUMNS)] | None


class ListQueryIn(Input):
    """Which records a list shows, in which order, and which of their fields."""

    filter: _Filter = Field(default={}, description="what a record has to be; every record passes `{}`")
    order: _Order = Field(default=[["created_at", "desc"]], description="a field, and `asc` or `desc`")
    select: _Select = Field(default=None, description="the fields that each record is shown with; null for all")
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE), WHOLE] = 50
    cursor: Annotated[str, Field(max_length=MAX_CURSOR)] | None = Field(
        default=None, description="`next_cursor` of the previous page, with the same `filter` and `order`"
    )
    count: Literal["none", "capped"] = Field(
        default="none", description="`capped` counts what passes the filter, up to 10,000"
    )


def query_in(noun: str, listed: Listed) -> type[ListQueryIn]:
    """Make the body of the filtered list of a type; what is in its parts, `Listed.query` checks."""
    pair: Schema = {"type": "array", "minItems": 2, "maxItems": 2}
    pair |= {"prefixItems": [_one_of(listed.orders), _one_of(DIRECTIONS)]}
    columns: Schema = {"type": "array", "minItems": 1, "maxItems": MAX_COLUMNS, "items": _one_of(listed.columns)}
    described: dict[str, tuple[Any, Any]] = {
        "filter": (_Filter, _DescribedBy(_filter_model(noun, listed.fields))),
        "order": (_Order, WithJsonSchema({"type": "array", "minItems": 1, "maxItems": 1, "items": pair})),
        "select": (_Select, WithJsonSchema({"anyOf": [columns, {"type": "null"}]})),
    }
    fields: dict[str, Any] = {
        name: (Annotated[type_, schema], ListQueryIn.model_fields[name]) for name, (type_, schema) in described.items()
    }
    return create_model(f"{noun.capitalize()}QueryIn", __base__=ListQueryIn, __doc__=ListQueryIn.__doc__, **fields)


def _one_of(names: Any) -> Schema:
    return {"type": "string", "enum": list(names)}


def _filter_model(noun: str, fields: Mapping[str, CatalogueField]) -> type[BaseModel]:
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


class CountOut(BaseModel):
    """How many records pass a filter."""

    value: int = Field(description="so many pass the filter")
    is_exact: bool = Field(description="false: so many, and maybe more")


class FilteredPageOut(Page[T], Generic[T]):
    """One page of a filtered list; `next_cursor` is null on the last."""

    complete: bool = Field(
        description="false where fewer records than `limit` were found within the time for one page: go on with "
        "`next_cursor`, until it is null"
    )
    count: CountOut | None = Field(default=None, description="null unless it was asked for")


def _nothing_required(schema: Schema) -> None:
    schema.pop("required", None)


class _Row(BaseModel):
    """A record of which a list shows the selected fields."""

    model_config = ConfigDict(json_schema_extra=_nothing_required)


def row_of(noun: str, out: type[BaseModel]) -> type[BaseModel]:
    """Make the model of a record in a filtered list from that of other answers: any of its fields may be missing."""
    about = f"A {noun} in a list, with the fields that were selected."
    return create_model(f"{noun.capitalize()}Row", __base__=(out, _Row), __doc__=about)
