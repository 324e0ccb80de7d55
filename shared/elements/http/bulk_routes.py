"""The route that changes many elements of a type, the same for all types: POST .../bulk (DEAL-02, DEAL-03)."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from fastapi import APIRouter, Response

from shared.elements.http.bulk_work import BulkWork
from shared.elements.http.query_routes import ListedElements
from shared.elements.http.rights import rights_of
from shared.elements.http.walking import query_of
from shared.elements.schemas.bulk import BulkIn, bulk_in
from shared.elements.usecases.bulk import ACTIONS, BulkAction
from shared.kit.domain import Aggregate
from shared.kit.runs.http import started
from shared.kit.runs.run import Run
from shared.kit.runs.runner import Runner
from shared.kit.runs.schemas import StartedRunOut
from shared.kit.storage.repository import Repository
from shared.kit.web.call import Call, needs
from shared.kit.web.guard import Authority
from shared.kit.web.openapi.headers import LOCATION
from shared.kit.web.routes import is_process, router
from shared.kit.web.schemas import Input

E = TypeVar("E", bound=Aggregate)

Check: TypeAlias = Callable[[Call, Any], Awaitable[object]]
"""Checks an action before anything is changed."""


async def _nothing(call: Call, action: Any) -> None:
    """Check nothing."""


def bulk_routes(
    runner: Runner,
    elements: Repository[E],
    listed: ListedElements[E],
    authority: Authority,
    *,
    move: type[Input] | None = None,
    actions: Mapping[str, BulkAction] | None = None,
    check: Check = _nothing,
) -> APIRouter:
    """Make the route of one type, and let runs change its elements.

    `move` is the body of a move and `actions` has how it is done, where the elements have stages.
    """
    type_ = listed.type
    runner.does({type_.noun: BulkWork(elements, listed, authority, {**ACTIONS, **(actions or {})})})
    body_type: Any = bulk_in(type_.noun, listed.filter, move)
    api, can_write = router(type_.plural), needs(f"{type_.service}:write")

    @api.post(
        f"/{type_.plural}/bulk",
        operation_id=f"change{type_.plural.capitalize()}",
        summary=f"Change many {type_.plural}",
        response_model=StartedRunOut,
        responses={202: {"model": StartedRunOut, "headers": LOCATION}},
    )
    @is_process  # a repeat with the same key is answered with what has become of the run
    async def change(body: body_type, response: Response, call: Call = can_write) -> StartedRunOut:
        """Change many records by one request, each as if it were changed alone (DEAL-02, DEAL-03).

        What became of each is told: `denied` without the right to it, `not_found` where there is none that the caller
        may read. Up to 50 `ids` are answered at once. More of them, or a `filter`, make a run, which goes on by itself
        with the rights that the caller has at each change; what is created after its start it leaves alone. All events
        have the run's id as `ce_bulkid`.
        """
        await check(call, body.action)
        return await started(await runner.start(await _run(listed, body, call), call.cause), runner, response)

    return api


async def _run(listed: ListedElements[Any], body: BulkIn, call: Call) -> Run:
    """Make the run of a request.

    Raises:
        InvalidQuery: naming everything in its filter that is not valid.
    """
    ids = body.each_id
    if body.filter is not None:
        query_of(listed, body.filter, began_at=call.cause.at, choices=await listed.choices(call))
    return Run(
        id=call.new_id,
        action=body.action.type,
        records=listed.type.noun,
        parameters=json.dumps(body.parameters),
        ids=ids,
        selection=None if body.filter is None else json.dumps(body.filter),
        is_rehearsal=body.dry_run,
        actor=call.cause.actor,
        roles=call.cause.roles,
        is_restricted=rights_of(call) is not None,
        correlation_id=call.cause.correlation_id,
        traceparent=call.cause.traceparent,
        created_at=call.cause.at,
        total=None if ids is None else len(ids),
    )
