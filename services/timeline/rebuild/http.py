"""Control rebuilds over HTTP; a replica does the work."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response

from services.timeline.entry.store.versions import ProjectionVersions
from services.timeline.rebuild.domain import Rebuild
from services.timeline.rebuild.schemas import RebuildOut
from services.timeline.rebuild.store.rebuilds import RebuildViews
from services.timeline.rebuild.usecases.control_rebuild import accept_differences, cancel_rebuild, start_rebuild
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.web.call import Call, needs
from shared.kit.web.openapi.headers import LOCATION
from shared.kit.web.routes import is_process, router
from shared.kit.web.schemas import Cursor, Limit, Page

ServerTime = Callable[[], Awaitable[datetime]]

CanAdminister = Annotated[Call, needs("timeline:admin")]


def build_router(
    *, rebuilds: MongoRepository[Rebuild], views: RebuildViews, versions: ProjectionVersions, now: ServerTime
) -> APIRouter:
    """Build the endpoints over these collaborators."""
    api = router()

    @api.post(
        "/timeline/rebuilds",
        operation_id="startTimelineRebuild",
        status_code=202,
        responses={202: {"headers": LOCATION}},
        tags=["rebuilds"],
    )
    @is_process
    async def start(call: CanAdminister, response: Response) -> RebuildOut:
        """Rebuild the timeline from the topics; 409 `rebuild_running` names the rebuild that has not ended."""
        rebuild = await start_rebuild(call.new_id, call.cause, rebuilds=rebuilds, views=views, versions=versions)
        response.headers["Location"] = f"/v1/timeline/rebuilds/{rebuild.id}"
        return RebuildOut.of(rebuild)

    _add_reads(api, rebuilds, views)

    @api.post("/timeline/rebuilds/{rebuild_id}/switch", status_code=202, tags=["rebuilds"])
    @is_process
    async def accept(rebuild_id: str, call: CanAdminister) -> RebuildOut:
        """Switch in spite of the differences."""
        return RebuildOut.of(await accept_differences(rebuild_id, call.cause, rebuilds=call.guard(rebuilds)))

    @api.delete("/timeline/rebuilds/{rebuild_id}", operation_id="cancelTimelineRebuild", tags=["rebuilds"])
    async def cancel(rebuild_id: str, call: CanAdminister) -> RebuildOut:
        """Cancel a rebuild; the live projection stays as it is."""
        records, moment = call.guard(rebuilds), await now()
        rebuild = await cancel_rebuild(rebuild_id, call.cause, now=moment, rebuilds=records, versions=versions)
        return RebuildOut.of(rebuild)

    return api


def _add_reads(api: APIRouter, rebuilds: MongoRepository[Rebuild], views: RebuildViews) -> None:
    @api.get("/timeline/rebuilds", tags=["rebuilds"])
    async def newest(_: CanAdminister, limit: Limit = 50, cursor: Cursor = None) -> Page[RebuildOut]:
        """List all rebuilds, newest first."""
        found, more = await views.newest(limit=limit, cursor=cursor)
        return Page(items=[RebuildOut.of(rebuild) for rebuild in found], next_cursor=more)

    @api.get("/timeline/rebuilds/{rebuild_id}", tags=["rebuilds"])
    async def look(rebuild_id: str, call: CanAdminister) -> RebuildOut:
        """Read the progress and the result of a rebuild."""
        return RebuildOut.of(await call.guard(rebuilds).get(rebuild_id))
