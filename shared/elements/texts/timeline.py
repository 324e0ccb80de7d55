"""Meanings of the timeline's own fields."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from shared.elements.texts import api
from shared.elements.texts.fields import FIELDS

_OWN: Final[Mapping[str, str]] = {
    "Difference.collection": "collection of the projection",
    "Difference.fields": "fields that differ",
    "Difference.kind": "how the two versions differ",
    "Entry.kind": "kind of entry, as `types` selects it",
    "Entry.text": "what happened, in a sentence",
    "Entry.type": "type of the event (`ce_type`)",
    "Step.type": "type of the event (`ce_type`)",
    "accepted_by": "who switched in spite of differences",
    "actor": "who did it, such as `user:anna`",
    "bound_by_hand": "whether somebody bound the entry to this element",
    "causation_id": "id of the event that led directly to this one",
    "children": "what this event led to",
    "comparison": "how the new projection differs from the live one; null until it has been made",
    "different": "how many differ",
    "elapsed_ms": "milliseconds since the event before",
    "elements": "the elements that it is about",
    "ended_at": "when it ended; null while it runs",
    "entries": "of how many events the entries were compared",
    "examples": "some of the differences",
    "extra": "how many the live projection lacks",
    "marks": "how many marks were compared",
    "missing": "how many the new projection lacks",
    "occurred_at": "when it happened",
    "payload": "the data of the event",
    "read": "records read so far",
    "requested_at": "when it was requested",
    "requested_by": "who requested it",
    "service": "service that published the event",
    "steps": "what the request caused, as a tree",
    "topics": "progress by topic",
    "total": "records to be read",
    "total_ms": "milliseconds from the first event to the last",
    "truncated": "whether there are more than are shown",
}

TEXTS: Final = replace(api.TEXTS, fields={**FIELDS, **_OWN})
