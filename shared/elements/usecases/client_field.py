"""Set the Client field of an element, and apply the answers about what it links (CLI-02, CLI-06, CLI-07)."""

from collections.abc import Callable
from typing import TypeVar

from crm_contracts.client_answers import (
    ClientLinkAnswer,
    ElementCompanyRefused,
    ElementContactsChecked,
    ElementContactsResolved,
)
from crm_contracts.client_field import Client
from crm_contracts.values import ElementRef

from shared.elements.domain.traits import HasClient
from shared.elements.usecases.collaborators import DeletedClients
from shared.kit.domain import Cause
from shared.kit.storage.repository import Records

C = TypeVar("C", bound=HasClient)


async def set_client(
    id_: str,
    rule: Callable[[Client], Client],
    cause: Cause,
    *,
    elements: Records[C],
    contacts_only: bool = False,
    expected_version: int | None = None,
) -> C:
    """Apply a rule to the Client field, as a whole or to its contacts.

    What it links anew is pending: the answer of clients to the event confirms it, attaches a company's contacts, or
    unlinks what does not exist (any more).
    """

    def change(element: C) -> None:
        set_field = element.set_contacts if contacts_only else element.set_client
        set_field(rule(element.client), by=cause.actor, at=cause.at)

    return await elements.change(id_, change, cause, expected_version=expected_version)


async def attach_contacts(
    answer: ElementContactsResolved, cause: Cause, *, elements: Records[HasClient], removed_clients: DeletedClients
) -> None:
    """Attach the contacts of the company that an element links, without those that were deleted meanwhile."""
    await elements.change(
        answer.element.id,
        lambda element: element.attach_contacts(
            link_no=answer.link_no,
            company=answer.company,
            contacts=answer.contacts,
            truncated=answer.truncated,
            checked=answer.checked,
            replaced=answer.replaced,
            by=cause.actor,
            at=cause.at,
        ),
        cause,
    )
    linked = (answer.company, *answer.contacts, *_linked_by(answer))
    await removed_clients.remove_from(answer.element, linked, cause)


async def refuse_company(
    answer: ElementCompanyRefused, cause: Cause, *, elements: Records[HasClient], removed_clients: DeletedClients
) -> None:
    """Unlink the company that does not exist; the former one is linked again, unless it was deleted meanwhile."""
    element = await elements.change(
        answer.element.id,
        lambda element: element.refuse_company(
            link_no=answer.link_no,
            company=answer.company,
            code=answer.code,
            checked=answer.checked,
            replaced=answer.replaced,
            by=cause.actor,
            at=cause.at,
        ),
        cause,
    )
    former = (element.client.company,) if element.client.company else ()
    await removed_clients.remove_from(answer.element, (*former, *_linked_by(answer)), cause)


async def check_contacts(
    answer: ElementContactsChecked, cause: Cause, *, elements: Records[HasClient], removed_clients: DeletedClients
) -> None:
    """Confirm the contacts that an element links, without those that were deleted meanwhile."""
    await elements.change(
        answer.element.id,
        lambda element: element.check_contacts(
            link_no=answer.link_no,
            checked=answer.checked,
            replaced=answer.replaced,
            by=cause.actor,
            at=cause.at,
        ),
        cause,
    )
    await removed_clients.remove_from(answer.element, _linked_by(answer), cause)


def _linked_by(answer: ClientLinkAnswer) -> list[ElementRef]:
    """List the contacts that an answer links: those that it confirms, and those that its request had replaced."""
    confirmed = [each.contact for each in answer.checked if each.contact is not None]
    return [*confirmed, *(link.ref for link in answer.replaced)]
