"""Companies and the events about them, on `crm.clients.events`."""

from typing import Annotated, ClassVar, Final

from pydantic import Field

from crm_contracts.events import Created, Deleted, ElementEvent, Merged, Replaced, ResponsibleChanged, Updated
from crm_contracts.field_spec import FieldSpec
from crm_contracts.fields import Audited, Identified, Owned, Reachable, TakenOver, Traced
from crm_contracts.requisites import Requisite
from crm_contracts.values import ChangedFields, ElementRef, FileRef, Money

_TYPE: Final = FieldSpec(dictionary="company_type", aliases={"CUSTOMER": "CLIENT"}, is_requirable=True)


class CompanyFields(Reachable, Owned, TakenOver, Traced):
    """Fields of a company that its users edit freely (COMP-01)."""

    title: Annotated[str, FieldSpec(is_requirable=True, is_orderable=True)] = Field(default="", examples=["ACME GmbH"])
    type_id: Annotated[str | None, _TYPE] = None
    industry: Annotated[str | None, FieldSpec(dictionary="industry")] = Field(default=None, examples=["MANUFACTURING"])
    employees: Annotated[str | None, FieldSpec(dictionary="employees")] = None
    revenue: Annotated[Money | None, FieldSpec(parts={"revenue_currency": FieldSpec(path="currency")})] = None
    banking_details: Annotated[str | None, FieldSpec(kind="text")] = Field(
        default=None, examples=["Account 4711 at ACME Bank"]
    )
    logo: FileRef | None = Field(default=None, description="picture of the logo, for documents (COMP-09)")
    stamp: FileRef | None = None
    director_sign: FileRef | None = None
    accountant_sign: FileRef | None = None
    is_my_company: Annotated[bool, FieldSpec(title="Own company")] = Field(
        default=False, description="whether it is one of our own companies: a seller, no client (COMP-08)"
    )
    is_default_my_company: Annotated[bool, FieldSpec(title="Default own company")] = Field(
        default=False, description="whether it is the default of our own companies: the seller unless another is named"
    )


class CompanyState(CompanyFields, Identified, Audited):
    """A company as everybody may see it."""

    requisites: tuple[Requisite, ...] = ()
    lead_id: Annotated[str | None, FieldSpec(kind="element")] = None


class OfCompany(ElementEvent):
    """An event in the history of a company."""

    company: ElementRef

    @property
    def element(self) -> ElementRef:
        """The company."""
        return self.company


class CompanyCreated(Created):
    """A company was entered, or made by a conversion."""

    ce_type: ClassVar[str] = "crm.company.created.v1"
    company: CompanyState
    link_to: ElementRef | None = Field(
        default=None,
        description="the element whose Client field it was created from: it is to be linked there (CLI-05)",
    )

    @property
    def element(self) -> ElementRef:
        """The company."""
        return ElementRef(type="company", id=self.company.id, title=self.company.title)

    @property
    def state(self) -> CompanyState:
        """All that may be known of it."""
        return self.company


class CompanyUpdated(Updated, OfCompany):
    """Fields of a company changed."""

    ce_type: ClassVar[str] = "crm.company.updated.v1"
    before: Annotated[CompanyFields, ChangedFields]
    after: Annotated[CompanyFields, ChangedFields]


class CompanyResponsibleChanged(ResponsibleChanged, OfCompany):
    """Another user is responsible for a company (CMN-04)."""

    ce_type: ClassVar[str] = "crm.company.responsible_changed.v1"


class CompanyDeleted(Deleted, OfCompany):
    """A company was deleted; elements that link it remove the link (COMP-10)."""

    ce_type: ClassVar[str] = "crm.company.deleted.v1"
    before: CompanyState


class CompanyReplaced(Replaced, OfCompany):
    """A company was merged into another one, which stands in its place from now on (DUP-02).

    `before` is all that was known of it. Elements that link it link `survivor` instead.
    """

    ce_type: ClassVar[str] = "crm.company.replaced.v1"
    before: CompanyState


class CompanyMerged(Merged):
    """A company took over what was known of others (DUP-02); `requisites` is the whole list from now on."""

    ce_type: ClassVar[str] = "crm.company.merged.v1"
    before: Annotated[CompanyFields, ChangedFields]
    after: Annotated[CompanyFields, ChangedFields]
    requisites: tuple[Requisite, ...]
    lead_id: str | None = Field(default=None, description="the lead it was made of, or the first of theirs")
