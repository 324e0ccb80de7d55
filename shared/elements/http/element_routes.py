"""The routes whose bodies are the same for all sales elements: read, delete, stage, rows, Client field.

Create, PATCH, upsert and list stay with the type, because their bodies and parameters are its fields.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from crm_contracts.elements import ELEMENTS
from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from shared.elements.domain.sales_element import SalesElement
from shared.elements.domain.stages import StageSet
from shared.elements.http.answers import ShowsAddedContact, ShowsElement
from shared.elements.http.client_routes import add_client_routes
from shared.elements.http.expansion import Expansions
from shared.elements.http.readable_products import with_readable_products
from shared.elements.http.rights import MOVE
from shared.elements.http.routes_of_type import ElementRoutes
from shared.elements.schemas.expansion import ExpandElement
from shared.elements.schemas.product_rows import RowsIn
from shared.elements.schemas.stages import StageIn
from shared.elements.usecases.collaborators import Collaborators
from shared.elements.usecases.delete_element import delete_element
from shared.elements.usecases.move_element import move_element
from shared.elements.usecases.set_rows import set_rows
from shared.elements.usecases.upsert_by_origin import ByOrigin
from shared.kit.domain import NotFound
from shared.kit.storage.repository import Records
from shared.kit.web.call import Call, needs
from shared.kit.web.conditions import IfMatch
from shared.kit.web.named_ones import names_in
from shared.kit.web.routes import router
from shared.kit.web.waiting import LongPolls

E = TypeVar("E", bound=SalesElement)


def element_routes(
    elements: Records[E],
    out: type[ShowsElement[E]],
    contact_added: type[ShowsAddedContact[E]],
    *,
    stages: Callable[[], Awaitable[StageSet]] | None = None,
    views: ByOrigin[E],
    collaborators: Collaborators,
    long_polls: LongPolls,
) -> APIRouter:
    """Make the routes of one type; without `stages`, all but the one that moves, which is the type's own."""
    type_ = ELEMENTS[elements.noun]
    routes = ElementRoutes(
        router(),
        f"/{type_.plural}/{{{type_.noun}_id}}",
        Path(alias=f"{type_.noun}_id"),
        elements,
        out,
        needs(f"{type_.service}:read"),
        needs(f"{type_.service}:write"),
        collaborators.client_names,
        Expansions.of_elements(collaborators),
    )
    _add_read(routes, type_.plural)
    _add_look_up(routes, type_.plural, views)
    _add_deletion(routes, type_.plural)
    if stages is not None:
        _add_stage(routes, type_.plural, stages)
    _add_rows(routes, type_.plural, collaborators)
    add_client_routes(routes, contact_added, long_polls=long_polls)
    return routes.api


def _add_read(routes: ElementRoutes[E], tag: str) -> None:
    @routes.api.get(routes.path, tags=[tag], summary=f"Read one {routes.elements.noun}", response_model=routes.out)
    async def read(
        response: Response, expand: ExpandElement = "", element_id: str = routes.id, call: Call = routes.can_read
    ) -> BaseModel:
        """Read one element; `expand` tells more of its client and of its responsible user (DEAL-02)."""
        element = await call.guard(routes.elements).get(element_id)
        return await routes.shown(element, response, call, names_in(expand))


def _add_look_up(routes: ElementRoutes[E], plural: str, views: ByOrigin[E]) -> None:
    noun = routes.elements.noun
    path = f"/{plural}/external/{{originator}}/{{origin:path}}"

    @routes.api.get(path, tags=[plural], summary=f"Read the {noun} of this origin", response_model=routes.out)
    async def look_up(
        originator: str, origin: str, response: Response, expand: ExpandElement = "", call: Call = routes.can_read
    ) -> BaseModel:
        """Read the element of this origin (CMN-14)."""
        found = await views.by_origin(originator, origin)
        try:
            element = None if found is None else await call.guard(routes.elements).get(found.id)
        except NotFound:
            element = None
        if element is None:  # there is none, or none that the caller may know of: one answer, without its id
            raise NotFound(f"There is no {noun} {origin} from {originator}.")
        return await routes.shown(element, response, call, names_in(expand))


def _add_deletion(routes: ElementRoutes[E], tag: str) -> None:
    @routes.api.delete(routes.path, tags=[tag], summary=f"Delete a {routes.elements.noun}", status_code=204)
    async def delete(if_match: IfMatch, element_id: str = routes.id, call: Call = routes.can_write) -> None:
        """Delete it with its timeline (DEAL-19, LEAD-21); its clients stay, and so do entries in their timelines."""
        guarded = call.guard(routes.elements, "delete")
        await delete_element(element_id, call.cause, elements=guarded, expected_version=if_match)


def _add_stage(routes: ElementRoutes[E], tag: str, stages: Callable[[], Awaitable[StageSet]]) -> None:
    @routes.api.put(f"{routes.path}/stage", tags=[tag], response_model=routes.out)
    async def move(
        body: StageIn,
        response: Response,
        if_match: IfMatch,
        element_id: str = routes.id,
        call: Call = routes.can_write,
    ) -> BaseModel:
        """Move to another stage (LEAD-07, DEAL-06).

        That needs the right to update elements both in the stage where it is and in the one that it goes to (PERM-02).
        """
        element = await move_element(
            element_id,
            body.stage_id,
            call.cause,
            elements=call.guard(routes.elements, MOVE),
            stages=await stages(),
            expected_version=if_match,
        )
        return await routes.shown(element, response, call)


def _add_rows(routes: ElementRoutes[E], tag: str, collaborators: Collaborators) -> None:
    @routes.api.put(f"{routes.path}/rows", tags=[tag], response_model=routes.out)
    async def sell(
        body: RowsIn,
        response: Response,
        if_match: IfMatch,
        element_id: str = routes.id,
        call: Call = routes.can_write,
    ) -> BaseModel:
        """Set product rows; the amount is their sum, or one that is given (ROW-01, ROW-02)."""
        element = await set_rows(
            element_id,
            None if body.rows is None else [row.to_domain() for row in body.rows],
            call.cause,
            amount=body.amount.value_of() if body.amount else None,
            is_manual_amount=body.is_manual_amount,
            elements=call.guard(routes.elements),
            products=with_readable_products(collaborators, call).products,
            new_id=collaborators.new_id,
            expected_version=if_match,
        )
        return await routes.shown(element, response, call)
