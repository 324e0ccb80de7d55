"""Move elements off stages that were deleted while they were on their way there (ADR 0059)."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, Protocol, TypeAlias, TypeVar

from shared.elements.domain.stage_owner import Place
from shared.kit.domain import Aggregate, Cause, Clock, DomainError, derived_id
from shared.kit.storage.repository import Repository
from shared.kit.telemetry.logs import log

STRANDED_EVERY_S: Final = 30.0

E = TypeVar("E", bound=Aggregate)

WayOut: TypeAlias = Callable[[Cause, E], object]
"""Moves an element, unless it has left the place meanwhile."""


class IdsInPlace(Protocol):
    """Where elements are."""

    async def ids_in(self, owner_id: str, stage_id: str | None = None) -> Sequence[str]:
        """Return ids of the elements that are on a stage, or on any that the owner has."""
        ...


class FormerPlaces(Protocol):
    """What is left of the places that were deleted."""

    async def former_places(self) -> Sequence[Place]:
        """Return owners that were deleted, each with no stage, and stages that were, each with its owner."""
        ...


async def move_stranded(
    way_out: Callable[[Place], Awaitable[WayOut[E]]],
    clock: Clock,
    *,
    actor: str,
    elements: Repository[E],
    places: IdsInPlace,
    owners: FormerPlaces,
) -> int:
    """Move elements that came to a place after it was deleted to where new ones start.

    That takes a way of more than a second between reading stages and writing the element. One that cannot be moved now
    is left to the next time.

    Returns:
        Their number.
    """
    moved, at = 0, clock()
    for place in await owners.former_places():
        ids = await places.ids_in(*place)
        # It may have been added again since these places were read: then what is there may stay.
        if not ids or place not in await owners.former_places():
            continue
        for id_ in ids:
            key = f"stranded:{place.owner_id}:{place.stage_id or ''}:{id_}"
            cause = Cause(key=f"{key}:{at.isoformat()}", actor=actor, at=at, correlation_id=derived_id(key))
            try:
                move = await way_out(place)
                await elements.change(id_, partial(move, cause), cause)
            except DomainError as error:
                log.warning("stranded element left", element=elements.noun, id=id_, code=error.code)
                continue
            moved += 1
    return moved
