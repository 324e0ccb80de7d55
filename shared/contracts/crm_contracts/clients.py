"""What the clients service says, on `crm.clients.events`."""

from typing import Annotated, ClassVar

from pydantic import Field

from crm_contracts.envelope import Event
from crm_contracts.values import (
    Audited,
    ChangedFields,
    ElementRef,
    Fields,
    FileRef,
    Identified,
    Money,
    Named,
    Owned,
    Reachable,
    Requisite,
    Sourced,
    Traced,
    Value,
)


class TakenOver(Fields):
    """What the next import of a contact or a company is judged by (CONT-08); users do not edit it."""

    origin_version: str | None = Field(
        default=None, examples=["7"], description="of the record in the other system, when it was taken over last"
    )
    edited_here: tuple[str, ...] = Field(
        default=(), examples=[["position"]], description="fields that were corrected here since they were taken over"
    )


class ContactFields(Named, Reachable, Owned, Sourced, TakenOver, Traced):
    """Fields of a contact that its users edit freely (CONT-01)."""

    type_id: str | None = None
    export: bool = Field(default=True, description="may be exported (CONT-06)")
    photo: FileRef | None = Field(default=None, description="CONT-08")


class CompanyLink(Value):
    """A company a contact works for; the contact owns the link (COMP-04, CONT-07)."""

    company_id: str
    title: str | None = None
    position: int = Field(default=10, description="order of the contact among the company's contacts")
    sort: int = Field(default=10, description="order of the company among the contact's companies")
    is_primary: bool = False
    role_id: int = 0

    @property
    def ref(self) -> ElementRef:
        """Pointer to the company."""
        return ElementRef(type="company", id=self.company_id, title=self.title)


class ContactState(ContactFields, Identified, Audited):
    """A contact as everybody may see it."""

    companies: tuple[CompanyLink, ...] = ()
    requisites: tuple[Requisite, ...] = ()
    lead_id: str | None = None


class CompanyFields(Reachable, Owned, TakenOver, Traced):
    """Fields of a company that its users edit freely (COMP-01)."""

    title: str = Field(default="", examples=["ACME GmbH"])
    type_id: str | None = None
    industry: str | None = Field(default=None, examples=["MANUFACTURING"])
    employees: str | None = None
    revenue: Money | None = None
    banking_details: str | None = Field(default=None, examples=["Account 4711 at ACME Bank"])
    logo: FileRef | None = Field(default=None, description="for documents, as are the next three (COMP-09)")
    stamp: FileRef | None = None
    director_sign: FileRef | None = None
    accountant_sign: FileRef | None = None
    is_my_company: bool = Field(default=False, description="a seller of ours, no client (COMP-08)")
    is_default_my_company: bool = Field(default=False, description="the seller unless another is named")


class CompanyState(CompanyFields, Identified, Audited):
    """A company as everybody may see it."""

    requisites: tuple[Requisite, ...] = ()
    lead_id: str | None = None


class ContactCreated(Event):
    """A contact was entered, or made by a conversion."""

    ce_type: ClassVar[str] = "crm.contact.created.v1"
    contact: ContactState
    link_to: ElementRef | None = Field(
        default=None,
        description="the element whose Client field it was created from: it is to be linked there (CLI-05)",
    )


class ContactUpdated(Event):
    """Fields of a contact changed."""

    ce_type: ClassVar[str] = "crm.contact.updated.v1"
    contact: ElementRef
    before: Annotated[ContactFields, ChangedFields]
    after: Annotated[ContactFields, ChangedFields]


class ContactLinked(Event):
    """A contact was linked to a company (COMP-04); `companies` is the whole list from now on."""

    ce_type: ClassVar[str] = "crm.contact.linked.v1"
    contact: ElementRef
    company: ElementRef
    companies: tuple[CompanyLink, ...]


class ContactUnlinked(Event):
    """A contact is no longer linked to a company (COMP-04); `companies` is the whole list from now on."""

    ce_type: ClassVar[str] = "crm.contact.unlinked.v1"
    contact: ElementRef
    company: ElementRef
    companies: tuple[CompanyLink, ...]


class ContactDeleted(Event):
    """A contact was deleted; whoever links it goes on without (COMP-10)."""

    ce_type: ClassVar[str] = "crm.contact.deleted.v1"
    contact: ElementRef
    before: ContactState


class ContactReplaced(Event):
    """A contact was merged into another one, which stands in its place from now on (DUP-02).

    `before` is all that was known of it. Whoever links it links `survivor` instead.
    """

    ce_type: ClassVar[str] = "crm.contact.replaced.v1"
    contact: ElementRef
    survivor: ElementRef
    before: ContactState


class ContactMerged(Event):
    """A contact took over what was known of others (DUP-02).

    `companies` and `requisites` are the whole lists from now on.
    """

    ce_type: ClassVar[str] = "crm.contact.merged.v1"
    survivor: ElementRef
    removed: tuple[ElementRef, ...]
    before: Annotated[ContactFields, ChangedFields]
    after: Annotated[ContactFields, ChangedFields]
    companies: tuple[CompanyLink, ...]
    requisites: tuple[Requisite, ...]


