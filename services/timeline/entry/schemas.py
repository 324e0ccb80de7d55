"""Request and answer models of bindings."""

from typing import Annotated

from crm_contracts.elements import NOUNS
from crm_contracts.values import ElementRef
from pydantic import BaseModel, StringConstraints

from shared.kit.web.schemas import Input

Element = Annotated[str, StringConstraints(pattern=rf"^({'|'.join(NOUNS)}):.{{1,190}}$")]
"""An element such as `deal:0199f2a4-…`."""


def ref_of(element: str) -> ElementRef:
    """Parse a validated `Element`."""
    kind, _, id_ = element.partition(":")
    return ElementRef.model_validate({"type": kind, "id": id_})


class BindingIn(Input):
    """An element to bind an entry to."""

    element: Element


class BindingsOut(BaseModel):
    """The elements in whose timelines an entry is shown."""

    event_id: str
    elements: list[ElementRef]
