"""The route of filtered lists, the same for all element types (DEAL-01, DEAL-02)."""

from typing import Any, TypeVar, cast

from crm_contracts.elements import ELEMENTS
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from shared.elements.domain.fields import filterable_fields
from shared.elements.domain.filters.query import Listed
from shared.elements.domain.sales_element import SalesElement
from shared.elements.http.answers import ShowsElement
from shared.elements.schemas.list_query import CountOut, FilteredPageOut, ListQueryIn, query_in, row_of
from shared.elements.store.filtered_lists import FilteredLists
from shared.elements.store.list_cursors import ListCursor, digest_of
from shared.elements.usecases.client_names import name_clients
from shared.elements.usecases.collaborators import KnownNames
from shared.kit.web.call import Call, needs
from shared.kit.web.routes import is_process, router

E = TypeVar("E", bound=SalesElement)


def query_routes(
    lists: FilteredLists[E],
    out: type[ShowsElement[E]],
    *,
    client_names: KnownNames,
) -> APIRouter:
    """Make the route of one type."""
    type_, shown = ELEMENTS[lists.noun], cast("type[BaseModel]", out)
    listed = Listed(filterable_fields(type_), lists.orders, [*shown.model_fields, *shown.model_computed_fields])
    body_type: Any = query_in(type_.noun, listed)
    page_type: Any = FilteredPageOut[row_of(type_.noun, shown)]  # type: ignore[misc] # the row is made here
    api, can_read = router(type_.plural), needs(f"{type_.service}:read")

    @api.post(f"/{type_.plural}/query", response_model=page_type)
    @is_process  # a repeat with the same key is answered with what is there now
    async def query(body: body_type, call: Call = can_read) -> JSONResponse:
        """List records by a filter, in an order, with the fields that are wanted (DEAL-01, DEAL-02).

        `filter` joins conditions on fields by `and`, `or` and `not`; worked out, it has at most 8 alternatives. A page
        may have fewer records than `limit` though there are more: then `complete` is false. A caller who goes on with
        `next_cursor` until it is null has read everything that passes the filter, whatever it is.
        """
        answer = await _answer(body, call, lists, listed)
        select = None if body.select is None else set(body.select)
        named = await name_clients(answer.items, client_names=client_names)
        items = [out.of(element).model_dump(mode="json", include=select) for element in named]
        return JSONResponse({**answer.model_dump(exclude={"items"}), "items": items})

    return api


async def _answer(body: ListQueryIn, call: Call, lists: FilteredLists[E], listed: Listed) -> FilteredPageOut[Any]:
    """Read the page that is wanted, with its elements as they are."""
    of = digest_of(lists.noun, call.caller.actor, body.filter, body.order)
    cursor = None if body.cursor is None else ListCursor.read(body.cursor, of)
    began_at, after = (cursor.began_at, cursor.place) if cursor else (call.cause.at, None)
    wanted = listed.query(body.filter, body.order, body.select, now=began_at)
    page = await lists.page(wanted, access=call.caller, limit=body.limit, after=after)
    number = await lists.count(wanted) if body.count == "capped" else None
    return FilteredPageOut[Any](
        items=list(page.items),
        next_cursor=ListCursor(of, began_at, page.next).text if page.next else None,
        complete=page.is_complete,
        count=CountOut(value=number.value, is_exact=number.is_exact) if number else None,
    )
