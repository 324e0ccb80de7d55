"""Check that the counts and sums of boards are those of the deals (DEAL-04)."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant, Stored
from shared.elements.domain.rights.accessed import OPEN
from shared.kit.storage.documents import Document

_Cell: TypeAlias = tuple[str, str, str]
"""Pipeline, stage and responsible user."""


class _Alike(NamedTuple):
    """What the deals have in common that a cell counts together."""

    open_to_all: bool
    currency: str


class BoardCounts(Invariant):
    """Compare the cells of the board with a count of all deals; a cell that waits to be counted is left out."""

    name = "board"
    promise = "counts and sums of the board are those of the deals, by stage, responsible user and currency"

    def __init__(self) -> None:
        super().__init__()
        self._deals: defaultdict[_Cell, defaultdict[_Alike, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
        self._cells: dict[_Cell, dict[_Alike, tuple[int, Decimal]]] = {}
        self._waiting: set[_Cell] = set()

    def take_document(self, stored: Stored) -> None:
        if stored.type.noun != "deal" or stored.state.deleted_at is not None or stored.state.is_recurring:
            return
        deal = stored.state
        alike = _Alike(deal.open_to_all, deal.amount.currency)
        self._deals[deal.pipeline_id, deal.stage_id, deal.responsible_id][alike].append(deal.amount.value)

    def take_cell(self, document: Document) -> None:
        """Take a cell, after all documents."""
        cell = document["pipeline_id"], document["stage_id"], document["responsible_id"]
        self._cells[cell] = {
            _Alike(OPEN in each["access"], each["currency"]): (each["number"], each["sum"])
            for each in document.get("counts", ())
        }
        if "due" in document:
            self._waiting.add(cell)

    def broken(self) -> Iterator[Finding]:
        counted = {
            cell: {by: (len(amounts), sum(amounts, Decimal(0))) for by, amounts in alike.items()}
            for cell, alike in self._deals.items()
        }
        for cell in sorted({*counted, *self._cells} - self._waiting):
            self.checked += 1
            if counted.get(cell, {}) != self._cells.get(cell, {}):
                pipeline_id, stage_id, user = cell
                detail = f"counts otherwise than there are deals of {user} on the stage {stage_id}"
                yield self._finding(f"pipeline:{pipeline_id}", detail)
