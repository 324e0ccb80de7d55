"""Set the Client field of an element, and apply the answers about its company (CLI-06, CLI-07)."""

from collections.abc import Callable
from typing import TypeVar

from crm_contracts.client_answers import ElementCompanyRefused, ElementContactsResolved
from crm_contracts.client_field import Client

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
    removed_clients: DeletedClients,
    contacts_only: bool = False,
    expected_version: int | None = None,
) -> C:
    """Apply a rule to the Client field, as a whole or to its contacts; a company's contacts are attached later."""

    def change(element: C) -> None:
        set_field = element.set_contacts if contacts_only else element.set_client
        set_field(rule(element.client), by=cause.actor, at=cause.at)

    element = await elements.change(id_, change, cause, expected_version=expected_version)
    return await removed_clients.without_removed(element, [link.ref for link in element.client.contacts], cause)


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
            by=cause.actor,
            at=cause.at,
        ),
        cause,
    )
    await removed_clients.remove_from(answer.element, (answer.company, *answer.contacts), cause)


async def refuse_company(answer: ElementCompanyRefused, cause: Cause, *, elements: Records[HasClient]) -> None:
    """Unlink the company that does not exist."""
    await elements.change(
        answer.element.id,
        lambda element: element.refuse_company(
            link_no=answer.link_no, company=answer.company, code=answer.code, by=cause.actor, at=cause.at
        ),
        cause,
    )
