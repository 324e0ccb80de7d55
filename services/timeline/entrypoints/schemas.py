"""What goes in and out of the timeline API."""

from typing import Annotated, get_args

from crm_contracts.values import ElementRef, ElementType
from pydantic import AfterValidator, BaseModel

from shared.kit.http import Input


def _element(text: str) -> str:
    kind, _, id_ = text.partition(":")
    if kind not in get_args(ElementType) or not id_ or len(text) > 200:  # noqa: PLR2004 - no id is that long
        message = f"must be <type>:<id>, with one of the types {', '.join(get_args(ElementType))}"
        raise ValueError(message)
    return text


Element = Annotated[str, AfterValidator(_element)]
"""An element such as `deal:0199f2a4-…`."""


def ref_of(element: str) -> ElementRef:
    """The pointer that a checked text means."""
    kind, _, id_ = element.partition(":")
    return ElementRef.model_validate({"type": kind, "id": id_})


class BindingIn(Input):
    """An element to bind an entry to."""

    element: Element


class BindingsOut(BaseModel):
    """The elements in whose timelines an entry shows."""

    event_id: str
    elements: list[ElementRef]
