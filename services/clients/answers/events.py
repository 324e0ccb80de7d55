"""React to the questions in the events of elements of any type (CLI-07, REQ-05)."""

from typing import Protocol

from crm_contracts import registry
from crm_contracts.client_field import ContactLink
from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import ClientChanged, RequisitesChosen, Updated

from services.clients.answers.domain import RequisiteChoiceCheck
from services.clients.answers.usecases import LinkedClients, RequisiteOwners, answer_client_link, answer_requisites
from services.clients.linked_element.domain import EXTRACTORS
from services.clients.records.domain.company import Company
from shared.kit.domain import Cause
from shared.kit.messaging.answers import Answers
from shared.kit.messaging.reactions import Reactions, on
from shared.kit.storage.repository import Repository


class AnswerReads(LinkedClients, RequisiteOwners, Protocol):
    """Reads of contacts and companies that answers need."""


def reactions(*, companies: Repository[Company], views: AnswerReads, answers: Answers) -> Reactions:
    """Reactions to questions."""

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
                companies=companies,
                views=views,
                answers=answers,
            )

    async def on_requisites_chosen(event: Envelope[RequisitesChosen], cause: Cause) -> None:
        """Answer a pending choice of requisites."""
        choice = RequisiteChoiceCheck(event.data.after, event.data.clients)
        await answer_requisites(event.data.element, choice, cause, views=views, answers=answers)

    return [
        *(on(event, on_event, name="company_link") for event in EXTRACTORS if not issubclass(event, Updated)),
        *(on(event, on_requisites_chosen) for event in registry.EVENTS.values() if issubclass(event, RequisitesChosen)),
    ]


def _replaced(change: ClientChanged) -> tuple[ContactLink, ...]:
    """Return the confirmed links that a request removed."""
    stays = {link.contact_id for link in change.after.contacts}
    return tuple(link for link in change.before.contacts if link.contact_id not in stays and link.link_state == "done")
