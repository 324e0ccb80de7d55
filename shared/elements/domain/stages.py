"""The stage engine: an ordered set of stages, its rules, and what moving between stages means (PIPE-06, PIPE-07).

Pure, and the same for every type of element that has stages. Any stage can be the target of a move (LEAD-06, DEAL-06);
only a stage of another set cannot.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from crm_contracts.pipelines import Stage, with_prefix
from crm_contracts.values import StageSemantic

from shared.elements.domain.stage_errors import (
    StageExists,
    StageNotFound,
    StageOutOfOrder,
    StageStays,
    SystemStage,
    TooManyStages,
    WrongStageId,
)
from shared.kit.domain import DomainError

MAX_STAGES: Final = 100
STEP: Final = 10
"""Between the places of stages that are added, so that others fit in between."""
_IN_ORDER: Final[Sequence[StageSemantic]] = ("P", "S", "F")


class ProcessStage(NamedTuple):
    """The errors of a stage that belongs to a process, which alone moves an element there: stage and process agree.

    Attributes:
        use: of a move or a creation there by hand; names the process to use.
        ended: of a move out of it, where the process has ended the element.
    """

    use: type[DomainError]
    ended: type[DomainError]


@dataclass(frozen=True, slots=True)
class StageIds:
    """The ids that stages of a set may have: letters, digits, `_` and `-`.

    Attributes:
        longest: characters of an id, its prefix included.
        prefix: what every id of the set begins with, so that it is no id of another set; an id that is given without it
            gets it.
    """

    longest: int
    prefix: str = ""

    def check(self, id_: str) -> str:
        """Return the whole id of a new stage.

        Raises:
            WrongStageId: it is too long, empty, or has other characters.
        """
        whole = with_prefix(self.prefix, id_)
        code = whole.removeprefix(self.prefix)
        if not code or not all(each.isascii() and (each.isalnum() or each in "_-") for each in code):
            raise WrongStageId.at(f"{id_!r} has to be made of the letters A to Z, a to z, digits, _ and -.", "id")
        if len(whole) > self.longest:
            counted = f", of which {len(self.prefix)} are {self.prefix}" if self.prefix else ""
            raise WrongStageId.at(f"{whole} has more than {self.longest} characters{counted}.", "id")
        return whole


class StageSet:
    """The stages of one pipeline, in order: those in process, the one success, failures (PIPE-06).

    A set never changes: what adds, changes or deletes a stage makes another one. Elements start on the first stage,
    which stays the first, so that what has not been moved since is known by its stage alone.
    """

    def __init__(self, stages: Sequence[Stage], prefix: str = "") -> None:
        """Arrange stages; of those with the same place and meaning the order in which they are given counts."""
        self._stages = tuple(sorted(stages, key=_place))
        self._prefix = prefix

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

    def find(self, stage_id: str) -> Stage | None:
        """Find the stage with this id, with or without the prefix of the set."""
        whole = with_prefix(self._prefix, stage_id)
        return next((stage for stage in self._stages if stage.id == whole), None)

    def get(self, stage_id: str) -> Stage:
        """Find the stage with this id, with or without the prefix of the set.

        Raises:
            StageNotFound: it belongs to no stage of this set.
        """
        stage = self.find(stage_id)
        if stage is None:
            there = ", ".join(stage.id for stage in self._stages)
            raise StageNotFound.at(f"There is no stage {stage_id} here; there are {there}.", "stage_id")
        return stage

    def without(self, stage_ids: Sequence[str]) -> "StageSet":
        """Leave out stages that no element may enter."""
        return StageSet([stage for stage in self._stages if stage.id not in stage_ids], self._prefix)

    def added(self, stage: Stage) -> "StageSet":
        """Add a stage; its id was checked before.

        Raises:
            StageExists: there is one of this id.
            StageOutOfOrder: it is a second success, or would stand among stages of another meaning, or first.
            TooManyStages: there are 100.
        """
        if any(each.id == stage.id for each in self._stages):
            raise StageExists(f"There is a stage {stage.id} already.")
        if len(self._stages) >= MAX_STAGES:
            raise TooManyStages(f"A pipeline has at most {MAX_STAGES} stages.")
        return self._checked([*self._stages, stage])

    def changed(self, stage_id: str, changes: Mapping[str, Any]) -> "StageSet":
        """Change name, place or colour of a stage; what it means stays as it is.

        Raises:
            StageNotFound: there is none of this id.
            StageOutOfOrder: it would stand among stages of another meaning, or another one first.
        """
        stage = self.get(stage_id)
        changed = stage.model_copy(update=dict(changes))
        if changed.sort == stage.sort:
            return self._checked([changed if each is stage else each for each in self._stages])
        return self._checked([*(each for each in self._stages if each is not stage), changed])

    def deleted(self, stage_id: str, *, forced: bool) -> "StageSet":
        """Delete a stage.

        Raises:
            StageNotFound: there is none of this id.
            StageStays: it is the first one, or the success.
            SystemStage: it came with the CRM, and it is not `forced`.
        """
        stage = self.get(stage_id)
        if stage in {self.first, self.success}:
            what = "deals and the like start there" if stage == self.first else "it is the one that means success"
            raise StageStays(f"The stage {stage.id} stays: {what}.")
        if stage.system and not forced:
            raise SystemStage(f"The stage {stage.id} came with the CRM; it is deleted with forced=true only.")
        return StageSet([each for each in self._stages if each is not stage], self._prefix)

    def place_of_new(self, semantic: StageSemantic) -> int:
        """Choose the place of a stage that is added without one: the last of its meaning."""
        if semantic != "P":
            return self._stages[-1].sort + STEP
        in_process = [stage for stage in self._stages if stage.semantic == "P"]
        return min(in_process[-1].sort + STEP, self.success.sort)

    def _checked(self, stages: Sequence[Stage]) -> "StageSet":
        """Make the set of these stages, if they are in order."""
        found = StageSet(stages, self._prefix)
        meanings = [_IN_ORDER.index(stage.semantic) for stage in found]
        if meanings.count(_IN_ORDER.index("S")) != 1:
            raise StageOutOfOrder.at("There is a stage that means success already.", "semantic")
        if meanings != sorted(meanings):
            success = self.success
            message = f"Stages in process come first, then {success.id} (now at {success.sort}), then failures."
            raise StageOutOfOrder.at(message, "sort")
        if found.first.id != self.first.id:
            raise StageOutOfOrder.at(f"{self.first.id} stays the first stage: elements start there.", "sort")
        return found


def _place(stage: Stage) -> tuple[int, int]:
    return stage.sort, _IN_ORDER.index(stage.semantic)


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
