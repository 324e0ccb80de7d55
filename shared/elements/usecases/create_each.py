"""Create several sales elements at once, or correct those that are there (CMN-14)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from crm_contracts.elements import ELEMENTS

from shared.elements.domain.stages import StageSet
from shared.elements.domain.traits import HasClient
from shared.elements.usecases.collaborators import Collaborators
from shared.elements.usecases.create_element import NewElement
from shared.elements.usecases.read_once import ReadCodes, ReadProducts
from shared.elements.usecases.upsert_by_origin import ByOrigin, upsert_by_origin
from shared.kit.domain import Cause
from shared.kit.storage.repository import Records

C = TypeVar("C", bound=HasClient)
W = TypeVar("W", bound=Collaborators)


async def prepare_collaborators(noun: str, product_ids: Sequence[str | None], count: int, collaborators: W) -> W:
    """Read what so many new elements need once: their products, their dictionaries, their numbers."""
    products = ReadProducts(await collaborators.products.facts(product_ids))
    codes = ReadCodes(await collaborators.dictionaries.codes(ELEMENTS[noun].fields))
    await collaborators.numbers.reserve(noun, count)
    return replace(collaborators, products=products, dictionaries=codes)


async def create_or_correct(
    id_: str | None,
    new: NewElement,
    cause: Cause,
    *,
    fresh_id: str,
    corrects: bool,
    elements: Records[C],
    views: ByOrigin[C],
    create: Callable[[str, NewElement, Cause], Awaitable[C]],
    stages: Callable[[], StageSet],
    collaborators: Collaborators,
) -> tuple[C, bool]:
    """Create one element of a batch, or correct the one of its origin where that is wished.

    Returns:
        The element, and whether it is new.

    Raises:
        OriginTaken: the origin belongs to another element, and it is not to be corrected.
        DomainError: as `create` and `upsert_by_origin` raise it.
    """
    if new.origin is None or not corrects:
        return await create(id_ or fresh_id, new, cause), True
    return await upsert_by_origin(
        new.origin,
        new,
        cause,
        elements=elements,
        views=views,
        create=create,
        stages=stages,
        collaborators=collaborators,
        new_id=id_,
    )
