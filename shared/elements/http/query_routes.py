"""Lists of elements by a filter, the same for all types: POST .../query, and GET with `filter` (DEAL-01, DEAL-02)."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, Generic, TypeAlias, TypeVar, cast

from crm_contracts.elements import ELEMENTS
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from shared.elements.domain.fields import filterable_fields
from shared.elements.domain.filters.nodes import Scalar
from shared.elements.domain.filters.parsing import ANY_VALUE, NO_SPELLINGS, Choices, Spelling
from shared.elements.domain.filters.query import Listed
from shared.elements.domain.sales_element import SalesElement
from shared.elements.domain.search import words_sought
from shared.elements.http.answers import ShowsElement
from shared.elements.http.expansion import Expansions
from shared.elements.http.rights import records_for, rights_of
from shared.elements.schemas.expansion import EXPANDED, with_expansion
from shared.elements.schemas.filter_schema import DescribedBy, filter_model
from shared.elements.schemas.filters import read_filter
from shared.elements.schemas.list_query import (
    CountOut,
    ExpandingQueryIn,
    FilteredPageOut,
    ListPage,
    ListQueryIn,
    SearchedQueryIn,
    query_in,
    row_of,
)
from shared.elements.store.filtered_lists import FilteredLists
from shared.elements.store.list_cursors import ListCursor, digest_of
from shared.elements.usecases.client_names import name_clients
from shared.elements.usecases.collaborators import Collaborators, KnownNames
from shared.kit.domain import Aggregate
from shared.kit.web.call import Call, needs
from shared.kit.web.named_ones import names_in
from shared.kit.web.routes import is_process, router

A = TypeVar("A", bound=Aggregate)
E = TypeVar("E", bound=SalesElement)
Show: TypeAlias = Callable[[Call, Sequence[A]], Awaitable[Sequence[BaseModel]]]
"""Shows records of a list to a caller."""
ChoicesOf: TypeAlias = Callable[[Call], Awaitable[Choices]]
"""Reads the values that some fields may be compared with, as far as a caller may know of them."""


async def _any_value(_: Call) -> Choices:
    return ANY_VALUE


class ListedElements(Generic[A]):
    """The list of one type: what may be asked of it, and how its records are shown."""

    def __init__(
        self,
        lists: FilteredLists[A],
        out: type[BaseModel],
        show: Show[A],
        *,
        spellings: Mapping[str, Spelling] = NO_SPELLINGS,
        expansions: Expansions | None = None,
        choices: ChoicesOf = _any_value,
    ) -> None:
        self.type = ELEMENTS[lists.noun]
        columns = [name for name in (*out.model_fields, *out.model_computed_fields) if name != EXPANDED]
        self.listed = Listed(
            filterable_fields(self.type),
            lists.orders,
            columns,
            lists.first_order,
            is_searched=lists.is_searched,
            spellings=spellings,
            own_orders=lists.own_orders,
        )
        self.lists, self._out, self._show, self._expansions = lists, out, show, expansions
        self.choices = choices

    @cached_property
    def filter(self) -> DescribedBy:
        """The description of its filters."""
        return DescribedBy(filter_model(self.type.noun, self.listed.fields))

    async def page(
        self,
        call: Call,
        filter_: str | None,
        equal: Mapping[str, Scalar | None],
        *,
        limit: int,
        cursor: str | None,
        q: str | None = None,
        total: bool = False,
        expand: str = "",
    ) -> ListPage[Any]:
        """List what passes a filter, in JSON, and has these values, in the first order; None asks for no value.

        `q` is what it is searched by besides; `total` counts all of it, up to 10,000; `expand` names what more is told.

        Raises:
            InvalidQuery: naming everything in the filter that is not valid.
        """
        wanted = {name: value for name, value in equal.items() if value is not None}
        # The filter is checked as any other, but not for its type: that is done where it is read.
        body = SearchedQueryIn.model_construct(
            q=q,
            count="capped" if total else "none",
            filter=read_filter(filter_),
            order=[list(self.listed.first_order)],
            limit=limit,
            cursor=cursor,
        )
        answer = await self.read(body, call, wanted)
        shown = await self.shown(call, answer.items, names_in(expand))
        return ListPage[Any](items=shown, next_cursor=answer.next_cursor, total=answer.count)

    @cached_property
    def row(self) -> type[BaseModel]:
        """The model of a record in the list."""
        return row_of(self.type.noun, self._out)

    def routes(self) -> APIRouter:
        """Make the route of filtered lists; it comes before those with `/{id}`."""
        type_ = self.type
        expansions = self._expansions.names if self._expansions else ()
        body_type: Any = query_in(type_.noun, self.listed, self.filter, expansions)
        page_type: Any = FilteredPageOut[self.row]  # type: ignore[name-defined] # the row is made here
        api, can_read = router(type_.plural), needs(f"{type_.service}:read")

        @api.post(f"/{type_.plural}/query", response_model=page_type)
        @is_process  # a repeat with the same key is answered with what is there now
        async def query(body: body_type, call: Call = can_read) -> JSONResponse:
            """List records by a filter, in an order, with the fields that are wanted (DEAL-01, DEAL-02).

            `filter` joins conditions on fields by `and`, `or` and `not`; worked out, it has at most 8 alternatives. A
            page may have fewer records than `limit` though there are more: then `complete` is false. A caller who goes
            on with `next_cursor` until it is null has read everything that passes the filter, whatever it is.
            """
            answer = await self.read(body, call)
            select = None if body.select is None else {*body.select, EXPANDED}
            shown = await self.shown(call, answer.items, body.expand if isinstance(body, ExpandingQueryIn) else ())
            items = [each.model_dump(mode="json", include=select) for each in shown]
            return JSONResponse({**answer.model_dump(exclude={"items"}), "items": items})

        return api

    async def shown(self, call: Call, records: Sequence[A], expand: Collection[str] = ()) -> list[BaseModel]:
        """Show records of a list to a caller."""
        shown = await self._show(call, records)
        if self._expansions is None:
            return list(shown)
        expanded = await self._expansions.of(call, expand, records)
        return list(map(with_expansion, shown, expanded))

    async def read(
        self, body: ListQueryIn, call: Call, equal: Mapping[str, Scalar] | None = None
    ) -> FilteredPageOut[Any]:
        """Read the page that is wanted, with its records as they are.

        Raises:
            InvalidQuery: naming everything in it that is not valid.
        """
        q = body.q if isinstance(body, SearchedQueryIn) else None
        described: Any = {"filter": body.filter, "equal": equal} if equal else body.filter
        described = described if q is None else {"q": q, "of": described}
        of = digest_of(self.type.noun, call.caller.actor, described, body.order)
        cursor = None if body.cursor is None else await self.lists.opened(body.cursor, of)
        began_at, after = (cursor.began_at, cursor.place) if cursor else (call.cause.at, None)
        choices = await self.choices(call)
        wanted = self.listed.query(
            body.filter, body.order, body.select, now=began_at, equal=equal or {}, choices=choices
        )
        wanted = replace(wanted, allowed=records_for(call, self.type), sought=words_sought(q) if q else ())
        page = await self.lists.page(wanted, limit=body.limit, after=after)
        number = await self.lists.count(wanted) if body.count == "capped" else None
        return FilteredPageOut[Any](
            items=list(page.items),
            next_cursor=await self.lists.sealed(ListCursor(of, began_at, page.next), wanted.order)
            if page.next
            else None,
            complete=page.is_complete,
            count=CountOut(value=number.value, is_exact=number.is_exact) if number else None,
        )


def sales_list(
    lists: FilteredLists[E],
    out: type[ShowsElement[E]],
    *,
    collaborators: Collaborators,
    spellings: Mapping[str, Spelling] = NO_SPELLINGS,
    choices: ChoicesOf = _any_value,
) -> ListedElements[E]:
    """Make the list of a sales element, which shows its clients by the names that they have now."""
    show = partial(_shown, out=out, client_names=collaborators.client_names)
    expansions = Expansions.of_elements(collaborators)
    return ListedElements(
        lists, cast("type[BaseModel]", out), show, spellings=spellings, expansions=expansions, choices=choices
    )


async def _shown(
    call: Call, elements: Sequence[E], *, out: type[ShowsElement[E]], client_names: KnownNames
) -> Sequence[BaseModel]:
    named = await name_clients(elements, client_names=client_names, rights=rights_of(call))
    return [out.of(element) for element in named]
