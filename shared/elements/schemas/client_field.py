"""The Client field in request bodies (CLI-06, CLI-07)."""

from collections.abc import Callable
from typing import Annotated

from crm_contracts.client_field import Client
from pydantic import Field, StrictBool

from shared.elements.domain.client_field import NewContactLink, set_company, set_contacts
from shared.elements.schemas.scalars import ElementId, RoleId, Sort
from shared.kit.domain import Conflict, Invalid
from shared.kit.web.schemas import Input


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
        """Make the value that the rules take."""
        return NewContactLink(**self.model_dump())


Contacts = Annotated[list[ContactLinkIn], Field(max_length=500)]


class ClientIn(Input):
    """The Client field to be set; what is absent stays as it is."""

    company_id: ElementId | list[ElementId] | None = None
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
                message = "An element has one company at most."
                raise OnlyOneCompany(
                    message, {"errors": [{"field": "company_id", "code": "only_one_company", "message": message}]}
                )
            return self.company_id[0] if self.company_id else None
        return self.company_id

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


class CompanyRefused(Conflict):
    """The company to be linked does not exist (CLI-07)."""

    code = "company_not_found"

    def __init__(self, client: Client) -> None:
        super().__init__("There is no such company.", {"client": client.model_dump(mode="json")})
