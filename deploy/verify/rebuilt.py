"""Rebuild the state of an aggregate from its events alone.

Folds derive from the contract, not from the services: an event of a known base class needs none of its own.
"""

from collections.abc import Mapping
from typing import Any, Final

from crm_contracts import registry
from crm_contracts.envelope import Envelope, Event

from deploy.verify.element_folds import ELEMENT_FOLDS, Fold, Known
from deploy.verify.special_folds import SPECIAL_FOLDS

_BY_CLASS: Final = {**ELEMENT_FOLDS, **SPECIAL_FOLDS}

FOLDS: Final[Mapping[type[Event], Fold]] = {
    event: next(_BY_CLASS[each] for each in event.__mro__ if each in _BY_CLASS)
    for event in registry.EVENTS.values()
    if not _BY_CLASS.keys().isdisjoint(event.__mro__)
}
"""What each event sets in the aggregate that published it; answers that change no aggregate have none."""


def fold(known: Known, event: Envelope[Event]) -> dict[str, Any]:
    """Return the fields that differ after an event."""
    return FOLDS[type(event.data)](known, event)
