"""Have the cells counted in which deals have changed."""

from typing import Any, Protocol

from crm_contracts.envelope import Envelope

from services.deals.board.domain import CHANGED_BY, MOVED_BY, cell, cells_of, counts_otherwise
from services.deals.deal.domain.deal import Deal
from shared.kit.cells.cells import Cells
from shared.kit.domain import Cause, NotFound
from shared.kit.messaging.reactions import Reactions, on


class ReadsDeals(Protocol):
    """Where deals are read."""

    async def get(self, id_: str) -> Deal:
        """Load a deal."""
        ...


def board_reactions(cells: Cells, deals: ReadsDeals) -> Reactions:
    """Make the reactions to what deals publishes itself."""

    async def on_move(event: Envelope[Any], _: Cause) -> None:
        """Have the cells counted that the deal has left or entered."""
        await cells.mark(cells_of(event.data))

    async def on_change(event: Envelope[Any], _: Cause) -> None:
        """Have the cell counted that the deal is in; if it has left that since, another event tells so."""
        if not counts_otherwise(event.data):
            return
        try:
            deal = await deals.get(event.data.element.id)
        except NotFound:
            return  # the event of its deletion tells the cell
        await cells.mark([cell(deal.pipeline_id, deal.stage_id, deal.responsible_id)])

    moves = [on(each, on_move, name="count_cells") for each in MOVED_BY]
    return [*moves, *(on(each, on_change, name="count_cells") for each in CHANGED_BY)]
