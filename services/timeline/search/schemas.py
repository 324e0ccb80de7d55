"""What is searched for, and what was found, by type."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from crm_contracts.elements import ELEMENTS
from crm_contracts.values import ElementRef, Value
from pydantic import Field

from shared.elements.schemas.search import SearchText
from shared.kit.web.named_ones import SomeOf, names_in
from shared.kit.web.schemas import Input

MAX_MATCHES: Final = 20
"""Matches of each type in an answer (CLI-04)."""


class SearchIn(Input):
    """What is searched for, as query parameters."""

    q: SearchText
    types: Annotated[str, Field(max_length=200), SomeOf("type", ELEMENTS)] = Field(
        default="", description="types of elements, comma-separated; all without it"
    )

    @property
    def wanted(self) -> Sequence[str]:
        """The types to search."""
        return names_in(self.types) or tuple(ELEMENTS)


class Matches(Value):
    """Elements of one type that match, the one changed last first; where there are more, the user types more."""

    items: list[ElementRef] = []
    has_more: bool = False


class SearchOut(Value):
    """Matches by type, at most 20 each; of a type that was not asked for there are none."""

    lead: Matches = Matches()
    deal: Matches = Matches()
    contact: Matches = Matches()
    company: Matches = Matches()
    product: Matches = Matches()

    @classmethod
    def of(cls, found: Mapping[str, tuple[Sequence[ElementRef], bool]]) -> "SearchOut":
        """Build the answer from what was found, and whether there are more."""
        return cls(**{type_: Matches(items=list(refs), has_more=has_more) for type_, (refs, has_more) in found.items()})
