"""Search as you type, over every element that the caller may see."""

from asyncio import gather
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from crm_contracts.elements import ELEMENTS
from crm_contracts.values import ElementRef
from fastapi import APIRouter
from fastapi import Query as QueryParameter

from services.timeline.search.schemas import MAX_MATCHES, SearchIn, SearchOut
from shared.elements.domain.search import words_sought
from shared.elements.http.rights import records_for
from shared.kit.web.call import Call, needs
from shared.kit.web.routes import router

CanRead = Annotated[Call, needs("timeline:read")]


def build_router(search: Callable[..., Awaitable[tuple[Sequence[ElementRef], bool]]]) -> APIRouter:
    """Build the route, over what finds elements of one type."""
    api = router("search")

    @api.get("/search")
    async def search_everything(call: CanRead, wanted: Annotated[SearchIn, QueryParameter()]) -> SearchOut:
        """Search leads, deals, contacts, companies and products by titles, names, phones and e-mails (CLI-03, CLI-04).

        Each word of `q` is the beginning of a word, or of an e-mail, or the end of a phone. What has just changed is
        found a moment later.
        """
        types, sought = wanted.wanted, words_sought(wanted.q)
        found = await gather(
            *(search(type_, sought, allowed=records_for(call, ELEMENTS[type_]), most=MAX_MATCHES) for type_ in types)
        )
        return SearchOut.of(dict(zip(types, found, strict=True)))

    return api
