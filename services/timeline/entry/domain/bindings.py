"""Bindings of an entry to elements, made and removed by hand (TL-05).

A binding is an event too, because the projection can be rebuilt from the topics alone.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from crm_contracts.timeline import TimelineEntryBound, TimelineEntryUnbound
from crm_contracts.values import ElementRef

from shared.kit.domain import KNOWN_SOON, Aggregate, Invalid, Refused, derived_id, wrong_field

MAX_BOUND = 100
MAX_UNBOUND = 1_000
"""As many as the largest event names, so that the document cannot grow for ever."""
ELEMENT_NOT_FOUND: Final = "element_not_found"


class LastBinding(Refused):
    """The entry would be bound to no element at all."""

    code = "last_binding"


class UnknownElement(Invalid):
    """No event has named the element to which an entry is to be bound; `errors` has the field."""

    also: ClassVar[Mapping[str, str]] = {
        ELEMENT_NOT_FOUND: "No event that came so far has named the element; as the code of a field."
    }
    advice_on: ClassVar[Mapping[str, str]] = {
        ELEMENT_NOT_FOUND: "Where it was created just now, send the same request again: its event comes in a "
        "moment. Else send the type and the id of an element that is there, such as `deal:` and its id."
    }

    def __init__(self) -> None:
        message = f"no event has named this element yet; {KNOWN_SOON}"
        super().__init__(message, {"errors": [wrong_field("element", ELEMENT_NOT_FOUND, message)]})


class TooManyBindings(Refused):
    """The entry is bound to, or unbound from, as many elements by hand as are allowed."""

    code = "too_many_bindings"


class Bindings(Aggregate):
    """Binding overrides of the entries of one event; `bound` and `unbound` never share an element."""

    NOUN: ClassVar[str] = "bindings"

    event_id: str
    bound: tuple[ElementRef, ...] = ()
    unbound: tuple[ElementRef, ...] = ()

    @staticmethod
    def id_for(event_id: str) -> str:
        """Derive the id, one per event."""
        return derived_id("bindings", event_id)

    def bind(self, element: ElementRef, *, named: Sequence[ElementRef]) -> None:
        """Show the entry in one more timeline; where it is shown already, nothing changes.

        Args:
            element: whose timeline.
            named: the elements that the event itself names.

        Raises:
            TooManyBindings: there are `MAX_BOUND` already.
        """
        if any(str(ref) == str(element) for ref in self.elements(named)):
            return
        if len(self.bound) >= MAX_BOUND:
            message = f"An entry is bound to {MAX_BOUND} elements by hand at most."
            raise TooManyBindings(message)
        self.bound = (*_without(self.bound, element), element)
        self.unbound = _without(self.unbound, element)
        self.record(TimelineEntryBound(entry_event_id=self.event_id, element=element))

    def unbind(self, element: ElementRef, *, named: Sequence[ElementRef]) -> None:
        """Remove the entry from a timeline; where it is not shown, nothing changes.

        Raises:
            LastBinding: it would be shown nowhere.
            TooManyBindings: there are `MAX_UNBOUND` that it is not shown on already.
        """
        current = self.elements(named)
        if all(str(ref) != str(element) for ref in current):
            return
        if len(current) == 1:
            message = "This is the last element that the entry is bound to."
            raise LastBinding(message)
        if len(self.unbound) >= MAX_UNBOUND:
            message = f"An entry is unbound from {MAX_UNBOUND} elements at most."
            raise TooManyBindings(message)
        self.unbound = (*_without(self.unbound, element), element)
        self.bound = _without(self.bound, element)
        self.record(TimelineEntryUnbound(entry_event_id=self.event_id, element=element))

    def elements(self, named: Sequence[ElementRef]) -> list[ElementRef]:
        """Apply the overrides to the elements that the event names."""
        hidden = {str(ref) for ref in self.unbound}
        shown = {str(ref): ref for ref in (*named, *self.bound)}
        return [ref for key, ref in shown.items() if key not in hidden]


def _without(refs: tuple[ElementRef, ...], element: ElementRef) -> tuple[ElementRef, ...]:
    return tuple(ref for ref in refs if str(ref) != str(element))
