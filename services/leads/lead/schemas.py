"""Request and answer bodies of leads.

Contact data is accepted as given: a phone that cannot be parsed has `normalized: null`, because a refused lead is lost.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Annotated, Any, Final

from crm_contracts.conversions import Activities, LinkedClient
from crm_contracts.leads import LeadFields, LeadState
from crm_contracts.values import ConversionTarget, ElementRef, OnDuplicate
from pydantic import BaseModel, Field, StrictBool

from services.leads.lead.domain.conversion import Conversion, ConversionState
from services.leads.lead.domain.conversion_request import ConversionRequest
from services.leads.lead.domain.errors import NothingToCreate
from services.leads.lead.domain.lead import Lead
from services.leads.stage.domain import CONVERTED
from shared.elements.domain.client_names import Names, may_be_read, renamed
from shared.elements.domain.pipelines import check_pipeline
from shared.elements.domain.stage_errors import StageNotFound
from shared.elements.domain.stages import StageSet
from shared.elements.schemas.authorship import AuthoredIn
from shared.elements.schemas.client_field import ClientIn
from shared.elements.schemas.contact_points import (
    ContactPointReading,
    ContactPointsIn,
    check_contact_points,
    contact_point_fields,
)
from shared.elements.schemas.expansion import ExpandedField
from shared.elements.schemas.fields import fields_in
from shared.elements.schemas.filters import SalesFilters, filter_of
from shared.elements.schemas.given_fields import given_fields
from shared.elements.schemas.new_element import LEFT_OUT, NewElementIn
from shared.elements.schemas.origin import NewRecordIn
from shared.elements.schemas.scalars import ElementId
from shared.elements.schemas.tracking import ShownTraces
from shared.elements.usecases.create_element import NewElement
from shared.kit.web.batches import BatchIn
from shared.kit.web.problems import Problem
from shared.kit.web.schemas import Input

MAX_CONVERSIONS: Final = 100


class LeadFieldsIn(fields_in(LeadFields, base=ContactPointsIn)):  # type: ignore[misc] # derived from the contract
    """Fields of a lead; on PATCH, what is absent stays as it is."""

    def fields(self, country: str, reading: ContactPointReading) -> dict[str, Any]:
        """Take the fields that the caller sent, with contact data normalised as far as it is sure.

        `country` is that of the installation.

        Raises:
            Invalid: names every phone and e-mail that is not valid, where the caller wants that.
        """
        given = given_fields(self, LeadFields)
        if reading.strict:
            check_contact_points(given, reading.country(country), strict=True)
        return given | contact_point_fields(given, reading.country(country))


class LeadUpsert(LeadFieldsIn, NewElementIn):
    """A lead as another system has it; only a new one takes more of it than its fields (CMN-14)."""

    converted_elsewhere: StrictBool = Field(
        default=False, description="it was converted in the other system, and is in the stage CONVERTED (LEAD-11)"
    )

    def to_domain(self, country: str, reading: ContactPointReading, origin: tuple[str, str] | None) -> NewElement:
        """Make the value that the use cases take."""
        new = self.new_element(self.fields(country, reading), origin)
        is_there = self.converted_elsewhere and new.stage_id is None
        return replace(new, stage_id=CONVERTED.id) if is_there else new

    def kept_by(self, lead: Lead) -> list[str]:
        """List what is given for a new lead and that an existing one keeps as it is."""
        return [*self.left_out(lead), *["converted_elsewhere"] * (self.converted_elsewhere and not lead.converted)]


class LeadIn(NewRecordIn, LeadUpsert):
    """A new lead; nothing is mandatory (LEAD-01)."""


class LeadItemIn(LeadIn, AuthoredIn):
    """A lead of a batch: of another system it may have times and authors (CMN-10)."""

    def kept_by(self, lead: Lead) -> list[str]:
        """List the same with times and authors."""
        return [*super().kept_by(lead), *self.authored_otherwise(lead)]


class LeadsIn(BatchIn[LeadItemIn]):
    """New leads, or leads as another system has them."""


class LeadPatch(LeadFieldsIn, ClientIn):
    """Changes of a lead: fields, or its client."""


class LeadFilters(SalesFilters):
    """Filters of the list of leads."""

    stage_id: Annotated[str | None, Field(json_schema_extra={"format": "stage-id"})] = None
    filter: Annotated[str | None, filter_of("Lead")] = None

    def check_stage(self, stages: StageSet) -> None:
        """Check that there is the stage.

        Raises:
            InvalidQuery: there is none of this id.
        """
        self.check_known({"stage_id": ([each.id for each in stages], StageNotFound.code)}, query="/v1/leads/query")


class ConversionTermsIn(Input):
    """What several leads may be converted into by one request."""

    targets: Annotated[list[ConversionTarget], Field(min_length=1, max_length=3)] | None = Field(
        default=None,
        description="contact and deal where absent, of a repeat lead the deal; nothing is added afterwards",
    )
    on_duplicate: OnDuplicate = "link"
    pipeline_id: ElementId = "default"
    activities: Activities = "complete"

    def to_domain(self, pipelines: Collection[str]) -> ConversionRequest:
        """Make the value that the rules take, which knows what was given and what is a default.

        Raises:
            PipelineNotFound: deals would refuse it, but only after the client was made.
        """
        check_pipeline(self.pipeline_id, pipelines, is_view=True)
        given = self.model_dump(exclude_unset=True, include=set(ConversionRequest.model_fields))
        return ConversionRequest(**given)


class ConversionIn(ConversionTermsIn):
    """What to convert into; without targets: contact and deal, for a repeat lead a deal for the client that it links.

    A lead without any name makes a contact whose first name is the lead's title; `targets: ["deal"]` makes none.

    `on_duplicate` says what becomes of clients that the lead may be about already. `link` takes the one that is the
    same client by name and phone or e-mail, or by its title as a company, and fills what it lacks; where that is not
    clear, the conversion is refused and names the candidates. `reject` refuses wherever there are any; `create` creates
    a client all the same. A client that is chosen by its id is linked whatever it says: with `contact_id` it speaks of
    the company alone, and `create` is refused where none is left to be created.

    A lead that is converted already is answered with the first result, unless something else is asked for: other
    targets, another client, or terms that were given and differ from those that were used. That is 409
    `lead_already_converted`, which names what it was converted into.
    """

    contact_id: ElementId | None = Field(
        default=None, description="the contact that the lead is about, such as one of the candidates: it is linked"
    )
    company_id: ElementId | None = Field(default=None, description="the company that the lead is about: it is linked")

    @property
    def links(self) -> dict[str, ElementRef]:
        """What is to be linked, by the field of the body."""
        chosen = {"contact": self.contact_id, "company": self.company_id}
        return {f"{type_}_id": ElementRef(type=type_, id=id_) for type_, id_ in chosen.items() if id_}

    def to_domain(self, pipelines: Collection[str]) -> ConversionRequest:
        """Make the value that the rules take.

        Raises:
            NothingToCreate: every client that it asks for is chosen, and a new one is asked for as well.
            PipelineNotFound: there is no such pipeline.
        """
        chosen = [field for field in ("contact_id", "company_id") if getattr(self, field)]
        wanted = [f"{target}_id" for target in self.targets or ("contact",) if target != "deal"]
        if self.on_duplicate == "create" and chosen and set(wanted) <= set(chosen):
            message = "A client is chosen, so there is none to create: send either of these fields."
            raise NothingToCreate.at(message, "on_duplicate", *chosen)
        return super().to_domain(pipelines)


class ConversionsIn(ConversionTermsIn):
    """The leads to convert, and what each is to be converted into, as in the request for one lead."""

    lead_ids: list[ElementId] = Field(
        min_length=1, max_length=MAX_CONVERSIONS, description="ids of the leads, each once, in the order of the results"
    )


class ConversionOut(BaseModel):
    """How far the conversion of a lead got.

    `duplicates` are what had the same phone, e-mail or company title; `linked` says what clients that were there
    already took of the lead, and in what they differ from it.
    """

    state: ConversionState
    conversion_id: str | None
    attempt: int
    targets: tuple[ConversionTarget, ...]
    on_duplicate: OnDuplicate
    contact: ElementRef | None
    company: ElementRef | None
    deal: ElementRef | None
    duplicates: tuple[ElementRef, ...]
    linked: tuple[LinkedClient, ...]
    code: str | None
    message: str | None
    candidates: tuple[ElementRef, ...]
    correlation_id: str | None

    @classmethod
    def of(cls, conversion: Conversion) -> "ConversionOut":
        """Show a conversion, without its proposed ids."""
        shown = {name: getattr(conversion, name) for name in cls.model_fields}
        return cls(**{**shown, "conversion_id": shown["conversion_id"] or None})

    @property
    def clients(self) -> tuple[ElementRef, ...]:
        """Every contact and company that it names."""
        results = tuple(ref for ref in (self.contact, self.company) if ref is not None)
        return (*results, *self.duplicates, *self.candidates, *(each.client for each in self.linked))

    def with_names(self, names: Names) -> "ConversionOut":
        """Show these by their current names, and of clients that the reader may not read those alone that it ended in.

        The lead links these as well, by their ids.
        """

        def shown(refs: Iterable[ElementRef]) -> tuple[ElementRef, ...]:
            return tuple(renamed(ref, names) for ref in refs if may_be_read(ref, names))

        return self.model_copy(
            update={
                "contact": self.contact and renamed(self.contact, names),
                "company": self.company and renamed(self.company, names),
                "duplicates": shown(self.duplicates),
                "candidates": shown(self.candidates),
                "linked": tuple(
                    each.model_copy(update={"client": client})
                    for each in self.linked
                    for client in shown([each.client])
                ),
            }
        )


class LeadConversion(BaseModel):
    """How far the conversion of one lead of several got, or why it was refused; the other of the two is null."""

    lead_id: str
    status: int = Field(description="status that a request for this lead alone would have been answered with")
    conversion: ConversionOut | None = Field(description="how far it got; null where it was refused")
    problem: Problem | None = Field(description="why it was refused; null where it was not")


class ConversionsOut(BaseModel):
    """How far the conversions of several leads got, in the order of the request."""

    items: list[LeadConversion] = Field(description="one result for each lead")
    refused: int = Field(description="how many were refused")


class LeadOut(ShownTraces, LeadState):
    """A lead with its version and the state of its conversion."""

    version: int
    expanded: ExpandedField = None
    conversion_state: ConversionState
    candidates: tuple[ElementRef, ...]

    @classmethod
    def of(cls, lead: Lead) -> "LeadOut":
        """Show a lead."""
        return cls(
            **dict(lead.state), version=lead.version, conversion_state=lead.conversion.state, candidates=lead.candidates
        )


class LeadUpserted(LeadOut):
    """A lead after an upsert."""

    left_out: list[str] = Field(description=LEFT_OUT)

    @classmethod
    def by(cls, body: LeadUpsert, lead: Lead, *, is_new: bool) -> "LeadUpserted":
        """Show what became of the request."""
        return cls(**dict(LeadOut.of(lead)), left_out=[] if is_new else body.kept_by(lead))


class ContactAdded(BaseModel):
    """Whether the contact was linked just now; false where it was already (CLI-06)."""

    added: bool
    lead: LeadOut

    @classmethod
    def of(cls, lead: Lead, *, added: bool) -> "ContactAdded":
        """Show both."""
        return cls(added=added, lead=LeadOut.of(lead))
