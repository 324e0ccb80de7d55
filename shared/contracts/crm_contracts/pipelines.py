"""Pipelines of deals, their stages, and the events about them, on `crm.deals.events` (PIPE-01, PIPE-09).

Each event but the deletion carries its pipeline whole, so a consumer's view of it is the newest event.
"""

from typing import Annotated, ClassVar, Final

from pydantic import Field

from crm_contracts.events import Created, ElementEvent, Updated
from crm_contracts.field_spec import FieldSpec
from crm_contracts.values import ChangedFields, ElementRef, Fields, StageSemantic, Value

DEFAULT_PIPELINE: Final = "default"
"""The pipeline that is always there."""
DEFAULT_FIRST_STAGE: Final = "NEW"
"""Where its deals start: the first stage of a pipeline never changes."""


def stage_prefix(pipeline_id: str) -> str:
    """Return what the ids of all stages of a pipeline begin with, so that no other pipeline has them (PIPE-02)."""
    return "" if pipeline_id == DEFAULT_PIPELINE else f"C{pipeline_id}:"


def with_prefix(prefix: str, stage_id: str) -> str:
    """Return the id of a stage of which all have this prefix; it may be given without (PIPE-02)."""
    return stage_id if stage_id.startswith(prefix) else f"{prefix}{stage_id}"


def whole_stage_id(pipeline_id: str, stage_id: str) -> str:
    """Return the id of a stage of a pipeline, which may be given without its prefix (PIPE-02)."""
    return with_prefix(stage_prefix(pipeline_id), stage_id)


class Stage(Value):
    """One stage; `semantic` is process, success or failure, `system` that it came with the CRM and stays (DICT-02)."""

    id: str = Field(examples=["NEW"], description="unique among all stages of its kind of element; immutable")
    name: str = Field(examples=["New"])
    semantic: StageSemantic
    sort: int = Field(examples=[10])
    color: str | None = None
    system: bool = False


class PipelineFields(Fields):
    """What may change of a pipeline; stages change one by one (PIPE-06)."""

    name: Annotated[str, FieldSpec(shortest=1)] = Field(default="", examples=["Partners"])
    sort: Annotated[int, FieldSpec(at_least=0)] = 500
    stages: tuple[Stage, ...] = Field(
        default=(),
        description="in their order: in process (P), the one success (S), failures (F); deals start on the first",
    )


class PipelineState(PipelineFields):
    """A pipeline, whole."""

    id: str = Field(examples=["partners"], description="a short code; immutable")
    is_default: bool = False


class OfPipeline(ElementEvent):
    """An event in the history of a pipeline."""

    pipeline: ElementRef

    @property
    def element(self) -> ElementRef:
        """The pipeline."""
        return self.pipeline


class PipelineCreated(Created):
    """A pipeline was created, with its first stages (PIPE-01, PIPE-02)."""

    ce_type: ClassVar[str] = "crm.pipeline.created.v1"
    pipeline: PipelineState

    @property
    def element(self) -> ElementRef:
        """The pipeline."""
        return ElementRef(type="pipeline", id=self.pipeline.id, title=self.pipeline.name)

    @property
    def state(self) -> PipelineState:
        """The pipeline, whole."""
        return self.pipeline


class PipelineUpdated(Updated, OfPipeline):
    """Fields of a pipeline changed, or a stage was added, changed or deleted; `state` is all of it from now on."""

    ce_type: ClassVar[str] = "crm.pipeline.updated.v1"
    before: Annotated[PipelineFields, ChangedFields]
    after: Annotated[PipelineFields, ChangedFields]
    state: PipelineState


class PipelineDeleted(OfPipeline):
    """A pipeline that had no deals was deleted (PIPE-04)."""

    ce_type: ClassVar[str] = "crm.pipeline.deleted.v1"
    before: PipelineState
