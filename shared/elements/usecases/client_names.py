"""Show elements with the names that their clients have now (CLI-01)."""

from collections.abc import Sequence
from typing import TypeVar

from shared.elements.domain.traits import HasClient
from shared.elements.usecases.collaborators import KnownNames

C = TypeVar("C", bound=HasClient)


async def name_clients(elements: Sequence[C], *, client_names: KnownNames) -> list[C]:
    """Copy elements for an answer, with current names; one query for all of them, none where they link no client."""
    names = await client_names.of(ref for element in elements for ref in element.client.refs)
    return [element.with_client_names(names) for element in elements]
