"""Requests of the API of stages."""

from typing import Annotated

from pydantic import Field, StringConstraints

from services.leads.stage.domain import MAX_STAGE_ID
from shared.elements.schemas.stages import NewStage

_StageId = Annotated[
    str, StringConstraints(pattern=rf"^[A-Za-z0-9_-]{{1,{MAX_STAGE_ID}}}$"), Field(examples=["NEGOTIATION"])
]


class NewStageIn(NewStage):
    """A new stage; its id and what it means never change (PIPE-06)."""

    id: _StageId = Field(description="unique among the stages of leads")
