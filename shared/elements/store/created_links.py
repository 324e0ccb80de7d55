"""Link contacts and companies that were created from an element's card to that element (CLI-05).

That a client was linked is stored apart from the element: an event that is delivered again after a user has unlinked
the client does not link it once more. Who created the client has to have the right to change the element as it is then:
the route judged by what its service knew of it, which may be little or old (PERM-01).
"""

from crm_contracts.elements import ELEMENTS
from crm_contracts.values import ElementRef

from shared.elements.domain.rights.accessed import Accessed
from shared.elements.domain.rights.compiled import Rights
from shared.elements.domain.traits import HasClient
from shared.elements.store.removed_clients import Owners, RemovedClients
from shared.elements.store.rights import RightsOfUsers
from shared.kit.domain import Cause, DomainError, NotFound, Unavailable
from shared.kit.messaging.answers import Answers
from shared.kit.storage.collection import Collection
from shared.kit.storage.repository_errors import ConcurrentUpdate


class CreatedLinks:
    """The clients that were created from the cards of this service's elements."""

    def __init__(
        self,
        linked: Collection,
        owners: Owners,
        removed_clients: RemovedClients,
        answers: Answers,
        *,
        rights: RightsOfUsers,
    ) -> None:
        self._linked = linked
        self._owners = owners
        self._removed_clients = removed_clients
        self._answers = answers
        self._rights = rights

    async def link(self, event_id: str, client: ElementRef, link_to: ElementRef | None, cause: Cause) -> None:
        """Link a new client to the element that it was created from, once, or answer why it is not linked.

        Clients that were created from no card, or from that of another service, cost no query.
        """
        if link_to is None or link_to.type not in self._owners or await self._linked.get(event_id):
            return
        elements = self._owners[link_to.type]
        rights = await self._rights.restricting(cause.actor, cause.roles)

        def link(element: HasClient) -> None:
            _check_update(element, link_to, rights)
            element.link_created_client(client, by=cause.actor, at=cause.at)

        try:
            await elements.change(link_to.id, link, cause)
        except (ConcurrentUpdate, Unavailable):
            raise
        except DomainError as error:  # no such element that may be changed, or its rules refuse the client for ever
            refusal = elements.kind.link_refused(link_to, client, error.code)
            await self._answers.give(refusal, subject=link_to.id, cause=cause)
        await self._removed_clients.remove_from(link_to, [client], cause)
        # Last: where it was interrupted before, all of it is repeated, and each step recognises what it has done.
        await self._linked.insert_missing([{"_id": event_id, "element": str(link_to), "client": str(client)}])


def _check_update(element: HasClient, ref: ElementRef, rights: Rights | None) -> None:
    """Check that who created the client may change the element; else for him there is none."""
    if rights is not None and not rights.may(ELEMENTS[ref.type], "update", Accessed.of(element)):
        message = f"There is no {ref.type} {ref.id}."
        raise NotFound(message)
