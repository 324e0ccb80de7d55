"""Query parameters of lists: a filter, equality of fields as its shorthand, and the page."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from shared.elements.domain.filters.errors import InvalidQuery
from shared.elements.schemas.expansion import ExpandElement
from shared.elements.schemas.search import SearchText
from shared.kit.domain import wrong_field
from shared.kit.web.known_input import repeated_names
from shared.kit.web.schemas import Cursor, Limit, Truth, json_of
from shared.kit.web.sentences import meant_or_all

MAX_FILTER: Final = 4_000
"""Characters; longer ones are sent by POST."""
_BETWEEN: Final = re.compile(r"[\s,;|]+")
_SHOWN: Final = 60
"""Characters of a value that an answer repeats."""

Total = Annotated[Truth, Field(description="count all that is listed, up to 10,000")]
"""Whether a list tells how many records it has."""


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


def none_of(value: str | None, known: Collection[str], *, field: str, query: str) -> str | None:
    """Say that a filter names none of those that there are; None where it names one, or nothing."""
    if value is None or value in known:
        return None
    what, parts = field.removesuffix("_id"), _BETWEEN.split(value[:_SHOWN])
    if len(parts) > 1:
        body = json.dumps({"filter": {field: {"in": parts}}}, ensure_ascii=False)
        return f"one {what} is expected; several are for POST {query}: {body}"
    return f"there is no {what} {value[:_SHOWN]}{meant_or_all(value[:_SHOWN], known)}"


_PAGE: Final = {"limit", "cursor", "q", "total", "expand"}


class SalesFilters(BaseModel):
    """Filters of every sales element; a type with more of them inherits from here."""

    stage_id: str | None = None
    responsible_id: str | None = None
    company_id: str | None = None
    contact_id: str | None = None
    originator_id: str | None = None
    origin_id: str | None = None
    q: SearchText | None = None
    total: Total = False
    limit: Limit = 50
    cursor: Cursor = None
    expand: ExpandElement = ""

    def check_known(self, known: Mapping[str, tuple[Collection[str], str]], *, query: str) -> None:
        """Check that these fields name what there is; `known` has it with the code of the refusal, by field.

        Several values are sought by the route `query`.

        Raises:
            InvalidQuery: names what there is not.
        """
        found = {
            name: none_of(getattr(self, name), these, field=name, query=query) for name, (these, _) in known.items()
        }
        wrong = [wrong_field(name, known[name][1], message) for name, message in found.items() if message is not None]
        if wrong:
            raise InvalidQuery.of(wrong)

    @property
    def wanted(self) -> Mapping[str, str | None]:
        """The values that fields have to equal."""
        return self.model_dump(exclude={"filter", *_PAGE})

    @property
    def page(self) -> Mapping[str, Any]:
        """Which part of the list is shown, and how."""
        return self.model_dump(include=_PAGE)
