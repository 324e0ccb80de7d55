"""Compose what counts the cells of one kind in a service."""

from collections.abc import Sequence

from shared.kit.cells.cells import DUE_INDEX, Cells
from shared.kit.cells.counter import LOOK_EVERY_S, CellCounter, Recount
from shared.kit.service.service import Service
from shared.kit.storage.collection import Collection
from shared.kit.storage.indexes import Index


def open_cells(
    service: Service, name: str, recount: Recount, *, indexes: Sequence[Index] = ()
) -> tuple[Cells, Collection]:
    """Open cells, which each replica counts (ADR 0063), and the collection that they are read in."""
    collection = service.collection(name, (DUE_INDEX, *indexes))
    cells = Cells(collection)
    counter = CellCounter(cells, recount, server_time=service.database.now)
    service.every(LOOK_EVERY_S, counter.count_cells)
    return cells, collection
