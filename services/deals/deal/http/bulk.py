"""Change many deals by one request (DEAL-03)."""

from functools import partial

from fastapi import APIRouter

from services.deals.deal.domain.deal import Deal
from services.deals.deal.schemas import DealMoveIn
from services.deals.deal.usecases import PipelinesNow, move_in_bulk
from services.deals.pipeline.http import visible
from shared.elements.http.bulk_routes import bulk_routes
from shared.elements.http.query_routes import ListedElements
from shared.elements.http.rights import MOVE
from shared.elements.usecases.bulk import BulkAction
from shared.kit.runs.runner import Runner
from shared.kit.storage.repository import Repository
from shared.kit.web.call import Call
from shared.kit.web.guard import Authority
from shared.kit.web.schemas import Input


def deal_bulk_routes(
    runner: Runner,
    deals: Repository[Deal],
    listed: ListedElements[Deal],
    pipelines: PipelinesNow,
    authority: Authority,
) -> APIRouter:
    """Make the route, and let runs change deals."""

    async def check(call: Call, action: Input) -> None:
        """Refuse a pipeline that does not exist, or not to the caller (PERM-03)."""
        if isinstance(action, DealMoveIn) and action.pipeline_id is not None:
            visible(call, await pipelines.known()).stages_of(action.pipeline_id).initial(action.stage_id)

    move = BulkAction.to_and_fro(MOVE, partial(move_in_bulk, pipelines=pipelines))
    return bulk_routes(runner, deals, listed, authority, move=DealMoveIn, actions={"move": move}, check=check)
