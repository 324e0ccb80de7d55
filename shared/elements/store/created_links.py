"""Link contacts and companies that were created from an element's card to that element (CLI-05).

That a client was linked is stored apart from the element: an event that is delivered again after a user has unlinked
the client does not link it once more.
"""

from crm_contracts.values import ElementRef

from shared.elements.store.removed_clients import Owners, RemovedClients
from shared.kit.domain import Cause, DomainError, Unavailable
from shared.kit.messaging.answers import Answers
from shared.kit.storage.collection import Collection
from shared.kit.storage.repository_errors import ConcurrentUpdate


class CreatedLinks:
    """The clients that were created from the cards of this service's elements."""

    def __init__(self, linked: Collection, owners: Owners, removed_clients: RemovedClients, answers: Answers) -> None:
        self._linked = linked
        self._owners = owners
        self._removed_clients = removed_clients
        self._answers = answers

    async def link(self, event_id: str, client: ElementRef, link_to: ElementRef | None, cause: Cause) -> None:
        """Link a new client to the element that it was created from, once, or answer why it is not linked.

        Clients that were created from no card, or from that of another service, cost no query.
        """
        if link_to is None or link_to.type not in self._owners or await self._linked.get(event_id):
            return
        elements = self._owners[link_to.type]
        try:
            await elements.change(
                link_to.id, lambda element: element.link_created_client(client, by=cause.actor, at=cause.at), cause
            )
        except (ConcurrentUpdate, Unavailable):
            raise
        except DomainError as error:  # the element does not exist, or its rules refuse the client for ever
            refusal = elements.kind.link_refused(link_to, client, error.code)
            await self._answers.give(refusal, subject=link_to.id, cause=cause)
        await self._removed_clients.remove_from(link_to, [client], cause)
        # Last: where it was interrupted before, all of it is repeated, and each step recognises what it has done.
        await self._linked.insert_missing([{"_id": event_id, "element": str(link_to), "client": str(client)}])
