"""A line of the timeline, and how it names an element."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from crm_contracts.values import ElementRef, Money

Kind = Literal[
    "child_created",
    "converted",
    "created_on_basis_of",
    "element_created",
    "element_modified",
    "linked",
    "log_message",
    "pipeline_changed",
    "process_step",
    "product_rows_changed",
    "stage_changed",
    "unlinked",
]
"""What kinds of entries there are (TL-01)."""

MERGE_KIND: Final = "log_message"
MERGED: Final = "merged"
"""Where the payload of a merge lists the elements whose timelines are part of the survivor's."""


@dataclass(frozen=True, slots=True)
class Line:
    """One element's part of an event; of a person it contains the name alone."""

    element: ElementRef
    kind: Kind
    text: str
    payload: dict[str, Any] = field(default_factory=dict)


Narrator = Callable[[Any], Iterator[Line]]
"""Turns the data of an event into lines."""


def money(amount: Money) -> str:
    """Return the amount as text, `12.50 EUR`."""
    return f"{amount.value:f} {amount.currency}"


def name_of(ref: ElementRef) -> str:
    """Return the title on one line, or the type where there is none."""
    return " ".join((ref.title or ref.type).split())