class CompanyCreated(Event):
    """A company was entered, or made by a conversion."""

    ce_type: ClassVar[str] = "crm.company.created.v1"
    company: CompanyState
    link_to: ElementRef | None = Field(
        default=None,
        description="the element whose Client field it was created from: it is to be linked there (CLI-05)",
    )


class CompanyUpdated(Event):
    """Fields of a company changed."""

    ce_type: ClassVar[str] = "crm.company.updated.v1"
    company: ElementRef
    before: Annotated[CompanyFields, ChangedFields]
    after: Annotated[CompanyFields, ChangedFields]


class CompanyDeleted(Event):
    """A company was deleted; whoever links it goes on without (COMP-10)."""

    ce_type: ClassVar[str] = "crm.company.deleted.v1"
    company: ElementRef
    before: CompanyState


class CompanyReplaced(Event):
    """A company was merged into another one, which stands in its place from now on (DUP-02).

    `before` is all that was known of it. Whoever links it links `survivor` instead.
    """

    ce_type: ClassVar[str] = "crm.company.replaced.v1"
    company: ElementRef
    survivor: ElementRef
    before: CompanyState


class CompanyMerged(Event):
    """A company took over what was known of others (DUP-02); `requisites` is the whole list from now on."""

    ce_type: ClassVar[str] = "crm.company.merged.v1"
    survivor: ElementRef
    removed: tuple[ElementRef, ...]
    before: Annotated[CompanyFields, ChangedFields]
    after: Annotated[CompanyFields, ChangedFields]
    requisites: tuple[Requisite, ...]


class ClientMergeRequested(Event):
    """A contact or a company is about to take over others of its type (DUP-02): a step of the merge.

    Those of `others` that changed at the last moment are left out; what became of it, the merged event says.
    """

    ce_type: ClassVar[str] = "crm.client.merge_requested.v1"
    survivor: ElementRef
    others: tuple[ElementRef, ...]
    merge_id: str


class RequisiteCreated(Event):
    """A contact or a company got requisites (REQ-06); `requisites` is the whole list from now on."""

    ce_type: ClassVar[str] = "crm.requisite.created.v1"
    owner: ElementRef
    requisite: Requisite
    requisites: tuple[Requisite, ...]


class RequisiteChanged(Event):
    """Requisites, their addresses or bank details changed (REQ-06); `requisites` is the whole list from now on."""

    ce_type: ClassVar[str] = "crm.requisite.changed.v1"
    owner: ElementRef
    before: Requisite
    after: Requisite
    requisites: tuple[Requisite, ...]


class RequisiteDeleted(Event):
    """Requisites were removed, with their addresses and bank details (REQ-06); `requisites` are those that are left."""

    ce_type: ClassVar[str] = "crm.requisite.deleted.v1"
    owner: ElementRef
    before: Requisite
    requisites: tuple[Requisite, ...]


class LeadClientResolved(Event):
    """The contact and company of a conversion exist: an answer to `LeadConversionRequested` (LEAD-11)."""

    ce_type: ClassVar[str] = "crm.lead.client_resolved.v1"
    lead: ElementRef
    conversion_id: str
    attempt: int
    contact: ElementRef | None = None
    company: ElementRef | None = None
    created: tuple[ElementRef, ...] = Field(default=(), description="the rest was linked")
    duplicates: tuple[ElementRef, ...] = Field(default=(), description="what has the same phone or e-mail")


class LeadClientRefused(Event):
    """No client was created or linked, because of duplicates: an answer to `LeadConversionRequested`."""

    ce_type: ClassVar[str] = "crm.lead.client_refused.v1"
    lead: ElementRef
    conversion_id: str
    attempt: int
    code: str = Field(examples=["duplicates_found"])
    message: str
    candidates: tuple[ElementRef, ...] = ()


class ElementContactsResolved(Event):
    """The company of an element and its contacts, in their order: an answer to a company link (CLI-07)."""

    ce_type: ClassVar[str] = "crm.element.contacts_resolved.v1"
    element: ElementRef
    link_no: int
    company: ElementRef
    contacts: tuple[ElementRef, ...] = ()
    truncated: bool = False


class ElementCompanyRefused(Event):
    """The company that an element links is not there: an answer to a company link (CLI-07)."""

    ce_type: ClassVar[str] = "crm.element.company_refused.v1"
    element: ElementRef
    link_no: int
    company: ElementRef
    code: str = Field(examples=["company_not_found"])


class ElementRequisitesConfirmed(Event):
    """The chosen requisites are there, and whose they have to be: an answer to a choice (REQ-05)."""

    ce_type: ClassVar[str] = "crm.element.requisites_confirmed.v1"
    element: ElementRef
    choice_no: int


class ElementRequisitesRefused(Event):
    """One of the chosen requisites cannot be chosen, so none is: an answer to a choice (REQ-05)."""

    ce_type: ClassVar[str] = "crm.element.requisites_refused.v1"
    element: ElementRef
    choice_no: int
    code: str = Field(examples=["bank_detail_not_found"])
    field: str = Field(examples=["bank_detail_id"])
