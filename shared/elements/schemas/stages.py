"""Stages in requests and answers."""

from pydantic import BaseModel

from shared.elements.schemas.scalars import Code
from shared.kit.web.schemas import Input


class StageIn(Input):
    """The stage to move to."""

    stage_id: Code


class StageOut(BaseModel):
    """A stage; `semantic` is P (process), S (success) or F (failure)."""

    id: str
    name: str
    semantic: str
    sort: int
