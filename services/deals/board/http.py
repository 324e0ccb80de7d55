"""HTTP API of the board."""

import asyncio
from typing import Annotated, Any

from crm_contracts.pipelines import Stage
from crm_contracts.values import Money
from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from services.deals.board.domain import Stood, Total
from services.deals.board.schemas import BoardFilters, BoardOut, ColumnOut, FormerStageOut, NextCardsOut, board_of
from services.deals.board.store import BoardTotals, PastBoards
from services.deals.deal.domain.deal import Deal
from services.deals.deal.usecases import PipelinesNow
from services.deals.permissions import CanRead
from services.deals.pipeline.http import visible
from shared.elements.domain.stages import StageSet
from shared.elements.http.query_routes import ListedElements
from shared.elements.http.rights import rights_of
from shared.elements.schemas.list_query import CountOut
from shared.elements.schemas.stages import StageOut
from shared.kit.domain import NotFound
from shared.kit.web.call import Call
from shared.kit.web.routes import router


def board_routes(
    *, pipelines: PipelinesNow, totals: BoardTotals, past: PastBoards, listed: ListedElements[Deal]
) -> APIRouter:
    """Make the route, over these collaborators."""
    api = router("deals")

    @api.get("/pipelines/{pipeline_id}/board", response_model=board_of(listed.row), operation_id="readBoard")
    async def board(pipeline_id: str, call: CanRead, filters: Annotated[BoardFilters, Query()]) -> JSONResponse:
        """Show the deals of a pipeline as cards by stages, with counts and sums (DEAL-04).

        All stages are columns. Cards of stages that close deals are shown where `closed` asks for them. Counts and sums
        of a board that nothing narrows are those of all deals that the caller may read; they follow a change a moment
        later. Those of a narrowed one are counted within the budget of a list: `is_exact` says whether that was all.

        `on` shows how many deals stood where on a day of the past, by the stage history: of those that there are still,
        and that the caller may read today.
        """
        filters.check_past()
        stages = visible(call, await pipelines.known()).stages.get(pipeline_id)
        if stages is None:
            raise NotFound(f"There is no pipeline {pipeline_id}.")
        if filters.until is not None:
            return JSONResponse(_past(pipeline_id, stages, await past.of(pipeline_id, filters.until, rights_of(call))))
        # Checked before it becomes a part of each column's, so that errors name its fields as the caller does.
        choices = await listed.choices(call)
        listed.listed.query(filters.wanted, [filters.ordered], None, now=call.cause.at, choices=choices)
        ids = [stage.id for stage in stages]
        known = await totals.of(pipeline_id, ids, rights_of(call)) if filters.is_whole else {}
        shown = (_column(call, pipeline_id, stage, filters, known.get(stage.id, Total()), listed) for stage in stages)
        return JSONResponse({"pipeline_id": pipeline_id, "columns": await asyncio.gather(*shown), "former": []})

    return api


def _past(pipeline_id: str, stages: StageSet, stood: Stood) -> dict[str, Any]:
    """Show how many deals stood on each stage, also on those that there are no more."""
    counts = {id_: CountOut(value=number, is_exact=stood.is_exact) for id_, number in stood.numbers.items()}
    columns = [
        ColumnOut(
            stage=StageOut.of(stage),
            count=counts.pop(stage.id, CountOut(value=0, is_exact=stood.is_exact)),
            sums=None,
            items=[],
            complete=True,
            next=None,
        )
        for stage in stages
    ]
    former = [FormerStageOut(stage_id=id_, count=count) for id_, count in sorted(counts.items())]
    return BoardOut(pipeline_id=pipeline_id, columns=columns, former=former).model_dump(mode="json")


async def _column(
    call: Call,
    pipeline_id: str,
    stage: Stage,
    filters: BoardFilters,
    total: Total,
    listed: ListedElements[Deal],
) -> dict[str, Any]:
    """Show a stage with its first cards, or only that it has some; its total counts unless the page was counted."""
    column, has_cards = filters.column(pipeline_id, stage.id), filters.closed or stage.semantic == "P"
    page = await listed.read(column if has_cards else column.model_copy(update={"limit": 1}), call)
    items = await listed.shown(call, page.items) if has_cards else []
    cursor = page.next_cursor if has_cards else None
    out = ColumnOut(
        stage=StageOut.of(stage),
        count=page.count or CountOut(value=total.number, is_exact=total.is_exact),
        sums=None if page.count else [Money(value=value, currency=code) for code, value in total.sums.items()],
        items=[],
        complete=page.complete,
        next=NextCardsOut.of(column, cursor) if len(page.items) > len(items) or page.next_cursor else None,
    )
    select = None if column.select is None else set(column.select)
    return {**out.model_dump(mode="json"), "items": [each.model_dump(mode="json", include=select) for each in items]}
