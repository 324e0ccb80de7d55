"""Use cases of pipelines: seed, create, correct and delete them, and their stages (PIPE-01, PIPE-04, PIPE-06)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from crm_contracts.pipelines import DEFAULT_PIPELINE
from crm_contracts.values import StageSemantic

from services.deals.pipeline.domain.errors import PipelineHasDeals, StageHasDeals, TooManyPipelines
from services.deals.pipeline.domain.known import KnownPipelines
from services.deals.pipeline.domain.pipeline import Pipeline
from shared.kit.domain import Cause, Clock, DomainError
from shared.kit.storage.repository import Records, Repository

ACTOR: Final = "service:deals"
MAX_PIPELINES: Final = 200
"""As many as are read at once; requests at the same moment may pass it by one or two."""


class DealsInPlace(Protocol):
    """Where deals are, read where they are written."""

    async def are_in(self, pipeline_id: str, stage_id: str | None = None) -> bool:
        """Return whether any deal is in a pipeline, or on a stage of it."""
        ...


@dataclass(frozen=True, slots=True)
class Emptied:
    """How it is made sure that what is deleted has no deals.

    Attributes:
        settled: waits until every replica knows what was closed.
    """

    deals: DealsInPlace
    settled: Callable[[], Awaitable[object]]
    clock: Clock


async def seed_pipelines(clock: Clock, *, pipelines: Repository[Pipeline]) -> None:
    """Create the default pipeline, once even where several replicas start (PIPE-01, DEAL-07)."""
    if await pipelines.find_with_deleted(DEFAULT_PIPELINE) is None:
        # The cause is the same in every replica, so the second insert is a repeat of the first.
        cause = Cause(key="seed:pipeline", actor=ACTOR, at=clock(), correlation_id="seed:pipeline")
        await pipelines.add(Pipeline.create(DEFAULT_PIPELINE, "Deals", 500), cause)


async def create_pipeline(
    id_: str, name: str, sort: int, cause: Cause, *, pipelines: Repository[Pipeline], known: KnownPipelines
) -> Pipeline:
    """Create a pipeline with its first stages (PIPE-01, PIPE-02).

    Raises:
        IdTaken: there is one of this id, or there was.
        TooManyPipelines: there are 200.
    """
    if len(known.ids) >= MAX_PIPELINES and id_ not in known.ids:
        raise TooManyPipelines(f"There are {MAX_PIPELINES} pipelines already.")
    return await pipelines.add(Pipeline.create(id_, name, sort), cause)


async def correct_pipeline(
    id_: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    pipelines: Records[Pipeline],
    expected_version: int | None = None,
) -> Pipeline:
    """Set name or place of a pipeline (PIPE-01).

    Raises:
        NotFound: there is none.
        VersionMismatch: the caller's copy is old.
    """
    return await pipelines.change(id_, lambda found: found.correct(changes), cause, expected_version=expected_version)


async def delete_pipeline(
    id_: str, cause: Cause, *, pipelines: Records[Pipeline], emptied: Emptied, expected_version: int | None = None
) -> None:
    """Delete a pipeline that has no deals (PIPE-04).

    Raises:
        NotFound: there is none.
        DefaultPipelineStays: it is the default one.
        PipelineHasDeals: it has a deal; nothing is changed.
        VersionMismatch: the caller's copy is old.
    """
    deletion = _Deletion(
        stage_id=None,
        check=Pipeline.check_deletable,
        close=lambda found: found.close(now=emptied.clock()),
        delete=lambda found: found.delete(now=emptied.clock()),
        refusal=PipelineHasDeals(f"There are deals in the pipeline {id_}."),
    )
    await _delete(id_, cause, deletion, pipelines=pipelines, emptied=emptied, expected_version=expected_version)


async def add_stage(
    id_: str,
    stage_id: str,
    name: str,
    semantic: StageSemantic,
    cause: Cause,
    *,
    pipelines: Records[Pipeline],
    sort: int | None = None,
    color: str | None = None,
    expected_version: int | None = None,
) -> Pipeline:
    """Add a stage to a pipeline (PIPE-06).

    Raises:
        NotFound: no such pipeline.
        WrongStageId, StageExists, StageOutOfOrder, TooManyStages: see `Pipeline.add_stage`.
        VersionMismatch: the caller's copy of the pipeline is old.
    """
    return await pipelines.change(
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
    pipelines: Records[Pipeline],
    expected_version: int | None = None,
) -> Pipeline:
    """Set name, place or colour of a stage (PIPE-06).

    Raises:
        NotFound: no such pipeline, or it has no such stage.
        StageOutOfOrder: see `Pipeline.change_stage`.
        VersionMismatch: the caller's copy of the pipeline is old.
    """
    return await pipelines.change(
        id_, lambda found: found.change_stage(stage_id, changes), cause, expected_version=expected_version
    )


async def delete_stage(
    id_: str,
    stage_id: str,
    cause: Cause,
    *,
    pipelines: Records[Pipeline],
    emptied: Emptied,
    forced: bool = False,
    expected_version: int | None = None,
) -> Pipeline:
    """Delete a stage that has no deals, one that came with the CRM only if it is `forced` (PIPE-06).

    Raises:
        NotFound: no such pipeline, or it has no such stage.
        StageStays, SystemStage: see `Pipeline.delete_stage`.
        StageHasDeals: a deal is on it; nothing is changed.
        VersionMismatch: the caller's copy of the pipeline is old.
    """
    whole = (await pipelines.get(id_)).stage(stage_id).id
    deletion = _Deletion(
        stage_id=whole,
        check=lambda found: found.check_stage_deletable(whole, forced=forced),
        close=lambda found: found.close_stage(whole, forced=forced, now=emptied.clock()),
        delete=lambda found: found.delete_stage(whole, forced=forced, now=emptied.clock()),
        refusal=StageHasDeals(f"There are deals on the stage {whole}."),
    )
    return await _delete(id_, cause, deletion, pipelines=pipelines, emptied=emptied, expected_version=expected_version)


@dataclass(frozen=True, slots=True)
class _Deletion:
    """The steps of a deletion of a pipeline, or of one of its stages."""

    stage_id: str | None
    check: Callable[[Pipeline], object]
    close: Callable[[Pipeline], object]
    delete: Callable[[Pipeline], object]
    refusal: DomainError


async def _delete(
    id_: str,
    cause: Cause,
    deletion: _Deletion,
    *,
    pipelines: Records[Pipeline],
    emptied: Emptied,
    expected_version: int | None,
) -> Pipeline:
    """Close it, look for deals once every replica knows that, and delete it, or open it again (ADR 0059)."""
    # Checked before anything is written, so that a deletion that is refused leaves no trace.
    await pipelines.change(id_, deletion.check, cause.step("check"), expected_version=expected_version)
    if await emptied.deals.are_in(id_, deletion.stage_id):
        raise deletion.refusal
    await pipelines.change(id_, deletion.close, cause.step("close"), expected_version=expected_version)
    await emptied.settled()
    if await emptied.deals.are_in(id_, deletion.stage_id):
        await pipelines.change(id_, lambda found: found.open_again(deletion.stage_id), cause.step("open"))
        raise deletion.refusal
    return await pipelines.change(id_, deletion.delete, cause)
