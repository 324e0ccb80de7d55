"""Fold events into the state of any element, by their base classes.

An event sets the fields of its aggregate's document that it has itself, by name, such as `is_repeat` of
LeadClientChanged; its base class defines what it sets besides. Only an event that breaks this rule needs a fold of its
own (`special_folds.py`).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from crm_contracts.elements import ELEMENTS
from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import (
    ClientFieldEvent,
    Created,
    Deleted,
    ElementEvent,
    Merged,
    Replaced,
    RequisitesChosen,
    RowsChanged,
    StageChanged,
    Updated,
)
from crm_contracts.fields import Audited, Identified

from deploy.verify.aggregates import AGGREGATES, noun_of

Known: TypeAlias = Mapping[str, Any]
"""Fields by name; those of a part with a dot, such as `conversion.state`."""

Fold: TypeAlias = Callable[[Known, Envelope[Any]], dict[str, Any]]
"""From what is known and the next event to the fields that differ from then on."""


def fields_of(event: Envelope[Event]) -> frozenset[str]:
    """Return the names of the fields of the document that an event belongs to."""
    aggregate = AGGREGATES.get(noun_of(event))
    return frozenset(aggregate.document.model_fields) if aggregate else frozenset()


def touched(event: Envelope[Event]) -> dict[str, Any]:
    """Return the time and the author of the last change, where the document has them."""
    return _existing(event, updated_at=event.time, updated_by=event.actor)


def _existing(event: Envelope[Event], **values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in fields_of(event)}


def named_fields(event: Envelope[Event]) -> dict[str, Any]:
    """Return the fields that event and document have in common; what an older event lacks is left out."""
    return {name: getattr(event.data, name) for name in fields_of(event) & event.data.model_fields_set}


def changed(_: Known, event: Envelope[Event]) -> dict[str, Any]:
    """Set what the event names."""
    return named_fields(event) | touched(event)


def created(_: Known, event: Envelope[Created]) -> dict[str, Any]:
    """Set the state that a new element began with; what an older event lacks is left out."""
    state = event.data.state
    return {name: getattr(state, name) for name in state.model_fields_set} | named_fields(event)


def _updated(known: Known, event: Envelope[Updated | Merged]) -> dict[str, Any]:
    return dict(event.data.changes) | changed(known, event)


def _stage_changed(known: Known, event: Envelope[StageChanged]) -> dict[str, Any]:
    data = event.data
    stage = {"stage_id": data.to_stage, "stage_semantic": data.to_semantic, "moved_by": event.actor}
    stage["previous_stage_id"] = data.from_stage
    closed = _existing(event, closed=data.to_semantic != "P", closed_at=data.closed_at)
    return stage | closed | changed(known, event)


def _rows_changed(known: Known, event: Envelope[RowsChanged]) -> dict[str, Any]:
    return dict(event.data.after) | changed(known, event)


def _client_changed(known: Known, event: Envelope[ClientFieldEvent]) -> dict[str, Any]:
    return {"client": event.data.client_now} | changed(known, event)


def _requisites_chosen(known: Known, event: Envelope[RequisitesChosen]) -> dict[str, Any]:
    return {"requisite_link": event.data.after} | changed(known, event)


_LINKS: Final = frozenset({"client", "requisite_link"})


def _blank(event: Envelope[Deleted | Replaced]) -> dict[str, Any]:
    """Return the tombstone: identity and authors stay, fields that users edit, links and all lists are emptied."""
    element = ELEMENTS[noun_of(event)]
    kept = {**Identified.model_fields, **Audited.model_fields}
    return {
        name: info.get_default(call_default_factory=True)
        for name, info in element.state.model_fields.items()
        if name not in kept and (name in element.fields.model_fields or info.default == () or name in _LINKS)
    } | {"deleted_at": event.time, **touched(event)}


def deleted(_: Known, event: Envelope[Deleted]) -> dict[str, Any]:
    """Return the tombstone, without where it came from."""
    return {**_blank(event), "originator_id": None, "origin_id": None}


def _replaced(_: Known, event: Envelope[Replaced]) -> dict[str, Any]:
    return {**_blank(event), "merged_into": event.data.survivor.id}


ELEMENT_FOLDS: Final[Mapping[type[Event], Fold]] = {
    Created: created,
    Updated: _updated,
    Merged: _updated,
    Deleted: deleted,
    Replaced: _replaced,
    StageChanged: _stage_changed,
    RowsChanged: _rows_changed,
    ClientFieldEvent: _client_changed,
    RequisitesChosen: _requisites_chosen,
    ElementEvent: changed,
}
"""What an event of each base class sets."""
