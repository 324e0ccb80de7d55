"""Use cases of pipelines: seed, create, correct and delete them (PIPE-01, PIPE-04)."""

from collections.abc import Mapping
from typing import Any, Final

from crm_contracts.pipelines import DEFAULT_PIPELINE

from services.deals.pipeline.domain.errors import PipelineHasDeals, TooManyPipelines
from services.deals.pipeline.domain.known import KnownPipelines
from services.deals.pipeline.domain.pipeline import Pipeline
from shared.elements.usecases.stages import Deletion, Emptied, delete_emptied
from shared.kit.domain import Cause, Clock
from shared.kit.storage.repository import Records, Repository

ACTOR: Final = "service:deals"
MAX_PIPELINES: Final = 200
"""As many as are read at once; requests at the same moment may pass it by one or two."""


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
    deletion = pipeline_deletion(id_, cause, emptied)
    await delete_emptied(id_, cause, deletion, owners=pipelines, emptied=emptied, expected_version=expected_version)


def pipeline_deletion(id_: str, cause: Cause, emptied: Emptied) -> Deletion[Pipeline]:
    """Make the steps of the deletion of a pipeline."""
    return Deletion(
        stage_id=None,
        check=Pipeline.check_deletable,
        close=lambda found: found.close(now=emptied.clock()),
        delete=lambda found: found.delete(at=cause.at, now=emptied.clock()),
        refusal=PipelineHasDeals(f"There are deals in the pipeline {id_}."),
    )
