"""The routes of the Client field, the same for all elements that have one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, TypeVar

from crm_contracts.client_field import Client
from crm_contracts.values import ElementRef
from fastapi import Response
from pydantic import BaseModel

from shared.elements.domain.client_field import add_contact, remove_contact, set_contacts
from shared.elements.domain.sales_element import SalesElement
from shared.elements.http.answers import ShowsAddedContact, versioned
from shared.elements.http.client_link import check_links, client_answered
from shared.elements.http.routes_of_type import ElementRoutes
from shared.elements.schemas.client_field import ClientIn, ContactLinkIn, Contacts, check_linked
from shared.elements.usecases import client_field
from shared.elements.usecases.collaborators import KnownNames
from shared.kit.storage.repository import Records
from shared.kit.web.call import Call
from shared.kit.web.conditions import IfMatch, Waiting
from shared.kit.web.waiting import LongPolls, Wait

E = TypeVar("E", bound=SalesElement)


def add_client_routes(
    routes: ElementRoutes[E], contact_added: type[ShowsAddedContact[E]], *, long_polls: LongPolls
) -> None:
    """Add the routes of the Client field and of its contacts (CLI-02, CLI-06)."""
    contacts: _Contacts[E] = _Contacts(routes.elements, long_polls, routes.client_names)
    _add_client(routes, contacts)
    _add_contact_list(routes, contacts)
    _add_new_contact(routes, contacts, contact_added)
    _add_contact_removal(routes, contacts)


def _add_client(routes: ElementRoutes[E], contacts: "_Contacts[E]") -> None:
    @routes.api.put(
        f"{routes.path}/client",
        tags=["client field"],
        response_model=routes.out,
        responses={202: {"model": routes.out}},
    )
    async def set_client(
        body: ClientIn,
        response: Response,
        if_match: IfMatch,
        wait: Waiting,
        *,
        element_id: str = routes.id,
        call: Call = routes.can_write,
    ) -> BaseModel:
        """Set the Client field (CLI-02, CLI-06, CLI-07): 202 while clients is asked for what it links."""
        guarded = call.guard(routes.elements)
        await check_links(body.links, element_id, guarded, routes.client_names)
        element = await client_field.set_client(
            element_id, body.rule(), call.cause, elements=guarded, expected_version=if_match
        )
        element = await contacts.confirmed(element, call, wait, body.contact_fields, company=body.company)
        return versioned(routes.out.of(element), element, response, _status(element))


@dataclass(frozen=True)
class _Contacts(Generic[E]):
    """How requests change the contacts of one element."""

    elements: Records[E]
    long_polls: LongPolls
    client_names: KnownNames

    async def change(
        self,
        id_: str,
        rule: Callable[[Client], Client],
        call: Call,
        if_match: int | None,
        fields: Mapping[str, str] = MappingProxyType({}),
    ) -> E:
        """Apply the rule to the linked contacts; `fields` are those of the request, by the contact that they link.

        Raises:
            ClientRefused: names every field whose contact the caller may not read.
        """
        guarded = call.guard(self.elements)
        links = {field: ElementRef(type="contact", id=contact) for contact, field in fields.items()}
        await check_links(links, id_, guarded, self.client_names)
        return await client_field.set_client(
            id_, rule, call.cause, elements=guarded, contacts_only=True, expected_version=if_match
        )

    async def confirmed(
        self, element: E, call: Call, wait: Wait, fields: Mapping[str, str], *, company: str | None = None
    ) -> E:
        """Wait for the answer of clients; `fields` are those of the request, by the contact that they link.

        Raises:
            ClientRefused: names every field whose contact or company does not exist.
        """
        guarded = call.guard(self.elements)
        element = await client_answered(
            element, wait, elements=guarded, long_polls=self.long_polls, client_names=self.client_names
        )
        check_linked(element.client, fields, company=company)
        return element


def _add_contact_list(routes: ElementRoutes[E], contacts: _Contacts[E]) -> None:
    @routes.api.put(
        f"{routes.path}/contacts",
        tags=["client field"],
        response_model=routes.out,
        responses={202: {"model": routes.out}},
    )
    async def set_list(
        body: Contacts,
        response: Response,
        if_match: IfMatch,
        wait: Waiting,
        *,
        element_id: str = routes.id,
        call: Call = routes.can_write,
    ) -> BaseModel:
        """Replace the linked contacts (CLI-06): 202 while clients is asked whether they exist."""
        new = [link.to_domain() for link in body]
        fields = {link.contact_id: f"{place}.contact_id" for place, link in enumerate(body)}
        element = await contacts.change(element_id, lambda client: set_contacts(client, new), call, if_match, fields)
        element = await contacts.confirmed(element, call, wait, fields)
        return versioned(routes.out.of(element), element, response, _status(element))


def _add_new_contact(
    routes: ElementRoutes[E], contacts: _Contacts[E], contact_added: type[ShowsAddedContact[E]]
) -> None:
    @routes.api.post(
        f"{routes.path}/contacts",
        tags=["client field"],
        response_model=contact_added,
        responses={202: {"model": contact_added}},
    )
    async def add(
        body: ContactLinkIn,
        response: Response,
        if_match: IfMatch,
        wait: Waiting,
        *,
        element_id: str = routes.id,
        call: Call = routes.can_write,
    ) -> BaseModel:
        """Link one contact; `added` is false where it was linked already (CLI-06): 202 while clients is asked for it.

        One that is linked with another sort, flag or role is refused, and stays as it is.
        """
        new, added = body.to_domain(), False

        def rule(client: Client) -> Client:
            nonlocal added
            changed = add_contact(client, new)
            added = changed is not client
            return changed

        fields = {new.contact_id: "contact_id"}
        element = await contacts.change(element_id, rule, call, if_match, fields)
        element = await contacts.confirmed(element, call, wait, fields)
        return versioned(contact_added.of(element, added=added), element, response, _status(element))


def _add_contact_removal(routes: ElementRoutes[E], contacts: _Contacts[E]) -> None:
    @routes.api.delete(f"{routes.path}/contacts/{{contact_id}}", tags=["client field"], response_model=routes.out)
    async def remove(
        contact_id: str,
        response: Response,
        if_match: IfMatch,
        element_id: str = routes.id,
        call: Call = routes.can_write,
    ) -> BaseModel:
        """Unlink one contact (CLI-06)."""
        element = await contacts.change(element_id, lambda client: remove_contact(client, contact_id), call, if_match)
        return await routes.shown(element, response, call)


def _status(element: SalesElement) -> int:
    return 202 if element.client.link_state == "pending" else 200
