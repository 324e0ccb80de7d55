"""Requests and answers of the API of pipelines."""

from typing import Annotated, Any

from crm_contracts.pipelines import PipelineState
from pydantic import AfterValidator, Field, StringConstraints

from services.deals.pipeline.domain.pipeline import MAX_PIPELINE_ID, MAX_STAGE_ID, Pipeline
from shared.elements.schemas.stages import NewStage, StageName
from shared.elements.schemas.strict_types import WHOLE
from shared.kit.web.schemas import Input

MAX_SORT = 10**6
PipelineId = Annotated[
    str, StringConstraints(pattern=rf"^[A-Za-z0-9_-]{{1,{MAX_PIPELINE_ID}}}$"), Field(examples=["partners"])
]
"""Id of a new pipeline: letters, digits, `_` and `-`."""
_StageId = Annotated[
    str, StringConstraints(pattern=rf"^[A-Za-z0-9_:-]{{1,{MAX_STAGE_ID}}}$"), Field(examples=["NEGOTIATION"])
]
_NotNegative = Annotated[int, Field(ge=-MAX_SORT, le=MAX_SORT), WHOLE, AfterValidator(lambda given: max(0, given))]
"""A place; a negative one counts as 0 (PIPE-01)."""


class PipelineFieldsIn(Input):
    """Changeable fields of a pipeline; absent fields stay unchanged."""

    name: StageName = ""
    sort: _NotNegative = Field(default=500, description="place in the list, the smallest first; a negative one is 0")

    def fields(self) -> dict[str, Any]:
        """Take the fields that the caller sent."""
        return self.model_dump(exclude_unset=True)


class PipelineIn(Input):
    """A new pipeline (PIPE-01)."""

    id: PipelineId | None = Field(default=None, description="a short code; made by the service where it is absent")
    name: StageName
    sort: _NotNegative = Field(default=500, description="place in the list, the smallest first; a negative one is 0")


class NewStageIn(NewStage):
    """A new stage; its id and what it means never change (PIPE-06)."""

    id: _StageId = Field(description="unique in its pipeline; it gets the prefix of the pipeline if it is without")


class PipelineOut(PipelineState):
    """A pipeline with its stages in their order, and its version."""

    version: int

    @classmethod
    def of(cls, pipeline: Pipeline) -> "PipelineOut":
        """Show a pipeline."""
        return cls(**dict(pipeline.state), version=pipeline.version)
