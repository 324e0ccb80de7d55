"""Query parameters of lists: filters by equality, and the page."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from pydantic import AfterValidator, BaseModel
from pydantic_core import PydanticCustomError

from shared.kit.web.schemas import Cursor, Limit
from shared.kit.web.sentences import meant_or_all

_BETWEEN: Final = re.compile(r"[\s,;|]+")
_SHOWN: Final = 60
"""Characters of a value that an answer repeats."""


def one_of(known: Collection[str], *, field: str, code: str, query: str) -> Any:
    """Check that a filter names one of those that there are; several are sought by the route `query`."""
    what = field.removesuffix("_id")

    def check(value: str | None) -> str | None:
        if value is None or value in known:
            return value
        parts = _BETWEEN.split(value[:_SHOWN])
        message = f"there is no {what} {value[:_SHOWN]}{meant_or_all(value[:_SHOWN], known)}"
        if len(parts) > 1:
            body = json.dumps({"filter": {field: {"in": parts}}}, ensure_ascii=False)
            message = f"one {what} is expected; several are for POST {query}: {body}"
        raise PydanticCustomError(code, "{message}", {"message": message})

    return AfterValidator(check)


class SalesFilters(BaseModel):
    """Filters of every sales element; a type with more of them inherits from here."""

    stage_id: str | None = None
    responsible_id: str | None = None
    company_id: str | None = None
    contact_id: str | None = None
    originator_id: str | None = None
    origin_id: str | None = None
    limit: Limit = 50
    cursor: Cursor = None

    @property
    def wanted(self) -> Mapping[str, str | None]:
        """The values that fields have to equal."""
        return self.model_dump(exclude={"limit", "cursor"})
