"""Rules of a pipeline: its fields, its stages, and how it is closed before any of it is deleted (PIPE-01, PIPE-06).

Deals are documents of their own, so that there are none cannot be checked in the write that deletes. What is to be
deleted is closed first: no deal enters it from then on. Once every replica knows that, deals are looked for, and then
it is deleted, or opened again (ADR 0059).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Self
from uuid import UUID

from crm_contracts.pipelines import (
    DEFAULT_PIPELINE,
    PipelineCreated,
    PipelineDeleted,
    PipelineFields,
    PipelineState,
    PipelineUpdated,
    Stage,
    stage_prefix,
)
from crm_contracts.values import ElementRef, StageSemantic, Value

from services.deals.pipeline.domain.errors import DefaultPipelineStays, DeletionLapsed
from services.deals.pipeline.domain.seeds import first_stages
from shared.elements.domain.element import state_of
from shared.elements.domain.stages import StageIds, StageSet
from shared.kit.domain import Aggregate, NotFound, change_fields

MAX_STAGE_ID: Final = 22
CLOSED_FOR: Final = timedelta(seconds=60)
"""How long nothing enters what is to be deleted: a replica that ends meanwhile leaves nothing closed for ever."""
DELETED_WITHIN: Final = timedelta(seconds=30)
"""How soon it is deleted, at the latest, so that clocks which differ do not matter."""
MAX_FORMER: Final = 200
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


class Closing(Value):
    """A stage, or with none the whole pipeline, that no deal enters until a moment, because it is to be deleted."""

    stage_id: str | None
    until: datetime


class Pipeline(Aggregate, PipelineFields):
    """The stages that deals of one kind go through; its id is a short code."""

    NOUN: ClassVar[str] = "pipeline"

    is_default: bool = False
    """Whether it is the one that is always there."""
    closing: tuple[Closing, ...] = ()
    former_stages: tuple[str, ...] = ()
    """Stages that were deleted, for deals whose way to them was longer than anybody waited."""

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
    def stage_set(self) -> StageSet:
        """Its stages, with their rules."""
        return StageSet(self.stages, stage_prefix(self.id))

    @property
    def place(self) -> tuple[int, bool, str]:
        """Where it stands among all pipelines."""
        return self.sort, not self.is_default, self.id

    def stage(self, stage_id: str) -> Stage:
        """Find a stage, with or without the prefix of the pipeline.

        Raises:
            NotFound: it has none of this id.
        """
        stage = self.stage_set.find(stage_id)
        if stage is None:
            raise NotFound(f"The pipeline {self.id} has no stage {stage_id}.")
        return stage

    def correct(self, changes: Mapping[str, Any]) -> None:
        """Change name or place; record nothing where it has them already."""
        changed = change_fields(self, changes, PipelineFields)
        if changed is not None:
            before, after = changed
            self.record(PipelineUpdated(pipeline=self.ref, before=before, after=after, state=self.state))

    def add_stage(
        self, id_: str, name: str, semantic: StageSemantic, *, sort: int | None = None, color: str | None = None
    ) -> Stage:
        """Add a stage, without a `sort` as the last one of its meaning.

        Raises:
            WrongStageId: it is too long, its prefix included, or has other characters.
            StageExists, StageOutOfOrder, TooManyStages: see `StageSet.added`.
        """
        known = self.stage_set
        stage = Stage(
            id=StageIds(MAX_STAGE_ID, stage_prefix(self.id)).check(id_),
            name=name,
            semantic=semantic,
            sort=known.place_of_new(semantic) if sort is None else sort,
            color=color,
        )
        self._set_stages(known.added(stage))
        self.former_stages = tuple(each for each in self.former_stages if each != stage.id)
        return stage

    def change_stage(self, stage_id: str, changes: Mapping[str, Any]) -> None:
        """Change name, place or colour of a stage; record nothing where it has them already.

        Raises:
            NotFound: it has none of this id.
            StageOutOfOrder: see `StageSet.changed`.
        """
        self._set_stages(self.stage_set.changed(self.stage(stage_id).id, changes))

    def check_stage_deletable(self, stage_id: str, *, forced: bool) -> None:
        """Check that a stage may be deleted, but for its deals.

        Raises:
            NotFound: it has none of this id.
            StageStays, SystemStage: see `StageSet.deleted`.
        """
        self.stage_set.deleted(self.stage(stage_id).id, forced=forced)

    def close_stage(self, stage_id: str, *, forced: bool, now: datetime) -> None:
        """Let no deal enter a stage, which is to be deleted.

        Raises:
            NotFound, StageStays, SystemStage: see `check_stage_deletable`.
        """
        self.check_stage_deletable(stage_id, forced=forced)
        self._close(self.stage(stage_id).id, now)

    def delete_stage(self, stage_id: str, *, forced: bool, now: datetime) -> None:
        """Delete a stage that was closed, and has no deals.

        Raises:
            NotFound, StageStays, SystemStage: see `check_stage_deletable`.
            DeletionLapsed: it is not closed for long enough any more.
        """
        id_ = self.stage(stage_id).id
        left = self.stage_set.deleted(id_, forced=forced)
        self._check_closed(id_, now)
        self._set_stages(left)
        self.open_again(id_)
        self.former_stages = (*self.former_stages, id_)[-MAX_FORMER:]

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

    def delete(self, *, now: datetime) -> None:
        """Delete the pipeline, which was closed, and has no deals; nothing that users entered remains.

        Raises:
            DefaultPipelineStays: it is the default one.
            DeletionLapsed: it is not closed for long enough any more.
        """
        self.check_deletable()
        self._check_closed(None, now)
        self.record(PipelineDeleted(pipeline=self.ref, before=self.state))
        change_fields(self, dict(PipelineFields()), PipelineFields)
        self.closing, self.deleted_at = (), now

    def open_again(self, stage_id: str | None) -> None:
        """Let deals enter what was to be deleted."""
        self.closing = tuple(each for each in self.closing if each.stage_id != stage_id)

    def closed(self, *, now: datetime) -> frozenset[str | None]:
        """Return what no deal enters now: ids of stages, and None for all of it."""
        return frozenset(each.stage_id for each in self.closing if each.until > now)

    def _close(self, stage_id: str | None, now: datetime) -> None:
        self.open_again(stage_id)
        lasting = tuple(each for each in self.closing if each.until > now)
        self.closing = (*lasting, Closing(stage_id=stage_id, until=now + CLOSED_FOR))

    def _check_closed(self, stage_id: str | None, now: datetime) -> None:
        until = next((each.until for each in self.closing if each.stage_id == stage_id), None)
        if until is None or now > until - CLOSED_FOR + DELETED_WITHIN:
            raise DeletionLapsed("Deals could enter it again meanwhile; nothing was deleted.")

    def _set_stages(self, stages: StageSet) -> None:
        self.correct({"stages": tuple(stages)})
