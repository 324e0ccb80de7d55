"""Have the cells counted in which deals have changed."""

from typing import Any, Protocol

from crm_contracts.envelope import Envelope

from services.deals.board.domain import TOLD_BY, Cell, cell, cells_of, counts_otherwise
from services.deals.deal.domain.deal import Deal
from shared.kit.cells.cells import Cells
from shared.kit.domain import Cause, NotFound
from shared.kit.messaging.reactions import Reactions, on


class ReadsDeals(Protocol):
    """Where deals are read."""

    async def get(self, id_: str) -> Deal:
        """Load a deal."""
        ...


def board_reactions(marked: Cells, deals: ReadsDeals) -> Reactions:
    """Make the reactions to what deals publishes itself."""

    async def on_event(event: Envelope[Any], _: Cause) -> None:
        """Have the cells counted that the deal has left or entered, or the one that it counts otherwise in."""
        left = [await here(event.data.element.id)] if counts_otherwise(event.data) else cells_of(event.data)
        await marked.mark([each for each in left if each is not None])

    async def here(id_: str) -> Cell | None:
        """Return the cell that a deal is in by now; the event of its deletion, or of a move since, tells others."""
        try:
            deal = await deals.get(id_)
        except NotFound:
            return None
        return cell(deal.pipeline_id, deal.stage_id, deal.responsible_id)

    return [on(each, on_event, name="mark_cells") for each in TOLD_BY]
