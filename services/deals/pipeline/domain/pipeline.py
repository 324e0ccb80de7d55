"""Rules of a pipeline: its fields, its stages, and how it is closed before it is deleted (PIPE-01, PIPE-06)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Self
from uuid import UUID

from crm_contracts.pipelines import (
    DEFAULT_PIPELINE,
    PipelineCreated,
    PipelineDeleted,
    PipelineFields,
    PipelineState,
    PipelineUpdated,
    stage_prefix,
)
from crm_contracts.values import ElementRef

from services.deals.pipeline.domain.errors import DefaultPipelineStays
from services.deals.pipeline.domain.seeds import first_stages
from shared.elements.domain.element import state_of
from shared.elements.domain.stage_owner import OwnsStages
from shared.elements.domain.stages import StageIds, StageSet
from shared.kit.domain import change_fields

MAX_STAGE_ID: Final = 22
MAX_PIPELINE_ID: Final = 8
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_CODE: Final = 6


def code_of(new_id: str) -> str:
    """Make a short code of a new id: the same for each repeat of a request."""
    number, code = UUID(new_id).int, ""
    while len(code) < _CODE:
        number, digit = divmod(number, len(_DIGITS))
        code += _DIGITS[digit]
    return code


class Pipeline(OwnsStages, PipelineFields):
    """The stages that deals of one kind go through; its id is a short code."""

    NOUN: ClassVar[str] = "pipeline"

    is_default: bool = False
    """Whether it is the one that is always there."""

    @classmethod
    def create(cls, id_: str, name: str, sort: int) -> Self:
        """Create a pipeline with the stages that every one begins with (PIPE-02)."""
        is_default = id_ == DEFAULT_PIPELINE
        pipeline = cls(id=id_, name=name, sort=sort, stages=tuple(first_stages(id_)), is_default=is_default)
        pipeline.record(PipelineCreated(pipeline=pipeline.state))
        return pipeline

    @property
    def ref(self) -> ElementRef:
        """Reference to this pipeline."""
        return ElementRef(type=self.NOUN, id=self.id, title=self.name)

    @property
    def state(self) -> PipelineState:
        """What its events and answers show."""
        return state_of(self, PipelineState)

    @property
    def stage_ids(self) -> StageIds:
        """Ids with the prefix of the pipeline."""
        return StageIds(MAX_STAGE_ID, stage_prefix(self.id))

    @property
    def stage_set(self) -> StageSet:
        """Its stages, with their rules."""
        return StageSet(self.stages, stage_prefix(self.id))

    @property
    def place(self) -> tuple[int, bool, str]:
        """Where it stands among all pipelines."""
        return self.sort, not self.is_default, self.id

    def correct(self, changes: Mapping[str, Any]) -> None:
        """Change name or place; record nothing where it has them already."""
        changed = change_fields(self, changes, PipelineFields)
        if changed is not None:
            before, after = changed
            self.record(PipelineUpdated(pipeline=self.ref, before=before, after=after, state=self.state))

    def check_deletable(self) -> None:
        """Check that the pipeline may be deleted, but for its deals.

        Raises:
            DefaultPipelineStays: it is the default one.
        """
        if self.is_default:
            raise DefaultPipelineStays("The default pipeline is always there.")

    def close(self, *, now: datetime) -> None:
        """Let no deal enter the pipeline, which is to be deleted.

        Raises:
            DefaultPipelineStays: it is the default one.
        """
        self.check_deletable()
        self._close(None, now)

    def delete(self, *, at: datetime, now: datetime) -> None:
        """Delete the pipeline, which was closed, and has no deals; nothing that users entered remains.

        Args:
            at: when it was asked for: that is told.
            now: by which it is seen whether it is closed still.

        Raises:
            DefaultPipelineStays: it is the default one.
            DeletionLapsed: it is not closed for long enough any more.
        """
        self.check_deletable()
        self._check_closed(None, now)
        self.record(PipelineDeleted(pipeline=self.ref, before=self.state))
        change_fields(self, dict(PipelineFields()), PipelineFields)
        self.closing, self.deleted_at = (), at

    def _put_stages(self, stages: StageSet) -> None:
        self.correct({"stages": tuple(stages)})
