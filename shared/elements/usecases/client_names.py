"""Show elements with the names that their clients have now, as far as the caller may read these (CLI-01, TL-12)."""

from collections.abc import Sequence
from typing import TypeVar

from shared.elements.domain.client_names import named_by
from shared.elements.domain.rights.compiled import Rights
from shared.elements.domain.traits import HasClient
from shared.elements.usecases.collaborators import KnownNames

C = TypeVar("C", bound=HasClient)


async def name_clients(elements: Sequence[C], *, client_names: KnownNames, rights: Rights | None) -> list[C]:
    """Copy elements for an answer, with current names; one query for all of them, none where they link no client.

    Of a client that the `rights` of a restricted caller do not extend to the id remains, without a name.
    """
    names = await client_names.of((ref for each in elements for ref in named_by(each.client)), rights)
    return [element.with_client_names(names) for element in elements]
