"""Walk through all elements that pass a filter, in the order of their creation, each once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeVar

from shared.elements.domain.filters.parsing import ANY_VALUE, Choices
from shared.elements.domain.filters.query import Query
from shared.elements.http.query_routes import ListedElements
from shared.elements.http.rights import HasAccess, records_for
from shared.elements.store.list_cursors import ListCursor, digest_of
from shared.kit.domain import Aggregate
from shared.kit.runs.values import Found

E = TypeVar("E", bound=Aggregate)

_ORDER: Final = (("created_at", "asc"),)
"""It does not change, whatever is done to an element: so none is passed over, and none comes twice."""
_WALK: Final = "walk"
"""What stands for a reader where it is no caller that goes on with a list."""


def query_of(
    listed: ListedElements[E], filter_: Mapping[str, Any], *, began_at: datetime, choices: Choices = ANY_VALUE
) -> Query:
    """Read a filter, whose relative dates count from this moment; it names no other values than `choices` has.

    Raises:
        InvalidQuery: naming everything in it that is not valid.
    """
    return listed.listed.query(filter_, _ORDER, None, now=began_at, choices=choices)


async def walk_elements(
    listed: ListedElements[E],
    filter_: Mapping[str, Any],
    reader: HasAccess,
    *,
    began_at: datetime,
    place: str | None,
    limit: int,
) -> Found:
    """Find the next elements that the reader may read, of those that were there at this moment.

    Raises:
        InvalidQuery: naming everything in the filter that is not valid.
    """
    wanted = replace(query_of(listed, filter_, began_at=began_at), allowed=records_for(reader, listed.type))
    of = digest_of(listed.type.noun, _WALK, filter_, _ORDER)
    after = None if place is None else ListCursor.of_bookmark(place).checked(of).place
    page = await listed.lists.page(wanted, limit=limit, after=after)
    ids = [each.id for each in page.items if _created_at(each) <= began_at]
    is_over = page.next is None or len(ids) < len(page.items)
    return Found(ids, None if is_over or page.next is None else ListCursor(of, began_at, page.next).bookmark)


def _created_at(element: Any) -> datetime:
    created_at: datetime = element.created_at  # of every type of element
    return created_at
