"""The Client field in request bodies (CLI-06, CLI-07)."""

from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Final

from crm_contracts.client_field import Client
from crm_contracts.values import ElementRef
from pydantic import Field, StrictBool

from shared.elements.domain.client_field import MAX_CONTACTS, NewContactLink, set_company, set_contacts
from shared.elements.domain.missing_clients import COMPANY_NOT_FOUND, ClientRefused
from shared.elements.schemas.scalars import ElementId, RoleId, Sort
from shared.kit.domain import Invalid
from shared.kit.web.schemas import Input

_COMPANY: Final = (
    "the company to be linked; its contacts come with it, and those that the former company brought and nobody touched "
    "go. Null unlinks the company and keeps all contacts: `contacts` sets these"
)


class OnlyOneCompany(Invalid):
    """An element has one company at most (CLI-06)."""

    code = "only_one_company"


class ContactLinkIn(Input):
    """A contact to be linked."""

    contact_id: ElementId
    sort: Sort | None = None
    is_primary: StrictBool = False
    role_id: RoleId = 0

    def to_domain(self) -> NewContactLink:
        """Make the value that the rules take, of what was given."""
        return NewContactLink(**self.model_dump(exclude_unset=True))


Contacts = Annotated[list[ContactLinkIn], Field(max_length=MAX_CONTACTS)]


class ClientIn(Input):
    """The Client field to be set; what is absent stays as it is."""

    company_id: ElementId | list[ElementId] | None = Field(default=None, description=_COMPANY)
    contacts: Contacts | None = None
    auto_link_contacts: StrictBool | None = None

    @property
    def company(self) -> str | None:
        """The company, if any.

        Raises:
            OnlyOneCompany: several were given.
        """
        if isinstance(self.company_id, list):
            if len(self.company_id) > 1:
                raise OnlyOneCompany.at("An element has one company at most.", "company_id")
            return self.company_id[0] if self.company_id else None
        return self.company_id

    @property
    def contact_fields(self) -> dict[str, str]:
        """Fields of the body, by the contact that each links."""
        return {link.contact_id: f"contacts.{place}.contact_id" for place, link in enumerate(self.contacts or ())}

    @property
    def links(self) -> dict[str, ElementRef]:
        """What is to be linked, by the field of the body."""
        company = {"company_id": ElementRef(type="company", id=self.company)} if self.company else {}
        contacts = {field: ElementRef(type="contact", id=id_) for id_, field in self.contact_fields.items()}
        return {**company, **contacts}

    @property
    def given_rule(self) -> Callable[[Client], Client] | None:
        """The rule of `rule`, or None where the body has nothing of the Client field."""
        return self.rule() if self.model_fields_set & ClientIn.model_fields.keys() else None

    def rule(self) -> Callable[[Client], Client]:
        """Make the change of a Client field that the body requests; what it leaves out stays."""
        company, contacts, auto = self.company, self.contacts, self.auto_link_contacts

        def change(client: Client) -> Client:
            if contacts is not None:
                client = set_contacts(client, [link.to_domain() for link in contacts])
            if "company_id" in self.model_fields_set:
                return set_company(client, company, auto_link_contacts=auto)
            return client if auto is None else client.model_copy(update={"auto_link_contacts": auto})

        return change


def check_linked(
    client: Client, contacts: Mapping[str, str], *, company: str | None = None, given: Collection[str] = ()
) -> None:
    """Check that what a request links was not refused.

    Args:
        client: as it is after the answer of clients.
        contacts: by id, the field of the request.
        company: to be linked, if any.
        given: fields of the request; all but those that are refused are stored by now.

    Raises:
        ClientRefused: names every field whose contact or company does not exist.
    """
    if client.link_state != "refused":
        return
    missing = {
        field: ElementRef(type="contact", id=id_) for id_, field in contacts.items() if id_ in client.refused_contacts
    }
    is_linked = client.company is not None and client.company.id == company
    if company is not None and client.refusal == COMPANY_NOT_FOUND and not is_linked:
        missing = {"company_id": ElementRef(type="company", id=company), **missing}
    if missing:
        # Whether contacts come with the company is no change of its own.
        refused = {field.partition(".")[0] for field in missing} | {"auto_link_contacts"}
        raise ClientRefused(missing, rest_is_stored=bool(set(given) - refused), client=client.model_dump(mode="json"))
