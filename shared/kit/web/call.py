"""Convert a request to a `Call`: caller, cause, version, wait.

Authentication runs before request validation, so unauthenticated callers never see validation errors.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Response
from fastapi.security import HTTPBearer

from shared.kit.domain import Aggregate, Cause
from shared.kit.storage.repository import Records
from shared.kit.telemetry.spans import current_traceparent
from shared.kit.web.auth import Caller, check_permission
from shared.kit.web.context import caller_of, context_of
from shared.kit.web.guard import Guarded, ScopeAccess
from shared.kit.web.idempotency import MAX_KEY

MAX_WAIT_S = 60.0

_IF_MATCH = r'^(\*|(W/)?"?[0-9]{1,18}"?)$'

A = TypeVar("A", bound=Aggregate)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, with what use cases need of it.

    Attributes:
        permission: the permission that the route needs and the caller has.
        new_id: id for the created resource; the same for repeats with the same `Idempotency-Key`.
        if_match: version of the caller's copy.
        wait_s: seconds to wait for a process, 0 for not at all.
    """

    caller: Caller
    permission: str
    cause: Cause
    new_id: str
    if_match: int | None = None
    wait_s: float = 0.0

    def guard(self, records: Records[A]) -> Guarded[A]:
        """Guard records with what this caller may do."""
        return Guarded(records, ScopeAccess(self.caller, self.permission))


PERMISSIONS: dict[Any, str] = {}
"""The permission of each dependency made below, so that a route can check it before validation."""

_bearer = HTTPBearer(auto_error=False, description="JWT; see the service's permissions.")


def reads(permission: str) -> Any:
    """Make the dependency of an endpoint that only reads: the `Call`, if the caller has the permission."""

    async def call(request: Request, _: Annotated[object, Depends(_bearer)]) -> Call:
        return await _call(request, permission)

    PERMISSIONS[call] = permission
    return Depends(call)


def writes(permission: str) -> Any:
    """Make the dependency of an endpoint that writes, with `If-Match`, `Idempotency-Key` and `Prefer: wait=N`."""

    async def call(
        request: Request,
        _: Annotated[object, Depends(_bearer)],
        if_match: Annotated[
            str | None, Header(pattern=_IF_MATCH, description="version seen, as in ETag; `*` for any")
        ] = None,
        idempotency_key: Annotated[  # noqa: ARG001 - read by the route
            str | None, Header(min_length=1, max_length=MAX_KEY, description="on POST: a repeat is the same request")
        ] = None,
        prefer: Annotated[str | None, Header(description="`wait=N`: seconds to wait for a process")] = None,
    ) -> Call:
        return await _call(request, permission, if_match=if_match, prefer=prefer)

    PERMISSIONS[call] = permission
    return Depends(call)


async def _call(request: Request, permission: str, *, if_match: str | None = None, prefer: str | None = None) -> Call:
    caller = await caller_of(request)
    check_permission(caller, permission)
    app_context = context_of(request)
    record = getattr(request.state, "idempotency", None)
    new_id = record["new_id"] if record else app_context.new_id()
    return Call(
        caller=caller,
        permission=permission,
        cause=Cause(
            # Not the key itself: a document may remember its causes for longer than keys are kept.
            key=f"key:{new_id}" if record else f"request:{new_id}",
            actor=caller.actor,
            at=app_context.clock(),
            correlation_id=request.state.correlation_id,
            traceparent=current_traceparent(),
        ),
        new_id=new_id,
        if_match=_version(if_match),
        wait_s=_wait(prefer),
    )


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match == "*":
        return None
    return int(if_match.removeprefix("W/").strip('"'))


def _wait(prefer: str | None) -> float:
    found = re.search(r"(?:^|[,;\s])wait=(\d+)", prefer or "")
    return min(float(found.group(1)), MAX_WAIT_S) if found else 0.0


def etag(version: int) -> dict[str, str]:
    """Make the `ETag` header of a version."""
    return {"ETag": f'"{version}"'}


def show_version(response: Response, version: int, status: int = 200) -> None:
    """Answer with this status and the version as ETag."""
    response.status_code = status
    response.headers.update(etag(version))
