"""Take over an element from another system, any number of times (CMN-14)."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

from shared.elements.domain.element import OriginTaken
from shared.elements.domain.stages import StageSet
from shared.elements.domain.traits import HasClient
from shared.elements.usecases.collaborators import Collaborators
from shared.elements.usecases.correct_element import correct_element
from shared.elements.usecases.create_element import NewElement
from shared.kit.domain import Aggregate, Cause, NotFound, derived_id
from shared.kit.storage.repository import Records, refuse_new
from shared.kit.storage.repository_errors import Gone, IdTaken

A_co = TypeVar("A_co", bound=Aggregate, covariant=True)
C = TypeVar("C", bound=HasClient)


class ByOrigin(Protocol[A_co]):
    """Finds an element by where it came from."""

    async def by_origin(self, originator: str, origin: str) -> A_co | None:
        """Find the element, or None."""
        ...


async def upsert_by_origin(
    origin: tuple[str, str],
    new: NewElement,
    cause: Cause,
    *,
    elements: Records[C],
    views: ByOrigin[C],
    create: Callable[[str, NewElement, Cause], Awaitable[C]],
    stages: Callable[[], StageSet],
    collaborators: Collaborators,
    expected_version: int | None = None,
    new_id: str | None = None,
) -> tuple[C, bool]:
    """Create the element of this origin, or correct its fields; stage, client and rows of an existing one stay.

    A new one has the id `new_id`, if one is given, else one that is derived from its origin.

    Returns:
        The element, and whether it is new.

    Raises:
        Invalid: an unknown pipeline or stage, also of an element that stays where it is.
        VersionMismatch: the caller's copy of an existing element is old, or there is none of which it has a copy.
        OriginTaken: the caller may not read the element that came from there.
        Gone: the element of this origin was deleted.
    """
    known = stages()
    found = await views.by_origin(*origin)
    if found is None:
        refuse_new(elements.noun, expected_version)
        id_ = new_id or derived_id(elements.noun, *origin)
        try:
            return await create(id_, new, cause), True
        except (IdTaken, OriginTaken):  # another request created it meanwhile
            found = await views.by_origin(*origin)
            if found is None:
                await elements.get(id_)
                raise
    known.initial(new.stage_id)
    return await _correct(found.id, new, cause, expected_version, elements=elements, collaborators=collaborators), False


async def _correct(
    id_: str,
    new: NewElement,
    cause: Cause,
    expected_version: int | None,
    *,
    elements: Records[C],
    collaborators: Collaborators,
) -> C:
    """Correct the element that came from there, unless the caller may not read it.

    For such a caller there is none, but it cannot be created either.
    """
    correct = partial(correct_element, elements=elements, collaborators=collaborators)
    try:
        return await correct(id_, new.fields, cause, expected_version=expected_version)
    except Gone:
        raise
    except NotFound:
        refuse_new(elements.noun, expected_version)
        raise OriginTaken.by(elements.noun, None) from None
