"""The routes whose bodies are the same for all sales elements: read, stage, rows, client, contacts.

Create, PATCH, upsert and list stay with the type, because their bodies and parameters are its fields.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from crm_contracts.client_field import Client
from crm_contracts.elements import ELEMENTS
from crm_contracts.values import ElementRef
from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from shared.elements.domain.client_field import add_contact, remove_contact, set_contacts
from shared.elements.domain.sales_element import SalesElement
from shared.elements.domain.stages import StageSet
from shared.elements.http.answers import ShowsAddedContact, ShowsElement, versioned
from shared.elements.http.client_link import check_links, client_answered
from shared.elements.http.expansion import Expansions
from shared.elements.http.rights import MOVE, rights_of
from shared.elements.schemas.client_field import ClientIn, ContactLinkIn, Contacts, check_linked
from shared.elements.schemas.expansion import ExpandElement, with_expansion
from shared.elements.schemas.product_rows import RowsIn
from shared.elements.schemas.stages import StageIn
from shared.elements.usecases import client_field
from shared.elements.usecases.client_names import name_clients
from shared.elements.usecases.collaborators import Collaborators, KnownNames
from shared.elements.usecases.delete_element import delete_element
from shared.elements.usecases.move_element import move_element
from shared.elements.usecases.set_rows import set_rows
from shared.kit.storage.repository import Records
from shared.kit.web.call import Call, needs
from shared.kit.web.conditions import IfMatch, Waiting
from shared.kit.web.named_ones import names_in
from shared.kit.web.routes import router
from shared.kit.web.waiting import LongPolls, Wait

E = TypeVar("E", bound=SalesElement)


@dataclass(frozen=True, slots=True)
class _Routes(Generic[E]):
    """What every route of one type needs; `id` is the parameter of its path."""

    api: APIRouter
    path: str
    id: Any
    elements: Records[E]
    out: type[ShowsElement[E]]
    can_read: Any
    can_write: Any
    client_names: KnownNames
    expansions: Expansions

    async def shown(self, element: E, response: Response, call: Call, expand: Sequence[str] = ()) -> BaseModel:
        (named,) = await name_clients([element], client_names=self.client_names, rights=rights_of(call))
        (expanded,) = await self.expansions.of(call, expand, [element])
        return versioned(with_expansion(self.out.of(named), expanded), named, response, expanded=expanded)


def element_routes(
    elements: Records[E],
    out: type[ShowsElement[E]],
    contact_added: type[ShowsAddedContact[E]],
    *,
    stages_of: Callable[[E], StageSet],
    collaborators: Collaborators,
    long_polls: LongPolls,
) -> APIRouter:
    """Make the routes of one type."""
    type_ = ELEMENTS[elements.noun]
    routes = _Routes(
        router(),
        f"/{type_.plural}/{{{type_.noun}_id}}",
        Path(alias=f"{type_.noun}_id"),
        elements,
        out,
        needs(f"{type_.service}:read"),
        needs(f"{type_.service}:write"),
        collaborators.client_names,
        Expansions.of_elements(collaborators),
    )
    _add_read(routes, type_.plural)
    _add_deletion(routes, type_.plural)
    _add_stage(routes, type_.plural, stages_of)
    _add_rows(routes, type_.plural, collaborators)
    contacts: _Contacts[E] = _Contacts(elements, long_polls, collaborators.client_names)
    _add_client(routes, contacts)
    _add_contact_list(routes, contacts)
    _add_new_contact(routes, contacts, contact_added)
    _add_contact_removal(routes, contacts)
    return routes.api


def _add_read(routes: _Routes[E], tag: str) -> None:
    @routes.api.get(routes.path, tags=[tag], summary=f"Read one {routes.elements.noun}", response_model=routes.out)
    async def read(
        response: Response, expand: ExpandElement = "", element_id: str = routes.id, call: Call = routes.can_read
    ) -> BaseModel:
        """Read one element; `expand` tells more of its client and of its responsible user (DEAL-02)."""
        element = await call.guard(routes.elements).get(element_id)
        return await routes.shown(element, response, call, names_in(expand))


def _add_deletion(routes: _Routes[E], tag: str) -> None:
    @routes.api.delete(routes.path, tags=[tag], summary=f"Delete a {routes.elements.noun}", status_code=204)
    async def delete(if_match: IfMatch, element_id: str = routes.id, call: Call = routes.can_write) -> None:
        """Delete it with its timeline (DEAL-19, LEAD-21); its clients stay, and so do entries in their timelines."""
        guarded = call.guard(routes.elements, "delete")
        await delete_element(element_id, call.cause, elements=guarded, expected_version=if_match)


def _add_stage(routes: _Routes[E], tag: str, stages_of: Callable[[E], StageSet]) -> None:
    @routes.api.put(f"{routes.path}/stage", tags=[tag], response_model=routes.out)
    async def move(
        body: StageIn,
        response: Response,
        if_match: IfMatch,
        element_id: str = routes.id,
        call: Call = routes.can_write,
    ) -> BaseModel:
        """Move to another stage (LEAD-07, DEAL-06).

        That needs the right to update elements both in the stage where it is and in the one that it goes to (PERM-02).
        """
        element = await move_element(
            element_id,
            body.stage_id,
            call.cause,
            elements=call.guard(routes.elements, MOVE),
            stages_of=stages_of,
            expected_version=if_match,
        )
        return await routes.shown(element, response, call)


def _add_rows(routes: _Routes[E], tag: str, collaborators: Collaborators) -> None:
    @routes.api.put(f"{routes.path}/rows", tags=[tag], response_model=routes.out)
    async def sell(
        body: RowsIn,
        response: Response,
        if_match: IfMatch,
        element_id: str = routes.id,
        call: Call = routes.can_write,
    ) -> BaseModel:
        """Set product rows; the amount is their sum, or one that is given (ROW-01, ROW-02)."""
        element = await set_rows(
            element_id,
            None if body.rows is None else [row.to_domain() for row in body.rows],
            call.cause,
            amount=body.amount.value_of() if body.amount else None,
            is_manual_amount=body.is_manual_amount,
            elements=call.guard(routes.elements),
            products=collaborators.products,
            new_id=collaborators.new_id,
            expected_version=if_match,
        )
        return await routes.shown(element, response, call)


def _add_client(routes: _Routes[E], contacts: "_Contacts[E]") -> None:
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


def _add_contact_list(routes: _Routes[E], contacts: _Contacts[E]) -> None:
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


def _add_new_contact(routes: _Routes[E], contacts: _Contacts[E], contact_added: type[ShowsAddedContact[E]]) -> None:
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


def _add_contact_removal(routes: _Routes[E], contacts: _Contacts[E]) -> None:
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
