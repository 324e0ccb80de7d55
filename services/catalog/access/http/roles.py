"""HTTP API of roles."""

from fastapi import APIRouter, Response

from services.catalog.access.domain.role import Role
from services.catalog.access.schemas import AccessId, RoleFieldsIn, RoleIn, RoleOut
from services.catalog.access.store import AccessViews
from services.catalog.access.usecases import correct_record, delete_record, set_record
from services.catalog.permissions import CanChangeSettings, CanRead
from shared.kit.domain import invalid_field
from shared.kit.storage.repository import Repository
from shared.kit.web.auth import ROLES
from shared.kit.web.call import show_version
from shared.kit.web.conditions import IfMatch
from shared.kit.web.routes import router
from shared.kit.web.schemas import Cursor, Limit, Page


def build_router(*, roles: Repository[Role], views: AccessViews[Role]) -> APIRouter:
    """Build the endpoints."""
    api = router("roles")
    _add_reads(api, roles, views)
    _add_writes(api, roles)
    return api


def _add_reads(api: APIRouter, roles: Repository[Role], views: AccessViews[Role]) -> None:
    @api.get("/roles")
    async def page(_: CanRead, limit: Limit = 50, cursor: Cursor = None) -> Page[RoleOut]:
        """List roles by id (PERM-01)."""
        found, more = await views.page(limit=limit, cursor=cursor)
        return Page(items=[RoleOut.of(each) for each in found], next_cursor=more)

    @api.get("/roles/{role}")
    async def read(role: str, call: CanRead, response: Response) -> RoleOut:
        """Read one role."""
        return _shown(await call.guard(roles).get(role), response)


def _add_writes(api: APIRouter, roles: Repository[Role]) -> None:
    @api.put("/roles/{role}", responses={201: {"model": RoleOut}})
    async def put(
        role: AccessId, body: RoleIn, call: CanChangeSettings, if_match: IfMatch, response: Response
    ) -> RoleOut:
        """Create a role, or set all of one that is there (PERM-01, PERM-02)."""
        if role in ROLES:
            raise invalid_field("role", "reserved", f"{role} in a token has a meaning of its own")
        found, is_new = await set_record(
            role,
            body.whole(),
            call.cause,
            records=roles,
            guarded=call.guard(roles),
            create=Role.create,
            expected_version=if_match,
        )
        return _shown(found, response, 201 if is_new else 200)

    @api.patch("/roles/{role}")
    async def correct(
        role: str, body: RoleFieldsIn, call: CanChangeSettings, if_match: IfMatch, response: Response
    ) -> RoleOut:
        """Update a role: its rights, or the users who have it (PERM-01, PERM-05, PERM-06)."""
        found = await correct_record(
            role, body.fields(), call.cause, records=call.guard(roles), expected_version=if_match
        )
        return _shown(found, response)

    @api.delete("/roles/{role}", status_code=204)
    async def delete(role: str, call: CanChangeSettings, if_match: IfMatch) -> None:
        """Delete a role; who had it has its rights no more."""
        await delete_record(role, call.cause, records=call.guard(roles), expected_version=if_match)


def _shown(role: Role, response: Response, status: int = 200) -> RoleOut:
    show_version(response, role.version, status)
    return RoleOut.of(role)
