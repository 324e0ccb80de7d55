"""Query parameters of lists: a filter, equality of fields as its shorthand, and the page."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel

from shared.elements.domain.filters.errors import InvalidQuery
from shared.kit.domain import wrong_field
from shared.kit.web.known_input import repeated_names
from shared.kit.web.schemas import Limit, cursor_of, json_of

MAX_FILTER: Final = 4_000
"""Characters; longer ones are sent by POST."""

ListCursorText = Annotated[str | None, cursor_of("list")]
"""The cursor of a list of elements."""


def filter_of(noun: str) -> Any:
    """Declare the parameter `filter` of the list of a type."""
    about = "what a record has to be, as in `filter` of POST .../query; in JSON, of at most 4,000 characters"
    return json_of("filter", f"{noun}Filter", longest=MAX_FILTER, about=about)


def read_filter(text: str | None) -> dict[str, Any]:
    """Read a filter of an address.

    Raises:
        InvalidQuery: it is no object of JSON, or has a name twice in one object.
    """
    if text is None:
        return {}
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        read = None
    twice = repeated_names(text.encode())
    if not isinstance(read, dict) or twice:
        message = f"one object has {', '.join(twice)} twice" if twice else "a filter is an object of JSON"
        raise InvalidQuery.of([wrong_field("filter", "wrong_filter", message)])
    return read


class SalesFilters(BaseModel):
    """Filters of every sales element; a type with more of them inherits from here."""

    stage_id: str | None = None
    responsible_id: str | None = None
    company_id: str | None = None
    contact_id: str | None = None
    originator_id: str | None = None
    origin_id: str | None = None
    limit: Limit = 50
    cursor: ListCursorText = None

    @property
    def wanted(self) -> Mapping[str, str | None]:
        """The values that fields have to equal."""
        return self.model_dump(exclude={"limit", "cursor", "filter"})
