"""The stage engine: an ordered set of stages, and what moving between them means (LEAD-06, DEAL-06, PIPE-07).

Pure. Any stage can be the target of a move; only a stage of another set cannot.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from crm_contracts.values import StageSemantic, Value

from shared.kit.domain import DomainError, Invalid


class StageNotFound(Invalid):
    """No such stage in the set that the element goes through."""

    code = "stage_not_in_pipeline"


class Stage(Value):
    """One stage; `semantic` is process, success or failure, `system` that it came with the CRM and stays (DICT-02)."""

    id: str
    name: str
    semantic: StageSemantic
    sort: int
    color: str | None = None
    system: bool = False


class ProcessStage(NamedTuple):
    """The errors of a stage that belongs to a process, which alone moves an element there: stage and process agree.

    Attributes:
        use: of a move or a creation there by hand; names the process to use.
        ended: of a move out of it, where the process has ended the element.
    """

    use: type[DomainError]
    ended: type[DomainError]


class StageSet:
    """The stages of one pipeline, in order."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = sorted(stages, key=lambda stage: stage.sort)

    def __iter__(self) -> Iterator[Stage]:
        return iter(self._stages)

    @property
    def first(self) -> Stage:
        """Where new elements start."""
        return self._stages[0]

    def initial(self, stage_id: str | None) -> Stage:
        """Choose the stage of a new element: the given one, or the first.

        Raises:
            StageNotFound: it belongs to no stage of this set.
        """
        return self.get(stage_id) if stage_id else self.first

    def is_first(self, stage_id: str) -> bool:
        """Whether new elements start on this stage."""
        return stage_id == self.first.id

    @property
    def success(self) -> Stage:
        """The one stage that means success."""
        return next(stage for stage in self._stages if stage.semantic == "S")

    def get(self, stage_id: str) -> Stage:
        """Find the stage with this code.

        Raises:
            StageNotFound: it belongs to no stage of this set.
        """
        for stage in self._stages:
            if stage.id == stage_id:
                return stage
        there = ", ".join(stage.id for stage in self._stages)
        raise StageNotFound.at(f"There is no stage {stage_id} here; there are {there}.", "stage_id")


class StagedElement(Protocol):
    """An element that goes through stages."""

    stage_id: str
    stage_semantic: StageSemantic
    previous_stage_id: str | None
    moved_at: datetime | None
    moved_by: str | None
    closed_at: datetime | None


def enter_stage(element: StagedElement, stage: Stage, *, by: str, at: datetime) -> None:
    """Put an element on a stage: success and failure close it, process opens it again (LEAD-07, DEAL-08)."""
    element.previous_stage_id, element.stage_id = element.stage_id, stage.id
    element.stage_semantic = stage.semantic
    element.moved_at = at
    element.moved_by = by
    element.closed_at = None if stage.semantic == "P" else at
