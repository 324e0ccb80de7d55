"""Order links of a list, of which exactly one is primary (CLI-06)."""

from collections.abc import Iterable
from typing import Any, Protocol, Self, TypeVar


class OrderedLink(Protocol):
    """A link of a contact to an element or to a company."""

    @property
    def sort(self) -> int:
        """Its place."""
        ...

    @property
    def is_primary(self) -> bool:
        """Whether it is the one that counts first."""
        ...

    def model_copy(self, *, update: dict[str, Any]) -> Self:
        """Copy it with changes."""
        ...


L = TypeVar("L", bound=OrderedLink)


def with_one_primary(links: Iterable[L]) -> tuple[L, ...]:
    """Sort the links and make exactly one primary: the first flagged one in the order passed, else the first passed."""
    passed = tuple(links)
    primary = next((link for link in passed if link.is_primary), passed[0] if passed else None)
    ordered = sorted(passed, key=lambda link: link.sort)
    return tuple(link.model_copy(update={"is_primary": link is primary}) for link in ordered)
