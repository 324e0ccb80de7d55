"""Wait until clients has answered what an element's Client field asks (CLI-02, CLI-07)."""

from typing import TypeVar

from shared.elements.domain.traits import HasClient
from shared.elements.usecases.client_names import name_clients
from shared.elements.usecases.collaborators import KnownNames
from shared.kit.domain import NotFound
from shared.kit.storage.repository import Records
from shared.kit.storage.repository_errors import Gone
from shared.kit.web.waiting import LongPolls, Wait

C = TypeVar("C", bound=HasClient)


async def client_answered(
    element: C, wait: Wait, *, elements: Records[C], long_polls: LongPolls, client_names: KnownNames
) -> C:
    """Wait until company and contacts are confirmed or refused, and return the element as it is then, with their names.

    A refusal is in the element's `client`: what else the request did to the element stays. Where the caller may no
    longer read it, having made another user responsible, the element is returned as the request left it.
    """
    try:
        answered = await long_polls.until_record(
            elements, element.id, lambda found: found.client.link_state != "pending", wait, so_far=element
        )
    except Gone:
        raise
    except NotFound:
        answered = element
    return (await name_clients([answered], client_names=client_names))[0]
