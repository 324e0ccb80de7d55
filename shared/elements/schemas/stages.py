"""Stages in requests and answers."""

from typing import Annotated, Any, Self

from crm_contracts.pipelines import Stage
from crm_contracts.values import StageSemantic
from pydantic import BaseModel, Field, StringConstraints

from shared.elements.schemas.scalars import Code, Sort
from shared.kit.web.schemas import Input

StageName = Annotated[str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True)]
_Color = Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$"), Field(examples=["#39A8EF"])]


class StageIn(Input):
    """The stage to move to."""

    stage_id: Code


class StageFieldsIn(Input):
    """Changeable fields of a stage; absent fields stay unchanged (PIPE-06)."""

    name: StageName = ""
    sort: Sort = Field(default=0, description="place among the stages, the smallest first")
    color: _Color | None = None

    def fields(self) -> dict[str, Any]:
        """Take the fields that the caller sent."""
        return self.model_dump(exclude_unset=True)


class NewStage(Input):
    """A new stage; its id and what it means never change (PIPE-06). Each kind of elements has ids of its own."""

    id: str
    name: StageName
    semantic: StageSemantic = "P"
    sort: Sort | None = Field(default=None, description="place among the stages; null for the last of its meaning")
    color: _Color | None = None


class StageOut(BaseModel):
    """A stage; `semantic` is P (process), S (success) or F (failure), `color` is `#RRGGBB` (DICT-02)."""

    id: str
    name: str
    semantic: StageSemantic
    sort: int
    color: str | None
    system: bool

    @classmethod
    def of(cls, stage: Stage) -> Self:
        """Show a stage."""
        return cls(**dict(stage))
