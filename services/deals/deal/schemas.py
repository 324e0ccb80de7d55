"""Request and answer bodies of deals."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from crm_contracts.deals import DealFields, DealState
from crm_contracts.pipelines import DEFAULT_PIPELINE, whole_stage_id
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from services.deals.deal.domain.deal import Deal
from shared.elements.domain.pipelines import PipelineNotFound
from shared.elements.domain.stage_errors import StageNotFound
from shared.elements.domain.stages import StageSet
from shared.elements.schemas.authorship import AuthoredIn
from shared.elements.schemas.client_field import ClientIn
from shared.elements.schemas.expansion import ExpandedField
from shared.elements.schemas.fields import fields_in
from shared.elements.schemas.filters import SalesFilters, filter_of
from shared.elements.schemas.given_fields import given_fields
from shared.elements.schemas.new_element import LEFT_OUT, NewElementIn
from shared.elements.schemas.origin import NewRecordIn
from shared.elements.schemas.scalars import Code, ElementId
from shared.elements.usecases.create_element import NewElement
from shared.kit.web.batches import BatchIn
from shared.kit.web.schemas import Input


class DealFieldsIn(fields_in(DealFields, base=Input)):  # type: ignore[misc] # derived from the contract
    """Fields of a deal; on PATCH, what is absent stays as it is."""

    def fields(self) -> dict[str, Any]:
        """Take the fields that the caller sent."""
        return given_fields(self, DealFields)


class DealUpsert(DealFieldsIn, NewElementIn):
    """A deal as another system has it; only a new one takes more of it than its fields (CMN-14)."""

    pipeline_id: ElementId = DEFAULT_PIPELINE

    @model_validator(mode="after")
    def _with_prefix(self) -> Self:
        """Take the id of a stage that is given without the prefix of its pipeline (PIPE-02)."""
        if self.stage_id is not None:
            self.stage_id = whole_stage_id(self.pipeline_id, self.stage_id)
        return self

    def to_domain(self, origin: tuple[str, str] | None) -> NewElement:
        """Make the value that the use cases take."""
        return self.new_element(self.fields(), origin)

    def kept_by(self, deal: Deal) -> list[str]:
        """List what is given for a new deal and that an existing one keeps as it is."""
        is_elsewhere = "pipeline_id" in self.model_fields_set and self.pipeline_id != deal.pipeline_id
        return [*self.left_out(deal), *(["pipeline_id"] if is_elsewhere else [])]


class DealIn(NewRecordIn, DealUpsert):
    """A new deal; nothing is mandatory (DEAL-01)."""


class DealItemIn(DealIn, AuthoredIn):
    """A deal of a batch: of another system it may have times and authors (DEAL-10)."""

    def to_domain(self, origin: tuple[str, str] | None) -> NewElement:
        """Make the value that the use cases take."""
        return replace(super().to_domain(origin), authorship=self.authorship)

    def kept_by(self, deal: Deal) -> list[str]:
        """List what is given for a new deal and that an existing one keeps as it is."""
        return [*super().kept_by(deal), *self.authored_otherwise(deal)]


class DealsIn(BatchIn[DealItemIn]):
    """New deals, or deals as another system has them."""


class DealStageIn(Input):
    """Where to move a deal: to a stage, to another pipeline, or to a stage there (DEAL-06, PIPE-05)."""

    stage_id: Code | None = Field(
        default=None, description="id of a stage; where it is absent or null, the first one of the pipeline"
    )
    pipeline_id: ElementId | None = Field(
        default=None, description="id of a pipeline; where it is absent or null, the one that the deal is in"
    )

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.stage_id is None and self.pipeline_id is None:
            code, message = "missing", "a stage or a pipeline is needed"
            raise PydanticCustomError(code, message)
        return self


class DealRankIn(Input):
    """Beside which card of its stage a deal is put: just above one, or just below one (DEAL-04)."""

    before: ElementId | None = Field(default=None, description="id of the deal that it is put just above")
    after: ElementId | None = Field(default=None, description="id of the deal that it is put just below")

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.before is None) == (self.after is None):
            code, message = "only_one", "either `before` or `after` is needed"
            raise PydanticCustomError(code, message)
        return self


class DealMoveIn(DealStageIn):
    """Move the deals to a stage, to another pipeline, or to a stage there."""

    type: Literal["move"]


class DealPatch(DealFieldsIn, ClientIn):
    """Changes of a deal: fields, or its client."""


class DealFilters(SalesFilters):
    """Filters of the list of deals."""

    stage_id: Annotated[str | None, Field(json_schema_extra={"format": "stage-id"})] = None
    pipeline_id: Annotated[str | None, Field(json_schema_extra={"format": "pipeline-id"})] = None
    lead_id: str | None = None
    filter: Annotated[str | None, filter_of("Deal")] = None

    @model_validator(mode="after")
    def _with_prefix(self) -> Self:
        """Take the id of a stage that is given without the prefix of its pipeline (PIPE-02)."""
        if self.pipeline_id is not None and self.stage_id is not None:
            self.stage_id = whole_stage_id(self.pipeline_id, self.stage_id)
        return self

    def check_places(self, stages: Mapping[str, StageSet]) -> None:
        """Check that there are the pipeline and the stage, of those that the caller may know of.

        Raises:
            InvalidQuery: names those that there are not; a stage of another pipeline is none.
        """
        there = [of for id_, of in stages.items() if self.pipeline_id in {None, id_}] or stages.values()
        ids = {stage.id for of in there for stage in of}
        known = {"stage_id": (ids, StageNotFound.code), "pipeline_id": (stages, PipelineNotFound.code)}
        self.check_known(known, query="/v1/deals/query")


class DealOut(DealState):
    """A deal with its version."""

    version: int
    expanded: ExpandedField = None

    @classmethod
    def of(cls, deal: Deal) -> "DealOut":
        """Show a deal."""
        return cls(**dict(deal.state), version=deal.version)


class DealUpserted(DealOut):
    """A deal after an upsert."""

    left_out: list[str] = Field(description=LEFT_OUT)

    @classmethod
    def by(cls, body: DealUpsert, deal: Deal, *, is_new: bool) -> "DealUpserted":
        """Show what became of the request."""
        return cls(**dict(DealOut.of(deal)), left_out=[] if is_new else body.kept_by(deal))


class ContactAdded(BaseModel):
    """Whether the contact was linked just now; false where it was already (CLI-06)."""

    added: bool
    deal: DealOut

    @classmethod
    def of(cls, deal: Deal, *, added: bool) -> "ContactAdded":
        """Show both."""
        return cls(added=added, deal=DealOut.of(deal))
