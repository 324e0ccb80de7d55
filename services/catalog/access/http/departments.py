"""HTTP API of departments."""

from fastapi import APIRouter, Response

from services.catalog.access.domain.department import Department
from services.catalog.access.schemas import AccessId, DepartmentFieldsIn, DepartmentIn, DepartmentOut
from services.catalog.access.store import AccessViews, DepartmentTree
from services.catalog.access.usecases import check_department, correct_record, delete_department, set_record
from services.catalog.permissions import CanChangeSettings, CanRead
from shared.kit.storage.repository import Repository
from shared.kit.web.call import show_version
from shared.kit.web.conditions import IfMatch
from shared.kit.web.routes import router
from shared.kit.web.schemas import Cursor, Limit, Page


def build_router(
    *, departments: Repository[Department], views: AccessViews[Department], tree: DepartmentTree
) -> APIRouter:
    """Build the endpoints."""
    api = router("departments")
    _add_reads(api, departments, views)
    _add_writes(api, departments, tree)
    return api


def _add_reads(api: APIRouter, departments: Repository[Department], views: AccessViews[Department]) -> None:
    @api.get("/departments")
    async def page(_: CanRead, limit: Limit = 50, cursor: Cursor = None) -> Page[DepartmentOut]:
        """List departments by id (PERM-09)."""
        found, more = await views.page(limit=limit, cursor=cursor)
        return Page(items=[DepartmentOut.of(each) for each in found], next_cursor=more)

    @api.get("/departments/{department}")
    async def read(department: str, call: CanRead, response: Response) -> DepartmentOut:
        """Read one department."""
        return _shown(await call.guard(departments).get(department), response)


def _add_writes(api: APIRouter, departments: Repository[Department], tree: DepartmentTree) -> None:
    @api.put("/departments/{department}", responses={201: {"model": DepartmentOut}})
    async def put(
        department: AccessId, body: DepartmentIn, call: CanChangeSettings, if_match: IfMatch, response: Response
    ) -> DepartmentOut:
        """Create a department, or set all of one that is there (PERM-04)."""
        fields = body.whole()
        await check_department(department, fields, tree=tree)
        found, is_new = await set_record(
            department,
            fields,
            call.cause,
            records=departments,
            guarded=call.guard(departments),
            create=Department.create,
            expected_version=if_match,
        )
        return _shown(found, response, 201 if is_new else 200)

    @api.patch("/departments/{department}")
    async def correct(
        department: str, body: DepartmentFieldsIn, call: CanChangeSettings, if_match: IfMatch, response: Response
    ) -> DepartmentOut:
        """Update a department: where it belongs, or who works there (PERM-04)."""
        fields = body.fields()
        await check_department(department, fields, tree=tree)
        found = await correct_record(
            department, fields, call.cause, records=call.guard(departments), expected_version=if_match
        )
        return _shown(found, response)

    @api.delete("/departments/{department}", status_code=204)
    async def delete(department: str, call: CanChangeSettings, if_match: IfMatch) -> None:
        """Delete a department to which no other one belongs."""
        await delete_department(
            department, call.cause, departments=call.guard(departments), tree=tree, expected_version=if_match
        )


def _shown(department: Department, response: Response, status: int = 200) -> DepartmentOut:
    show_version(response, department.version, status)
    return DepartmentOut.of(department)
