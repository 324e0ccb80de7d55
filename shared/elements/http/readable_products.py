"""The products that a caller may put into rows: those that he may read (PERM-01).

All products are open to all alike, so the caller may read every one or none. Rows that an element has are its own, and
follow the right to it (PERM-08).
"""

from dataclasses import replace
from typing import TypeVar

from crm_contracts.elements import PRODUCT

from shared.elements.domain.rights.accessed import Accessed
from shared.elements.http.rights import rights_of
from shared.elements.usecases.collaborators import Collaborators
from shared.elements.usecases.read_once import ReadProducts
from shared.kit.web.call import Call

C = TypeVar("C", bound=Collaborators)


def with_readable_products(collaborators: C, call: Call) -> C:
    """Return the collaborators of a caller, to whom products that he may not read are unknown."""
    rights = rights_of(call)
    if rights is None or rights.may(PRODUCT, "read", Accessed(open_to_all=True)):
        return collaborators
    return replace(collaborators, products=ReadProducts({}))
