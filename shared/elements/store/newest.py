"""Keep the newest value of each field of a document, in one write whatever the order of the events that tell them.

Beside a field, `told` has the sequence of the event that set it: one that comes again or late changes nothing.
Views from before have it under another name.
"""

from collections.abc import Mapping
from typing import Any

from shared.kit.storage.documents import Document


def newest(values: Mapping[str, Any], sequence: int, *, under: str = "told") -> Document:
    """Return the fields of a `$set` stage that stores what an event tells, unless a newer one told it."""
    stage: Document = {}
    for name, value in values.items():
        stage |= newest_value(name, value, sequence, told=f"{under}.{name}")
    return stage


def newest_value(name: str, value: Any, sequence: int, *, told: str) -> Document:
    """Return the same for one field, whose sequence is stored at `told`."""
    is_newer = {"$lt": [{"$ifNull": [f"${told}", -1]}, sequence]}
    return {
        name: {"$cond": [is_newer, {"$literal": value}, f"${name}"]},
        told: {"$max": [f"${told}", sequence]},
    }
