"""Show an entry to a reader who may not read all that it names (TL-12).

A text says what elements are called, and which part of it says so of which element is not stored. So as a whole it
gives way to what the type of its event says, which names none. The payload stays: it has ids, and no titles.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crm_contracts.elements import ELEMENTS

from services.timeline.entry.domain.entry import Entry
from services.timeline.entry.domain.narration.defaults import text_of


def named_beside(entry: Entry, elements: Iterable[str]) -> set[str]:
    """Return the elements that a text may name, each as `type:id`: of these of its event, and those in its payload.

    Without a payload an element's own entry says something of that element alone.
    """
    is_own = entry.place == 0 and not entry.bound_by_hand
    return set() if is_own and not entry.payload else {*elements, *_refs_in(entry.payload)}


def masked(entry: Entry) -> Entry:
    """Copy an entry, without the names in its text."""
    return entry.model_copy(update={"text": text_of(entry.type)})


def _refs_in(payload: Mapping[str, Any]) -> Iterator[str]:
    for value in payload.values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str) and each.partition(":")[0] in ELEMENTS:
                yield each
