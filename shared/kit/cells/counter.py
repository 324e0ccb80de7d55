"""Count the cells that were marked.

Every replica looks a few times each second. A cell is claimed by one guarded write, then counted, then stored by
another one that holds for this claim alone: what a replica that was slow has counted never takes the place of what was
counted later, and what a killed one had in hand is due again some seconds after.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from shared.kit.cells.cells import Cells, Key
from shared.kit.fault_points import fault_point
from shared.kit.storage.documents import Document
from shared.kit.storage.errors import is_transient
from shared.kit.telemetry.logs import log
from shared.kit.telemetry.metrics import CELL_FAILURES, CELLS_COUNTED, CELLS_WAITING

LOOK_EVERY_S: Final = 0.25
BATCH: Final = 100
"""Cells that are counted side by side."""

Recount: TypeAlias = Callable[[Key], Awaitable[Mapping[str, Any] | None]]
"""Counts the records of a cell, by an index; None where it has none."""


class CellCounter:
    """Counts the cells of one kind, on behalf of one replica."""

    def __init__(self, cells: Cells, recount: Recount, *, server_time: Callable[[], Awaitable[datetime]]) -> None:
        self._cells, self._recount, self._server_time = cells, recount, server_time
        self._counted, self._failures = CELLS_COUNTED.labels(cells.noun), CELL_FAILURES.labels(cells.noun)
        self._waiting = CELLS_WAITING.labels(cells.noun)

    async def count_cells(self) -> int:
        """Count what is due until nothing is, or other replicas are at it; return the number of counted cells."""
        counted = 0
        while True:
            waiting, now = await self._cells.waiting(BATCH), await self._server_time()
            since = min((each["since"] for each in waiting), default=now)
            self._waiting.set((now - since).total_seconds())
            due = [each for each in waiting if each["due"] <= now]
            stored = sum(await asyncio.gather(*map(self._count, due)))
            counted += stored
            if not stored:
                return counted

    async def _count(self, seen: Document) -> bool:
        """Count one cell, and return whether this replica did."""
        claimed = await self._cells.claim(seen)
        if claimed is None:
            return False
        fault_point("cell:claimed")
        try:
            counted = await self._recount(claimed)
        except Exception as error:
            if is_transient(error):
                raise
            log.exception("cell failed", cells=self._cells.noun, id=claimed["_id"])
            self._failures.inc()
            return False
        fault_point("cell:counted")
        is_stored = await self._cells.store(claimed, counted)
        self._counted.inc(is_stored)
        return is_stored
