"""Request and answer models of bindings."""

from typing import Annotated, Final, get_args

from crm_contracts.elements import NOUNS
from crm_contracts.values import ElementRef
from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.timeline.entry.domain.narration.line import Kind
from shared.kit.web.schemas import Input
from shared.kit.web.sentences import meant_or_all

KINDS: Final = get_args(Kind)

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


def kinds_of(types: str) -> list[str]:
    """Parse a validated `Kinds`."""
    return types.split(",") if types else []


def _known(types: str) -> str:
    for kind in kinds_of(types):
        if kind not in KINDS:
            raise PydanticCustomError(
                "unknown_kind",
                "there is no kind {kind}{meant}",
                {"kind": repr(kind), "meant": meant_or_all(kind, KINDS)},
            )
    return types


Kinds = Annotated[str, StringConstraints(max_length=500), AfterValidator(_known)]
"""Kinds of entries, comma-separated."""

KINDS_PATTERN: Final = rf"^(({'|'.join(KINDS)})(,|$))*$"


class BindingIn(Input):
    """An element to bind an entry to."""

    element: Element


class BindingsOut(BaseModel):
    """The elements in whose timelines an entry is shown."""

    event_id: str
    elements: list[ElementRef]
