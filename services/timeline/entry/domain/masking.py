"""Show an entry to a reader who may not read all that it names (TL-12).

A text says what elements are called, and which part of it says so of which element is not stored. So as a whole it
gives way to what the type of its event says, which names none. The payload stays: it has ids, and no titles.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crm_contracts.elements import ELEMENTS

from services.timeline.entry.domain.entry import Entry
from services.timeline.entry.domain.narration.defaults import text_of


def named_beside(entry: Entry, elements: Iterable[tuple[str, str]]) -> set[str]:
    """Return the elements that a text may name beside the entry's own, each as `type:id`.

    That are those in its payload. What an element's own entry says of others may name those as well that are linked,
    and one that was bound by hand is the entry of another element, of which it may say everything.

    Args:
        entry: with the text.
        elements: of its event, with the kind of the entry that each has.
    """
    is_own = entry.place == 0 and bool(entry.payload)
    others = {ref for ref, kind in elements if entry.bound_by_hand or (is_own and kind == "linked")}
    return {*others, *_refs_in(entry.payload)}


def masked(entry: Entry) -> Entry:
    """Copy an entry, without the names in its text."""
    return entry.model_copy(update={"text": text_of(entry.type)})


def _refs_in(payload: Mapping[str, Any]) -> Iterator[str]:
    for value in payload.values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str) and each.partition(":")[0] in ELEMENTS:
                yield each
