"""Decide which of the elements that timelines name a user may read (TL-12, PERM-08)."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol, TypeAlias

from crm_contracts.elements import ELEMENTS
from crm_contracts.values import ElementRef

from shared.elements.domain.rights.accessed import Accessed
from shared.elements.domain.rights.compiled import Rights

FindReadable: TypeAlias = Callable[[Iterable[str]], Awaitable[set[str]]]
"""Finds those of some elements, each as `type:id`, that a caller may read."""


class AccessOfElements(Protocol):
    """The view of elements as far as rights depend on them."""

    async def of(self, refs: Iterable[str]) -> Mapping[str, Accessed]:
        """Find those of these elements of which everything is known."""
        ...

    async def is_deleted(self, element: ElementRef) -> bool:
        """Return whether the element was deleted with its timeline."""
        ...


async def find_readable(refs: Iterable[str], *, rights: Rights, accessed: AccessOfElements) -> set[str]:
    """Find those of these elements that a user may read; one of which nothing is known is none of them.

    What is no element with rights of its own, such as a dictionary or a role, every caller may read.
    """
    named = {ref: ELEMENTS.get(ref.partition(":")[0]) for ref in refs}
    known = await accessed.of(ref for ref, type_ in named.items() if type_ is not None)
    return {
        ref for ref, type_ in named.items() if type_ is None or (ref in known and rights.may(type_, "read", known[ref]))
    }
