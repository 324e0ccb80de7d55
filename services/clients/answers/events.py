"""React to the questions in the events of elements of any type (CLI-07, REQ-05)."""

from typing import Protocol

from crm_contracts import registry
from crm_contracts.client_field import ContactLink
from crm_contracts.elements import COMPANY, CONTACT, ElementType
from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import ClientChanged, ClientFieldEvent, Created, RequisitesChosen

from services.clients.answers.domain import RequisiteChoiceCheck
from services.clients.answers.usecases import LinkedClients, RequisiteOwners, answer_client_link, answer_requisites
from services.clients.linked_element.domain import EXTRACTORS
from services.clients.records.domain.company import Company
from shared.elements.domain.filters.nodes import EVERYTHING, Node
from shared.elements.http.rights import CompiledRights
from shared.kit.domain import Cause
from shared.kit.messaging.answers import Answers
from shared.kit.messaging.reactions import Reactions, on
from shared.kit.storage.repository import Repository


class AnswerReads(LinkedClients, RequisiteOwners, Protocol):
    """Reads of contacts and companies that answers need."""


def reactions(
    *, companies: Repository[Company], views: AnswerReads, answers: Answers, rights: CompiledRights
) -> Reactions:
    """Reactions to questions; who asks is told of those contacts and sellers alone that his `rights` extend to."""

    async def on_event(event: Envelope[Event], cause: Cause) -> None:
        """Answer a pending link of a company or of contacts."""
        change = EXTRACTORS[type(event.data)](event.data)
        if change.client is not None:
            replaced = _replaced(event.data) if isinstance(event.data, ClientChanged) else ()
            await answer_client_link(
                change.ref,
                change.client,
                cause,
                replaced=replaced,
                allowed=await _readable(CONTACT, event, rights),
                companies=companies,
                views=views,
                answers=answers,
            )

    async def on_requisites_chosen(event: Envelope[RequisitesChosen], cause: Cause) -> None:
        """Answer a pending choice of requisites."""
        choice = RequisiteChoiceCheck(event.data.after, event.data.clients)
        allowed = EVERYTHING if _keeps_seller(event.data) else await _readable(COMPANY, event, rights)
        await answer_requisites(event.data.element, choice, cause, allowed=allowed, views=views, answers=answers)

    return [
        *(
            on(event, on_event, name="company_link")
            for event in EXTRACTORS
            if issubclass(event, (Created, ClientFieldEvent))
        ),
        *(on(event, on_requisites_chosen) for event in registry.EVENTS.values() if issubclass(event, RequisitesChosen)),
    ]


async def _readable(type_: ElementType, event: Envelope[Event], rights: CompiledRights) -> Node:
    """Return the filter of the records of a type that the user who asks may read (CLI-07)."""
    reader = await rights.restricting(event.actor, event.actor_roles)
    return EVERYTHING if reader is None else reader.filter(type_, "read")


def _keeps_seller(change: RequisitesChosen) -> bool:
    """Return whether our requisites are those that were confirmed before, by any user."""
    before, after = change.before, change.after
    return before.state == "done" and before.mc_requisite_id == after.mc_requisite_id


def _replaced(change: ClientChanged) -> tuple[ContactLink, ...]:
    """Return the confirmed links that a request removed."""
    stays = {link.contact_id for link in change.after.contacts}
    return tuple(link for link in change.before.contacts if link.contact_id not in stays and link.link_state == "done")
