"""Pipelines of deals and their stages (DEAL-07); so far the default pipeline alone."""

from collections.abc import Collection
from typing import Final

from shared.elements.domain.pipelines import check_pipeline
from shared.elements.domain.stages import Stage, StageSet

DEFAULT_PIPELINE: Final = "default"

PIPELINES: Final = {
    DEFAULT_PIPELINE: StageSet(
        [
            Stage(id="NEW", name="New", semantic="P", sort=10, color="#39A8EF", system=True),
            Stage(id="PREPARATION", name="Preparing documents", semantic="P", sort=20, color="#2FC6F6"),
            Stage(id="PREPAYMENT_INVOICE", name="Prepayment invoice", semantic="P", sort=30, color="#55D0E0"),
            Stage(id="EXECUTING", name="In progress", semantic="P", sort=40, color="#47E4C2"),
            Stage(id="FINAL_INVOICE", name="Final invoice", semantic="P", sort=50, color="#FFA900"),
            Stage(id="WON", name="Won", semantic="S", sort=60, color="#7BD500", system=True),
            Stage(id="LOSE", name="Lost", semantic="F", sort=70, color="#FF5752", system=True),
            Stage(id="APOLOGY", name="Analyse the failure", semantic="F", sort=80, color="#FF5752"),
        ]
    )
}


def stages_of(pipeline_id: str, known: Collection[str] = tuple(PIPELINES)) -> StageSet:
    """Find the stages of a pipeline; `known` are those that the caller may know of (PERM-03).

    Raises:
        PipelineNotFound: there is none of this code.
    """
    check_pipeline(pipeline_id, known)
    return PIPELINES[pipeline_id]
