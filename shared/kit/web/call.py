"""Convert a request to a `Call`: caller, permission, cause, id of what is created.

Authentication runs before request validation, so unauthenticated callers never see validation errors.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request, Response
from fastapi.security import HTTPBearer

from shared.kit.domain import Aggregate, Cause, derived_id
from shared.kit.storage.repository import Records, Repository
from shared.kit.telemetry.spans import current_traceparent
from shared.kit.web.auth import Caller
from shared.kit.web.context import context_of, permitted_caller
from shared.kit.web.guard import Access, Guarded, GuardedStore
from shared.kit.web.idempotency import KeyedRequest

A = TypeVar("A", bound=Aggregate)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, with what use cases need of it.

    Attributes:
        permission: the permission that the route needs and the caller has.
        new_id: id for the created resource; the same for repeats with the same `Idempotency-Key`.
        access: the caller's rights to single records.
    """

    caller: Caller
    permission: str
    cause: Cause
    new_id: str
    access: Access

    def guard(self, records: Records[A], right: str = "update") -> Guarded[A]:
        """Guard records with what this caller may do; a change of one needs the `right`."""
        return Guarded(records, self.access, right)

    def guard_store(self, records: Repository[A]) -> GuardedStore[A]:
        """Guard records that the caller may add to."""
        return GuardedStore(records, self.access)

    def item(self, place: int) -> "Call":
        """Return the call of one item of a batch: its cause and its new id follow from those of the batch."""
        return replace(self, cause=self.cause.step(f"item {place}"), new_id=derived_id(self.new_id, place))


PERMISSIONS: dict[Any, str] = {}
"""The permission of each dependency made below, so that a route can check it before validation."""

_bearer = HTTPBearer(auto_error=False, description="JWT; see the service's permissions.")


def needs(permission: str) -> Any:
    """Make the dependency of an endpoint: the `Call`, if the caller has the permission."""

    async def call(request: Request, _: Annotated[object, Depends(_bearer)]) -> Call:
        return await _call(request, permission)

    PERMISSIONS[call] = permission
    return Depends(call)


async def _call(request: Request, permission: str) -> Call:
    caller = await permitted_caller(request, permission)
    app_context = context_of(request)
    keyed: KeyedRequest | None = getattr(request.state, "keyed", None)
    new_id = keyed.new_id if keyed else app_context.new_id()
    return Call(
        caller=caller,
        permission=permission,
        cause=Cause(
            key=keyed.cause if keyed else f"request:{new_id}",
            actor=caller.actor,
            roles=caller.named_roles,
            at=app_context.clock(),
            correlation_id=request.state.correlation_id,
            traceparent=current_traceparent(),
            has_key=keyed is not None,
        ),
        new_id=new_id,
        access=await app_context.authority.access(caller),
    )


def etag(version: int, beside: str = "") -> dict[str, str]:
    """Make the `ETag` header of a version; `beside` marks what else the answer shows, in hexadecimal digits."""
    return {"ETag": f'"{version}.{beside}"' if beside else f'"{version}"'}


def show_version(response: Response, version: int, status: int = 200, *, beside: str = "") -> None:
    """Answer with this status, and the version as ETag, with the mark of what else the answer shows."""
    response.status_code = status
    response.headers.update(etag(version, beside))
