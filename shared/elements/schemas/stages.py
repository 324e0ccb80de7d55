"""Stages in requests and answers."""

from typing import Self

from crm_contracts.pipelines import Stage
from crm_contracts.values import StageSemantic
from pydantic import BaseModel

from shared.elements.schemas.scalars import Code
from shared.kit.web.schemas import Input


class StageIn(Input):
    """The stage to move to."""

    stage_id: Code


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
