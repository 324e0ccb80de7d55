"""Move an element to another stage (LEAD-07, DEAL-06)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from shared.elements.domain.stages import StageSet
from shared.elements.domain.traits import HasStage
from shared.kit.domain import Cause
from shared.kit.storage.repository import Records

E = TypeVar("E", bound=HasStage)


async def move_element(
    id_: str,
    stage_id: str,
    cause: Cause,
    *,
    elements: Records[E],
    stages: StageSet,
    expected_version: int | None = None,
) -> E:
    """Move to any of these stages; being there already is a success without effect.

    Raises:
        StageNotFound: no such stage in the set.
        DomainError: the stage belongs to a process, or a process has ended the element.
    """

    def move(element: E) -> None:
        element.move_by_hand(stages.get(stage_id), stages.first, by=cause.actor, at=cause.at)

    return await elements.change(id_, move, cause, expected_version=expected_version)


async def move_in_bulk(
    parameters: Mapping[str, Any],
    id_: str,
    cause: Cause,
    elements: Records[E],
    *,
    stages: Callable[[], Awaitable[StageSet]],
) -> E:
    """Move one of many elements, by the stages that there are at that moment (DEAL-03)."""
    return await move_element(id_, parameters["stage_id"], cause, elements=elements, stages=await stages())
