"""Bodies and answers of the API of the mode."""

from collections.abc import Collection
from datetime import datetime
from typing import Self

from crm_contracts.conversions import Activities
from crm_contracts.settings import ClientKind, ModeConversion, ModeName, ModeState
from pydantic import Field

from services.leads.mode.domain import CrmMode
from shared.elements.domain.pipelines import PipelineNotFound, check_pipeline
from shared.elements.schemas.scalars import ElementId
from shared.kit.web.schemas import Input


class ModeConversionIn(Input):
    """What leads become in Simple mode, and on the switch to it (MODE-08 to MODE-11)."""

    client: ClientKind = Field(default="contact", description="what is made of a caller who is no client yet")
    pipeline_id: ElementId = "default"
    activities: Activities = "complete"

    def to_domain(self, pipelines: Collection[str]) -> ModeConversion:
        """Make the value that the rules take.

        Raises:
            PipelineNotFound: there is none of that id, as far as leads has heard.
        """
        try:
            check_pipeline(self.pipeline_id, pipelines, is_view=True)
        except PipelineNotFound as error:
            raise PipelineNotFound.at(error.message, "conversion.pipeline_id") from None
        return ModeConversion(**self.model_dump())


class ModeIn(Input):
    """The mode that is chosen; without `conversion` its terms stay as they are."""

    mode: ModeName = Field(
        description="`classic`: leads stay until they are converted; `simple`: they become deals at once"
    )
    conversion: ModeConversionIn | None = Field(default=None, description="what leads become; null for what was chosen")

    def terms(self, pipelines: Collection[str]) -> ModeConversion | None:
        """Return the terms that are chosen, if any; see `ModeConversionIn`."""
        return None if self.conversion is None else self.conversion.to_domain(pipelines)


class PreviewIn(Input):
    """What leads would become; without `conversion` by the terms that are chosen."""

    conversion: ModeConversionIn | None = Field(default=None, description="what leads would become")


class ModeOut(ModeState):
    """The mode, and who chose it when."""

    changed_by: str = Field(examples=["user:anna"], description="who chose this, or `service:leads` at the first start")
    changed_at: datetime = Field(description="when that was")
    run_id: str | None = Field(
        description="the run that converts the leads that were active when Simple was chosen; null in Classic, and "
        "where the CRM began as Simple"
    )

    @classmethod
    def of(cls, mode: CrmMode) -> Self:
        """Show the mode."""
        run_id = None if mode.switched is None else mode.switched.run_id
        return cls(**dict(mode.state), changed_by=mode.changed_by, changed_at=mode.changed_at, run_id=run_id)
