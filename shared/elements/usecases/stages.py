"""Add, change and delete the stages that elements of one kind go through (PIPE-06, PIPE-07)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from crm_contracts.values import StageSemantic

from shared.elements.domain.stage_owner import OwnsStages
from shared.kit.domain import Cause, Clock, DomainError
from shared.kit.storage.repository import Records

S = TypeVar("S", bound=OwnsStages)


class ElementsInPlace(Protocol):
    """Where elements are, read where they are written."""

    async def are_in(self, owner_id: str, stage_id: str | None = None) -> bool:
        """Return whether any element is on a stage, or on any that the owner has."""
        ...


@dataclass(frozen=True, slots=True)
class Emptied:
    """How it is made sure that what is deleted has no elements.

    Attributes:
        settled: waits until every replica knows what was closed.
    """

    elements: ElementsInPlace
    settled: Callable[[], Awaitable[object]]
    clock: Clock


async def add_stage(
    id_: str,
    stage_id: str,
    name: str,
    semantic: StageSemantic,
    cause: Cause,
    *,
    owners: Records[S],
    sort: int | None = None,
    color: str | None = None,
    expected_version: int | None = None,
) -> S:
    """Add a stage to those of its owner.

    Raises:
        NotFound: no such owner.
        WrongStageId, StageExists, StageOutOfOrder, TooManyStages: see `OwnsStages.add_stage`.
        VersionMismatch: the caller's copy of the owner is old.
    """
    return await owners.change(
        id_,
        lambda found: found.add_stage(stage_id, name, semantic, sort=sort, color=color),
        cause,
        expected_version=expected_version,
    )


async def change_stage(
    id_: str,
    stage_id: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    owners: Records[S],
    expected_version: int | None = None,
) -> S:
    """Set name, place or colour of a stage.

    Raises:
        NotFound: no such owner, or it has no such stage.
        StageOutOfOrder: see `OwnsStages.change_stage`.
        VersionMismatch: the caller's copy of the owner is old.
    """
    return await owners.change(
        id_, lambda found: found.change_stage(stage_id, changes), cause, expected_version=expected_version
    )


async def delete_stage(
    id_: str,
    stage_id: str,
    cause: Cause,
    *,
    owners: Records[S],
    emptied: Emptied,
    occupied: Callable[[str], DomainError],
    forced: bool = False,
    expected_version: int | None = None,
) -> S:
    """Delete a stage that has no elements, one that came with the CRM only if it is `forced`.

    `occupied` makes the error of a stage that has any, with which nothing is changed.

    Raises:
        NotFound: no such owner, or it has no such stage.
        StageStays, SystemStage: see `OwnsStages.delete_stage`.
        VersionMismatch: the caller's copy of the owner is old.
    """
    whole = (await owners.get(id_)).stage(stage_id).id
    deletion: Deletion[S] = _stage_deletion(whole, emptied, occupied(whole), forced=forced)
    return await delete_emptied(id_, cause, deletion, owners=owners, emptied=emptied, expected_version=expected_version)


async def check_stage_deletion(
    id_: str,
    stage_id: str,
    cause: Cause,
    *,
    owners: Records[S],
    emptied: Emptied,
    occupied: Callable[[str], DomainError],
    forced: bool = False,
    expected_version: int | None = None,
) -> None:
    """Check, as far as is known now, that a stage may be deleted; nothing is written, and nothing closed.

    Raises:
        DomainError: as of `delete_stage`.
    """
    whole = (await owners.get(id_)).stage(stage_id).id
    deletion: Deletion[S] = _stage_deletion(whole, emptied, occupied(whole), forced=forced)
    await check_emptied(id_, cause, deletion, owners=owners, emptied=emptied, expected_version=expected_version)


@dataclass(frozen=True, slots=True)
class Deletion(Generic[S]):
    """The steps of a deletion of a stage, or of the owner with all of them.

    Attributes:
        refusal: raised where it has elements.
    """

    stage_id: str | None
    check: Callable[[S], object]
    close: Callable[[S], object]
    delete: Callable[[S], object]
    refusal: DomainError


def _stage_deletion(stage_id: str, emptied: Emptied, refusal: DomainError, *, forced: bool) -> Deletion[Any]:
    """Make the steps of the deletion of a stage, by its whole id."""
    return Deletion(
        stage_id=stage_id,
        check=lambda found: found.check_stage_deletable(stage_id, forced=forced),
        close=lambda found: found.close_stage(stage_id, forced=forced, now=emptied.clock()),
        delete=lambda found: found.delete_stage(stage_id, forced=forced, now=emptied.clock()),
        refusal=refusal,
    )


async def check_emptied(
    id_: str,
    cause: Cause,
    deletion: Deletion[S],
    *,
    owners: Records[S],
    emptied: Emptied,
    expected_version: int | None,
) -> None:
    """Check, as far as is known now, that it may be deleted and has no elements; nothing is written."""
    await owners.change(id_, deletion.check, cause.step("check"), expected_version=expected_version)
    if await emptied.elements.are_in(id_, deletion.stage_id):
        raise deletion.refusal


async def delete_emptied(
    id_: str,
    cause: Cause,
    deletion: Deletion[S],
    *,
    owners: Records[S],
    emptied: Emptied,
    expected_version: int | None,
) -> S:
    """Close it, look for elements once every replica knows that, and delete it, or open it again (ADR 0059)."""
    # Checked before anything is written, so that a deletion that is refused leaves no trace.
    await check_emptied(id_, cause, deletion, owners=owners, emptied=emptied, expected_version=expected_version)
    # It may have been opened again since the same request closed it: so each attempt closes it for itself.
    attempt = cause.step(emptied.clock().isoformat())
    await owners.change(id_, deletion.close, attempt.step("close"), expected_version=expected_version)
    await emptied.settled()
    if await emptied.elements.are_in(id_, deletion.stage_id):
        await owners.change(id_, lambda found: found.open_again(deletion.stage_id), attempt.step("open"))
        raise deletion.refusal
    return await owners.change(id_, deletion.delete, cause)
