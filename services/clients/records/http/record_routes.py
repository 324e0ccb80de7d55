"""Routes that are the same for contacts and companies: list, read, delete, merge, look-up by origin."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import signature
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from services.clients.permissions import CanRead, CanWrite
from services.clients.records.domain.client import C
from services.clients.records.http.handlers import R, RecordHandlers
from services.clients.records.schemas.records import MergeIn
from services.clients.records.usecases.merge import merge_clients
from shared.elements.http.rights import LINK_CLIENTS, check_writes
from shared.elements.schemas.expansion import ExpandRecord
from shared.elements.schemas.filters import Total, filter_of
from shared.elements.schemas.list_query import ListPage
from shared.elements.usecases.delete_element import delete_element
from shared.kit.domain import NotFound
from shared.kit.web.conditions import IfMatch
from shared.kit.web.named_ones import names_in
from shared.kit.web.schemas import Cursor, Limit


@dataclass
class RecordFilters:
    """Query parameters of a list; a phone matches in any notation."""

    phone: str | None = None
    email: str | None = None
    responsible_id: str | None = None
    originator_id: str | None = None
    origin_id: str | None = None


def add_record_routes(
    api: APIRouter, handlers: RecordHandlers[C, R], *, page_model: Any, filters: type[RecordFilters] = RecordFilters
) -> None:
    """Add the routes of one type; look-up by origin comes first, or other paths of two parts would match it."""
    owners, plural, shown = handlers.owners, handlers.plural, handlers.shown
    one, id_ = f"/{plural}/{{{owners.noun}_id}}", Path(alias=f"{owners.noun}_id")

    @api.get(
        f"/{plural}/external/{{originator}}/{{origin:path}}",
        summary=f"Read the {owners.noun} of this origin",
        response_model=shown,
    )
    async def look_up(originator: str, origin: str, call: CanRead, response: Response, expand: ExpandRecord = "") -> R:
        """Read the record of this origin; a merged one answers with its survivor's id (CMN-14, DUP-02)."""
        found = await handlers.known_of_origin(call, originator, origin)
        if found is None:
            raise NotFound(f"There is no {owners.noun} {origin} from {originator}.")
        record = await call.guard(owners).get(found.id)
        return await handlers.show(call, record, response, expand=names_in(expand))

    filter_type: Any = Annotated[str | None, filter_of(owners.noun.capitalize())]

    @api.get(f"/{plural}", summary=f"List {plural}, newest first", response_model=page_model)
    async def page(
        call: CanRead,
        wanted: Annotated[RecordFilters, Depends(_on_the_loop(filters))],
        matching: filter_type = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        *,
        total: Total = False,
        expand: ExpandRecord = "",
    ) -> ListPage[R]:
        """List records, newest first, by equality and a filter; a phone alone matches in any notation (DEAL-01)."""
        return await handlers.listed.page(
            call, matching, vars(wanted), limit=limit, cursor=cursor, total=total, expand=expand
        )

    @api.get(one, summary=f"Read one {owners.noun}", response_model=shown)
    async def read(call: CanRead, response: Response, expand: ExpandRecord = "", record_id: str = id_) -> R:
        """Read one record; `expand` tells more of its responsible user (DEAL-02)."""
        record = await call.guard(owners).get(record_id)
        return await handlers.show(call, record, response, expand=names_in(expand))

    @api.delete(one, summary=f"Delete a {owners.noun}", status_code=204)
    async def delete(call: CanWrite, if_match: IfMatch, record_id: str = id_) -> None:
        """Delete a record; elements, contacts and companies that link it unlink it (COMP-10)."""
        await delete_element(record_id, call.cause, elements=call.guard(owners, "delete"), expected_version=if_match)

    @api.post(f"{one}/merge", summary=f"Merge other {plural} into this one", response_model=shown)
    async def merge(body: MergeIn, call: CanWrite, if_match: IfMatch, response: Response, record_id: str = id_) -> R:
        """Merge other records of this type into this one (DUP-02).

        Empty fields are filled, lists are joined, links follow: callers who may not write the elements that link
        clients, leads and deals, are refused, and so are those who may not update this record and delete the others.
        Where filled fields differ, 409 `merge_conflict` lists them as `conflicts`, and nothing changes until
        `resolution` names for each of them the record that is right.
        """
        check_writes(call, LINK_CLIENTS)
        survivor = await merge_clients(
            record_id,
            body.others,
            body.resolution,
            call.cause,
            owners=owners,
            access=call.access,
            expected_version=if_match,
        )
        return await handlers.show(call, survivor, response)


def _on_the_loop(filters: type[RecordFilters]) -> Callable[..., Awaitable[RecordFilters]]:
    """Make the dependency that takes the filters from the query: of a class itself FastAPI makes one on a thread."""

    async def given(**query: Any) -> RecordFilters:
        return filters(**query)

    given.__signature__ = signature(filters)  # type: ignore[attr-defined]
    return given
