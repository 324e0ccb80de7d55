"""Contacts and the events about them, on `crm.clients.events`."""

from typing import Annotated, ClassVar, Final

from pydantic import Field, computed_field

from crm_contracts.events import Created, Deleted, ElementEvent, Merged, Replaced, ResponsibleChanged, Updated
from crm_contracts.field_spec import FieldSpec
from crm_contracts.fields import Audited, Identified, Named, Owned, Reachable, Sourced, TakenOver, Traced
from crm_contracts.requisites import Requisite
from crm_contracts.values import ChangedFields, ElementRef, FileRef, Value


class ContactFields(Named, Reachable, Owned, Sourced, TakenOver, Traced):
    """Fields of a contact that its users edit freely (CONT-01)."""

    last_name: Annotated[str | None, FieldSpec(longest=100, is_personal=True, is_orderable=True)] = Field(
        default=None, examples=["Lovelace"]
    )
    type_id: Annotated[str | None, FieldSpec(dictionary="contact_type", is_requirable=True)] = None
    export: bool = Field(default=True, description="whether it may be exported (CONT-06)")
    photo: Annotated[FileRef | None, FieldSpec(is_personal=True)] = Field(
        default=None, description="picture of the person: where it is kept"
    )


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


_COMPANIES: Final = FieldSpec(parts={"company_id": FieldSpec(kind="element", path="company_id")})


class ContactState(ContactFields, Identified, Audited):
    """A contact as everybody may see it."""

    companies: Annotated[tuple[CompanyLink, ...], _COMPANIES] = ()
    requisites: tuple[Requisite, ...] = ()
    lead_id: Annotated[str | None, FieldSpec(kind="element")] = None

    @computed_field(examples=["0199f2a4-0000-7000-8000-00000000c0de"])  # type: ignore[prop-decorator]
    @property
    def company_id(self) -> str | None:
        """The primary company: follows from `companies` (CONT-07)."""
        return next((link.company_id for link in self.companies if link.is_primary), None)


class OfContact(ElementEvent):
    """An event in the history of a contact."""

    contact: ElementRef

    @property
    def element(self) -> ElementRef:
        """The contact."""
        return self.contact


class ContactCreated(Created):
    """A contact was entered, or made by a conversion."""

    ce_type: ClassVar[str] = "crm.contact.created.v1"
    contact: ContactState
    link_to: ElementRef | None = Field(
        default=None,
        description="the element whose Client field it was created from: it is to be linked there (CLI-05)",
    )

    @property
    def element(self) -> ElementRef:
        """The contact."""
        return ElementRef(type="contact", id=self.contact.id, title=self.contact.full_name)

    @property
    def state(self) -> ContactState:
        """All that may be known of it."""
        return self.contact


class ContactUpdated(Updated, OfContact):
    """Fields of a contact changed."""

    ce_type: ClassVar[str] = "crm.contact.updated.v1"
    before: Annotated[ContactFields, ChangedFields]
    after: Annotated[ContactFields, ChangedFields]


class ContactResponsibleChanged(ResponsibleChanged, OfContact):
    """Another user is responsible for a contact (CMN-04)."""

    ce_type: ClassVar[str] = "crm.contact.responsible_changed.v1"


class ContactLinked(OfContact):
    """A contact was linked to a company, or that link changed (COMP-04); `companies` is the whole list from now on."""

    ce_type: ClassVar[str] = "crm.contact.linked.v1"
    company: ElementRef
    companies: tuple[CompanyLink, ...]


class ContactUnlinked(OfContact):
    """A contact is no longer linked to a company (COMP-04); `companies` is the whole list from now on."""

    ce_type: ClassVar[str] = "crm.contact.unlinked.v1"
    company: ElementRef
    companies: tuple[CompanyLink, ...]


class ContactDeleted(Deleted, OfContact):
    """A contact was deleted; elements that link it remove the link (COMP-10)."""

    ce_type: ClassVar[str] = "crm.contact.deleted.v1"
    before: ContactState


class ContactReplaced(Replaced, OfContact):
    """A contact was merged into another one, which stands in its place from now on (DUP-02).

    `before` is all that was known of it. Elements that link it link `survivor` instead.
    """

    ce_type: ClassVar[str] = "crm.contact.replaced.v1"
    before: ContactState


class ContactMerged(Merged):
    """A contact took over what was known of others (DUP-02).

    `companies` and `requisites` are the whole lists from now on.
    """

    ce_type: ClassVar[str] = "crm.contact.merged.v1"
    before: Annotated[ContactFields, ChangedFields]
    after: Annotated[ContactFields, ChangedFields]
    companies: tuple[CompanyLink, ...]
    requisites: tuple[Requisite, ...]
    lead_id: str | None = Field(default=None, description="the lead it was made of, or the first of theirs")
