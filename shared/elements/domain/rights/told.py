"""What events tell of an element as far as rights depend on it, for the views of services that do not own it (PERM-08).

Pure. Each event tells some of the fields of `Accessed`, so a view keeps each field by the newest event that told it.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from crm_contracts.elements import ELEMENTS
from crm_contracts.envelope import Event
from crm_contracts.events import Created, Deleted, ElementEvent, Merged, Replaced, StageChanged, Updated

from shared.elements.domain.rights.accessed import Accessed

FIELDS: Final = tuple(field.name for field in fields(Accessed))


def access_told_by(event: Event) -> Mapping[str, Any]:
    """Return the fields that an event sets from now on; none where it is not about an element.

    Nothing remains of one that was deleted: then only those may read it who may read everything.
    """
    if not isinstance(event, ElementEvent) or event.element.type not in ELEMENTS:
        return {}
    if isinstance(event, Created):
        return _all_of(Accessed.of(event.state))
    if isinstance(event, Deleted | Replaced):
        return _all_of(Accessed())
    if isinstance(event, StageChanged):
        pipeline = {"pipeline_id": event.pipeline_id} if hasattr(event, "pipeline_id") else {}
        return {"stage_id": event.to_stage, **pipeline}
    changes = event.changes if isinstance(event, Updated | Merged) else {}
    return {name: changes[name] for name in FIELDS if name in changes}


def accessed_in(document: Mapping[str, Any]) -> Accessed | None:
    """Read what a view keeps of an element; None until all of it was told, so that none of it opens the element."""
    if any(name not in document for name in FIELDS):
        return None
    return Accessed(**{name: document[name] for name in FIELDS})


def _all_of(accessed: Accessed) -> Mapping[str, Any]:
    return {name: getattr(accessed, name) for name in FIELDS}
