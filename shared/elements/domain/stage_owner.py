"""Stages that administrators edit, and how one is closed before it is deleted (PIPE-06, PIPE-07).

Elements are documents of their own, so that none is on a stage cannot be checked in the write that deletes it. What
is to be deleted is closed first: no element enters it from then on. Once every replica knows that, elements are looked
for, and then it is deleted, or opened again (ADR 0059).
"""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from crm_contracts.pipelines import Stage
from crm_contracts.values import StageSemantic, Value

from shared.elements.domain.stage_errors import DeletionLapsed
from shared.elements.domain.stages import StageIds, StageSet
from shared.kit.domain import Aggregate, NotFound

CLOSED_FOR: Final = timedelta(seconds=60)
"""How long nothing enters what is to be deleted: a replica that ends meanwhile leaves nothing closed for ever."""
DELETED_WITHIN: Final = timedelta(seconds=30)
"""How soon it is deleted, at the latest, so that clocks which differ do not matter."""
MAX_FORMER: Final = 200


class Place(NamedTuple):
    """A stage of the document that owns it; with none all of its stages."""

    owner_id: str
    stage_id: str | None


class Closing(Value):
    """A stage, or with none all of them, that no element enters until a moment, because it is to be deleted."""

    stage_id: str | None
    until: datetime


class OwnsStages(Aggregate):
    """A document with the stages that elements of one kind go through."""

    closing: tuple[Closing, ...] = ()
    former_stages: tuple[str, ...] = ()
    """Stages that were deleted, for elements whose way to them was longer than anybody waited."""

    @property
    @abstractmethod
    def stage_ids(self) -> StageIds:
        """The ids that its stages may have."""

    @property
    @abstractmethod
    def stage_set(self) -> StageSet:
        """Its stages, with their rules."""

    @abstractmethod
    def _put_stages(self, stages: StageSet) -> None:
        """Have these stages from now on, and record in what they differ; nothing where they do not."""

    def open_stages(self, *, now: datetime) -> StageSet:
        """Return the stages that an element may enter now."""
        return self.stage_set.without([each for each in self.closed(now=now) if each is not None])

    def stage(self, stage_id: str) -> Stage:
        """Find a stage, with or without the prefix of its ids.

        Raises:
            NotFound: there is none of this id.
        """
        stage = self.stage_set.find(stage_id)
        if stage is None:
            raise NotFound(f"The {self.NOUN} {self.id} has no stage {stage_id}.")
        return stage

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
            id=self.stage_ids.check(id_),
            name=name,
            semantic=semantic,
            sort=known.place_of_new(semantic) if sort is None else sort,
            color=color,
        )
        self._put_stages(known.added(stage))
        self.former_stages = tuple(each for each in self.former_stages if each != stage.id)
        return stage

    def change_stage(self, stage_id: str, changes: Mapping[str, Any]) -> None:
        """Change name, place or colour of a stage; record nothing where it has them already.

        Raises:
            NotFound: there is none of this id.
            StageOutOfOrder: see `StageSet.changed`.
        """
        self._put_stages(self.stage_set.changed(self.stage(stage_id).id, changes))

    def check_stage_deletable(self, stage_id: str, *, forced: bool) -> None:
        """Check that a stage may be deleted, but for its elements.

        Raises:
            NotFound: there is none of this id.
            StageStays, SystemStage: see `StageSet.deleted`.
        """
        self.stage_set.deleted(self.stage(stage_id).id, forced=forced)

    def close_stage(self, stage_id: str, *, forced: bool, now: datetime) -> None:
        """Let no element enter a stage, which is to be deleted.

        Raises:
            NotFound, StageStays, SystemStage: see `check_stage_deletable`.
        """
        self.check_stage_deletable(stage_id, forced=forced)
        self._close(self.stage(stage_id).id, now)

    def delete_stage(self, stage_id: str, *, forced: bool, now: datetime) -> None:
        """Delete a stage that was closed, and has no elements.

        Raises:
            NotFound, StageStays, SystemStage: see `check_stage_deletable`.
            DeletionLapsed: it is not closed for long enough any more.
        """
        id_ = self.stage(stage_id).id
        left = self.stage_set.deleted(id_, forced=forced)
        self._check_closed(id_, now)
        self._put_stages(left)
        self.open_again(id_)
        self.former_stages = (*self.former_stages, id_)[-MAX_FORMER:]

    def open_again(self, stage_id: str | None) -> None:
        """Let elements enter what was to be deleted."""
        self.closing = tuple(each for each in self.closing if each.stage_id != stage_id)

    def closed(self, *, now: datetime) -> frozenset[str | None]:
        """Return what no element enters now: ids of stages, and None for all of them."""
        return frozenset(each.stage_id for each in self.closing if each.until > now)

    def _close(self, stage_id: str | None, now: datetime) -> None:
        self.open_again(stage_id)
        lasting = tuple(each for each in self.closing if each.until > now)
        self.closing = (*lasting, Closing(stage_id=stage_id, until=now + CLOSED_FOR))

    def _check_closed(self, stage_id: str | None, now: datetime) -> None:
        until = next((each.until for each in self.closing if each.stage_id == stage_id), None)
        if until is None or now > until - CLOSED_FOR + DELETED_WITHIN:
            raise DeletionLapsed("Elements could enter it again meanwhile; nothing was deleted.")


class KnownStages(NamedTuple):
    """The stages of elements that have no pipelines, at one moment.

    Attributes:
        every: all of them, those included that are being deleted.
        open: those that an element may enter.
    """

    every: StageSet
    open: StageSet
