"""Base schemas of requests and answers: strict input, pages, cursors."""

from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict

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


Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]


def cursor_of(kind: str) -> Any:
    """Declare the cursor parameter of a list; `kind` names the list's order."""
    about = "`next_cursor` of the previous page"
    return Query(max_length=MAX_CURSOR, description=about, json_schema_extra={"format": f"cursor-of-{kind}"})


Cursor = Annotated[str | None, cursor_of("newest")]
