"""The cells that deals are counted in, and which of them an event tells to count anew (DEAL-04).

Pure. A cell has the deals of one user on one stage. A change that takes a deal to another cell tells both, each event
those of its own change: so no event depends on another one, nor on when it is heard.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

from crm_contracts.deals import (
    DealAmountChanged,
    DealCreated,
    DealDeleted,
    DealMovedToPipeline,
    DealResponsibleChanged,
    DealStageChanged,
    DealUpdated,
)
from crm_contracts.envelope import Event

Cell: TypeAlias = Mapping[str, str]

TOLD_BY: Final = (
    DealCreated,
    DealUpdated,
    DealDeleted,
    DealResponsibleChanged,
    DealAmountChanged,
    DealStageChanged,
    DealMovedToPipeline,
)
"""The events that tell of what cells depend on."""


@dataclass(frozen=True, slots=True)
class Total:
    """How many deals there are, and their amounts by currency; it may be that there are more."""

    number: int = 0
    sums: Mapping[str, Decimal] = field(default_factory=dict)
    is_exact: bool = True


class Stood(NamedTuple):
    """How many deals stood on each stage; there may have been more."""

    numbers: Mapping[str, int]
    is_exact: bool


def cell(pipeline_id: str, stage_id: str, responsible_id: str) -> Cell:
    """Name the cell of the deals that a user is responsible for on a stage."""
    return {"pipeline_id": pipeline_id, "stage_id": stage_id, "responsible_id": responsible_id}


def cells_of(event: Event) -> Sequence[Cell]:
    """Return the cells that a deal has entered or left.

    None are known of an event of an older version, which did not tell them: all are counted when the service starts.
    """
    match event:
        case DealCreated(deal=deal) | DealDeleted(before=deal):
            return [cell(deal.pipeline_id, deal.stage_id, deal.responsible_id)]
        case DealMovedToPipeline(responsible_id=str(user)):
            there = cell(event.pipeline_id, event.to_stage, user)
            return [cell(event.from_pipeline, event.from_stage, user), there]
        case DealStageChanged(responsible_id=str(user)):
            return [cell(event.pipeline_id, stage_id, user) for stage_id in (event.from_stage, event.to_stage)]
        case DealResponsibleChanged(pipeline_id=str(pipeline_id), stage_id=str(stage_id)):
            users = (event.previous_responsible_id, event.responsible_id)
            return [cell(pipeline_id, stage_id, user) for user in users]
    return []


def counts_otherwise(event: Event) -> bool:
    """Return whether a deal counts otherwise in its cell because of this."""
    return isinstance(event, DealAmountChanged) or (isinstance(event, DealUpdated) and "open_to_all" in event.changes)
