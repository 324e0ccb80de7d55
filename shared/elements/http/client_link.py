"""Link clients as the caller may, and wait until the service clients has answered (CLI-02, CLI-07, PERM-01)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import ParamSpec, TypeVar

from crm_contracts.values import ElementRef

from shared.elements.domain.missing_clients import ClientRefused
from shared.elements.domain.traits import HasClient
from shared.elements.http.rights import HasAccess, rights_of
from shared.elements.usecases.client_names import name_clients
from shared.elements.usecases.collaborators import KnownNames
from shared.kit.domain import NotFound
from shared.kit.storage.repository_errors import Gone
from shared.kit.web.guard import Guarded
from shared.kit.web.waiting import LongPolls, Wait

C = TypeVar("C", bound=HasClient)
P = ParamSpec("P")


def is_answered(element: HasClient) -> bool:
    """Return whether company and contacts are confirmed or refused."""
    return element.client.link_state != "pending"


async def client_answered(
    element: C,
    wait: Wait,
    *,
    elements: Guarded[C],
    long_polls: LongPolls,
    client_names: KnownNames,
    is_over: Callable[[C], bool] = is_answered,
) -> C:
    """Wait until company and contacts are confirmed or refused, and return the element as it is then, with their names.

    What else is waited for, `is_over` says.

    A refusal is in the element's `client`: what else the request did to the element stays. Where the caller may no
    longer read it, having made another user responsible, the element is returned as the request left it.
    """
    try:
        answered = await long_polls.until_record(elements, element.id, is_over, wait, so_far=element)
    except Gone:
        raise
    except NotFound:
        answered = element
    return (await name_clients([answered], client_names=client_names, rights=rights_of(elements)))[0]


async def check_new_links(links: Mapping[str, ElementRef], caller: HasAccess, client_names: KnownNames) -> None:
    """Check that a new element is to link no client that the caller may not read; `links` by field of the request.

    Of a client that is not known here clients itself will judge.

    Raises:
        ClientRefused: names every field with one, as one that does not exist.
    """
    hidden = await _hidden(links, caller, client_names)
    if hidden:
        raise ClientRefused(hidden)


async def check_links(
    links: Mapping[str, ElementRef], id_: str, elements: Guarded[C], client_names: KnownNames
) -> None:
    """Check the same of an element that there is; what it links already it may go on linking.

    Raises:
        ClientRefused: see `check_new_links`.
        NotFound: no such element, or none that the caller may read.
    """
    hidden = await _hidden(links, elements, client_names)
    if not hidden:
        return
    element = await elements.get(id_)
    linked = set(map(str, element.client.refs))
    missing = {field: ref for field, ref in hidden.items() if str(ref) not in linked}
    if missing:
        (named,) = await name_clients([element], client_names=client_names, rights=rights_of(elements))
        raise ClientRefused(missing, client=named.client.model_dump(mode="json"))


def linking(
    create: Callable[P, Awaitable[C]], links: Mapping[str, ElementRef], caller: HasAccess, client_names: KnownNames
) -> Callable[P, Awaitable[C]]:
    """Return the same creation, which first checks what the new element is to link; see `check_new_links`."""

    async def create_linked(*args: P.args, **kwargs: P.kwargs) -> C:
        await check_new_links(links, caller, client_names)
        return await create(*args, **kwargs)

    return create_linked


async def _hidden(
    links: Mapping[str, ElementRef], caller: HasAccess, client_names: KnownNames
) -> Mapping[str, ElementRef]:
    """Return what of these links is known here, and not to be read by the caller."""
    rights = rights_of(caller)
    if rights is None or not links:
        return {}
    hidden = set(map(str, await client_names.hidden(links.values(), rights)))
    return {field: ref for field, ref in links.items() if str(ref) in hidden}
