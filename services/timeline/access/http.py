"""The rights of a caller to the elements that timelines name (TL-12, PERM-08)."""

from functools import partial

from crm_contracts.elements import ELEMENTS
from crm_contracts.values import ElementRef

from services.timeline.access.usecases import AccessOfElements, FindReadable, find_readable
from shared.elements.domain.rights.accessed import Accessed
from shared.elements.http.rights import RoleAccess, rights_of
from shared.kit.web.call import Call


def readable_by(call: Call, accessed: AccessOfElements) -> FindReadable | None:
    """Return what finds the elements that the caller may read; None where that is all of them."""
    rights = rights_of(call)
    return None if rights is None else partial(find_readable, rights=rights, accessed=accessed)


async def check_update(call: Call, element: ElementRef, accessed: AccessOfElements) -> None:
    """Check that the caller may update an element that he may read: its timeline is a part of it (PERM-08).

    Raises:
        RightMissing: he may not.
    """
    type_ = ELEMENTS.get(element.type)
    if isinstance(call.access, RoleAccess) and type_ is not None:
        known = (await accessed.of([str(element)])).get(str(element), Accessed())
        call.access.check_accessed("update", type_, element.id, known)
