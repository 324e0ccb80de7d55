"""The Client field of an element: one company, several contacts (CLI-01, CLI-06)."""

from typing import Annotated, Literal

from pydantic import Field, computed_field

from crm_contracts.field_spec import FieldSpec
from crm_contracts.values import ElementRef, LinkState, Value


class ContactLink(Value):
    """One contact of an element's Client field (CLI-06)."""

    contact_id: str = Field(examples=["0199f2a4-0000-7000-8000-00000000c001"])
    title: str | None = Field(default=None, examples=["Ada Lovelace"])
    sort: int = 10
    is_primary: bool = False
    role_id: int = 0
    auto_linked_from: str | None = Field(
        default=None, description="company that brought the contact, until somebody touches the link (CLI-07)"
    )
    link_state: Literal["pending", "done"] = Field(
        default="done", description="pending until clients has confirmed that the contact exists (CLI-02)"
    )

    @property
    def ref(self) -> ElementRef:
        """Pointer to the contact."""
        return ElementRef(type="contact", id=self.contact_id, title=self.title)


class Client(Value):
    """The Client field: at most one company, any number of contacts, exactly one of them primary (CLI-01, CLI-06).

    `link_no` rises with each set or clear of the company and with each contact that is yet to be confirmed; an answer
    about another `link_no` is stale. A pending request is about the company and all pending contacts together.
    """

    company: ElementRef | None = None
    former_company: ElementRef | None = Field(
        default=None,
        description="while `company` is yet to be confirmed: the confirmed one before it, which is linked again if the "
        "new one is refused",
    )
    contacts: tuple[ContactLink, ...] = ()
    link_no: int = 0
    link_state: LinkState = "none"
    auto_link_contacts: bool = True
    refusal: str | None = Field(default=None, description="code, where link_state is `refused`")
    refused_contacts: tuple[str, ...] = Field(
        default=(), description="ids of contacts that the last answer refused: they do not exist and are not linked"
    )
    company_confirmed: bool = Field(
        default=False, description="while pending: the company was confirmed before, the request is about contacts"
    )
    truncated: bool = Field(default=False, description="the company has more contacts than are ever attached")

    @computed_field(examples=["0199f2a4-0000-7000-8000-00000000c001"])  # type: ignore[prop-decorator]
    @property
    def contact_id(self) -> str | None:
        """The primary contact: follows from `contacts`."""
        return next((link.contact_id for link in self.contacts if link.is_primary), None)

    @property
    def asks_for_company(self) -> bool:
        """Whether the pending request is about the company, too."""
        return self.link_state == "pending" and self.company is not None and not self.company_confirmed

    @property
    def pending_contacts(self) -> tuple[str, ...]:
        """Ids of the contacts that are yet to be confirmed."""
        return tuple(link.contact_id for link in self.contacts if link.link_state == "pending")

    @property
    def is_empty(self) -> bool:
        """Neither a company nor a contact."""
        return self.company is None and not self.contacts

    @property
    def refs(self) -> tuple[ElementRef, ...]:
        """Pointers to the company and all contacts."""
        company = (self.company,) if self.company else ()
        return (*company, *(link.ref for link in self.contacts))


ClientField = Annotated[
    Client,
    FieldSpec(
        is_requirable=True,
        parts={
            "company_id": FieldSpec(kind="element", path="company.id", is_writable=True),
            "contact_id": FieldSpec(kind="element", path="contacts.contact_id"),
        },
    ),
]
"""The Client field as the state of an element has it: elements are found by its company and each of its contacts."""
