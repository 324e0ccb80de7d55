"""Bodies of filtered lists: what is wanted, described by the fields that there are, and a page of what was found."""

from collections.abc import Sequence
from copy import copy
from typing import Annotated, Any, Final, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError

from shared.elements.domain.filters.query import DIRECTIONS, Listed
from shared.elements.schemas.filter_schema import DescribedBy, Schema
from shared.elements.schemas.search import SearchText
from shared.elements.schemas.strict_types import WHOLE
from shared.kit.storage.pages import MAX_PAGE
from shared.kit.web.schemas import MAX_CURSOR, Input, Page

MAX_COLUMNS: Final = 100
T = TypeVar("T")


def _pairs(order: Any) -> Any:
    """Say which form an order has, where one pair was given that is in no list."""
    if isinstance(order, list) and order and not any(isinstance(pair, list) for pair in order):
        raise PydanticCustomError("list_of_pairs", 'a list of pairs is needed, such as [["created_at", "desc"]]')
    return order


_Filter: TypeAlias = dict[Any, Any]
_Order: TypeAlias = Annotated[
    list[Annotated[list[str], Field(min_length=2, max_length=2)]],
    Field(min_length=1, max_length=1),
    BeforeValidator(_pairs),
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


class SearchedQueryIn(ListQueryIn):
    """Which records a list shows that can be narrowed by a search."""

    q: SearchText | None = Field(default=None, description="a search, which narrows the list as the filter does")


class ExpandingQueryIn(ListQueryIn):
    """Which records a list shows that tells more of what they name."""

    expand: list[str] = Field(default=[], max_length=MAX_COLUMNS, description="what each record tells more of")


def query_in(noun: str, listed: Listed, filter_: DescribedBy, expansions: Sequence[str] = ()) -> type[ListQueryIn]:
    """Make the body of the filtered list of a type; what is in its parts, `Listed.query` checks.

    `filter_` describes its filters, `expansions` are what its records can tell more of.
    """
    pair: Schema = {"type": "array", "minItems": 2, "maxItems": 2}
    pair |= {"prefixItems": [_one_of(listed.all_orders), _one_of(DIRECTIONS)]}
    columns: Schema = {"type": "array", "minItems": 1, "maxItems": MAX_COLUMNS, "items": _one_of(listed.columns)}
    described: dict[str, tuple[Any, Any]] = {
        "filter": (_Filter, filter_),
        "order": (_Order, WithJsonSchema({"type": "array", "minItems": 1, "maxItems": 1, "items": pair})),
        "select": (_Select, WithJsonSchema({"anyOf": [columns, {"type": "null"}]})),
    }
    fields: dict[str, Any] = {
        name: (Annotated[type_, schema], copy(ListQueryIn.model_fields[name]))
        for name, (type_, schema) in described.items()
    }
    fields["order"][1].default = [list(listed.first_order)]
    base: tuple[type[ListQueryIn], ...] = (SearchedQueryIn,) if listed.is_searched else ()
    if expansions:
        base = (*base, ExpandingQueryIn)
        one: Any = Literal[*expansions]  # they are known here alone
        fields["expand"] = (list[one], copy(ExpandingQueryIn.model_fields["expand"]))
    return create_model(
        f"{noun.capitalize()}QueryIn", __base__=base or (ListQueryIn,), __doc__=ListQueryIn.__doc__, **fields
    )


def _one_of(names: Any) -> Schema:
    return {"type": "string", "enum": list(names)}


class CountOut(BaseModel):
    """How many records pass a filter."""

    value: int = Field(description="so many pass the filter")
    is_exact: bool = Field(description="false: so many, and maybe more")


class ListPage(Page[T], Generic[T]):
    """One page of a list of elements; `next_cursor` is null on the last."""

    total: CountOut | None = Field(default=None, description="how many there are on all pages, if it was asked for")


class FilteredPageOut(Page[T], Generic[T]):
    """One page of a filtered list; `next_cursor` is null on the last."""

    complete: bool = Field(
        description="false where fewer records than `limit` were found within the budget of one page: go on with "
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
