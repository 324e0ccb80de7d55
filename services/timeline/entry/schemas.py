"""Request and answer models of bindings."""

from typing import Annotated, Final

from crm_contracts.elements import NOUNS
from crm_contracts.values import ElementRef
from pydantic import BaseModel, Field, StringConstraints

from services.timeline.entry.domain.kinds import FIELDS, KINDS
from shared.elements.schemas.filters import MAX_FILTER
from shared.kit.web.named_ones import SomeOf
from shared.kit.web.schemas import Input, json_of

Element = Annotated[
    str,
    StringConstraints(pattern=rf"^({'|'.join(NOUNS)}):.{{1,190}}$"),
    Field(examples=["deal:0199f2a4-7c1e-7a52-9f0b-3d1f6c2e8a10"]),
]
"""An element such as `deal:0199f2a4-…`."""


def ref_of(element: str) -> ElementRef:
    """Parse a validated `Element`."""
    kind, _, id_ = element.partition(":")
    return ElementRef.model_validate({"type": kind, "id": id_})


Kinds = Annotated[str, StringConstraints(max_length=500), SomeOf("kind", KINDS)]
"""Kinds of entries, comma-separated."""

_ABOUT: Final = f"what an entry has to be, as in lists of elements; in JSON, with conditions on {', '.join(FIELDS)}"

EntryFilter = Annotated[str | None, json_of("filter", None, longest=MAX_FILTER, about=_ABOUT)]
"""The parameter `filter` of a timeline."""


class BindingIn(Input):
    """An element to bind an entry to."""

    element: Element


class BindingsOut(BaseModel):
    """The elements in whose timelines an entry is shown."""

    event_id: str
    elements: list[ElementRef]
