"""The stages that the default pipeline and every new one begin with (DEAL-07, PIPE-02)."""

from collections.abc import Sequence
from typing import Final

from crm_contracts.pipelines import DEFAULT_FIRST_STAGE, DEFAULT_PIPELINE, Stage, stage_prefix

_DEFAULT: Final = (
    Stage(id=DEFAULT_FIRST_STAGE, name="New", semantic="P", sort=10, color="#39A8EF", system=True),
    Stage(id="PREPARATION", name="Preparing documents", semantic="P", sort=20, color="#2FC6F6"),
    Stage(id="PREPAYMENT_INVOICE", name="Prepayment invoice", semantic="P", sort=30, color="#55D0E0"),
    Stage(id="EXECUTING", name="In progress", semantic="P", sort=40, color="#47E4C2"),
    Stage(id="FINAL_INVOICE", name="Final invoice", semantic="P", sort=50, color="#FFA900"),
    Stage(id="WON", name="Won", semantic="S", sort=60, color="#7BD500", system=True),
    Stage(id="LOSE", name="Lost", semantic="F", sort=70, color="#FF5752", system=True),
    Stage(id="APOLOGY", name="Analyse the failure", semantic="F", sort=80, color="#FF5752"),
)
_SHORT: Final = {"PREPAYMENT_INVOICE": "PREPAYMENT", "FINAL_INVOICE": "INVOICE"}
"""Ids that would be too long with the prefix of a pipeline."""


def first_stages(pipeline_id: str) -> Sequence[Stage]:
    """Return the stages that a pipeline begins with, under ids of its own."""
    if pipeline_id == DEFAULT_PIPELINE:
        return _DEFAULT
    prefix = stage_prefix(pipeline_id)
    return [stage.model_copy(update={"id": prefix + _SHORT.get(stage.id, stage.id)}) for stage in _DEFAULT]
