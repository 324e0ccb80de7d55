"""Base schemas of requests and answers: strict input, pages, cursors."""

import re
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from shared.kit.storage.pages import MAX_PAGE

MAX_CURSOR = 4_000

T = TypeVar("T")


class Input(BaseModel):
    """A request body: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[T]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None = None


def _whole(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch("-?[0-9]{1,18}", value):
        raise PydanticCustomError("int_parsing", "A whole number is needed, in digits")
    return value


def _truth(value: Any) -> Any:
    if isinstance(value, str) and value not in {"true", "false"}:
        raise PydanticCustomError("bool_parsing", "`true` or `false` is needed")
    return value


Truth = Annotated[bool, BeforeValidator(_truth)]
"""A query parameter that is `true` or `false`: neither `on` nor `1`."""

IN_DIGITS = BeforeValidator(_whole)
"""Metadata of a query parameter that is a number."""

Limit = Annotated[int, Field(ge=1, le=MAX_PAGE), IN_DIGITS, Query()]
"""Records in a page, in digits: neither `1.0` nor `1_0`."""


Cursor = Annotated[str | None, Query(max_length=MAX_CURSOR, description="`next_cursor` of the previous page")]


def json_of(name: str, model: str | None, *, longest: int, about: str) -> Any:
    """Declare a parameter that is JSON, as the schema of a model describes it, where there is one."""
    described = {"contentSchema": {"$ref": f"#/components/schemas/{model}"}} if model else {}
    schema = {"contentMediaType": "application/json", **described}
    return Query(alias=name, max_length=longest, description=about, json_schema_extra={"format": name, **schema})
