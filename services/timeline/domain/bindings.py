"""To which elements an entry was bound or unbound by hand (TL-05).

The surprise: the timeline's documents are a projection that may be dropped and told anew from the topics, so what
people do to an entry is an event as well, and this is the aggregate that says it.
"""

from collections.abc import Sequence
from typing import ClassVar

from crm_contracts.timeline import TimelineEntryBound, TimelineEntryUnbound
from crm_contracts.values import ElementRef

from shared.kit.domain import Aggregate, Refused, derived_id

MAX_BOUND = 100


class LastBinding(Refused):
    """An entry belongs to one element at least."""

    code = "last_binding"


class TooManyBindings(Refused):
    """An entry is bound to a limited number of elements by hand."""

    code = "too_many_bindings"


class Bindings(Aggregate):
    """What was done by hand to the entries of one event; `bound` and `unbound` never share an element."""

    NOUN: ClassVar[str] = "bindings"

    event_id: str
    bound: tuple[ElementRef, ...] = ()
    unbound: tuple[ElementRef, ...] = ()

    @staticmethod
    def id_for(event_id: str) -> str:
        """One aggregate per event."""
        return derived_id("bindings", event_id)

    def bind(self, element: ElementRef, *, told: Sequence[ElementRef]) -> None:
        """Show the entry in one more timeline; where it shows already, nothing changes.

        Args:
            element: whose timeline.
            told: the elements that the event itself named.

        Raises:
            TooManyBindings: there are `MAX_BOUND` already.
        """
        if any(str(ref) == str(element) for ref in self.elements(told)):
            return
        if len(self.bound) >= MAX_BOUND:
            message = f"An entry is bound to {MAX_BOUND} elements by hand at most."
            raise TooManyBindings(message)
        self.bound = (*_without(self.bound, element), element)
        self.unbound = _without(self.unbound, element)
        self.record(TimelineEntryBound(entry_event_id=self.event_id, element=element))

    def unbind(self, element: ElementRef, *, told: Sequence[ElementRef]) -> None:
        """Take the entry out of a timeline; where it does not show, nothing changes.

        Raises:
            LastBinding: it would show nowhere.
        """
        current = self.elements(told)
        if all(str(ref) != str(element) for ref in current):
            return
        if len(current) == 1:
            message = "This is the last element that the entry is bound to."
            raise LastBinding(message)
        self.unbound = (*_without(self.unbound, element), element)
        self.bound = _without(self.bound, element)
        self.record(TimelineEntryUnbound(entry_event_id=self.event_id, element=element))

    def elements(self, told: Sequence[ElementRef]) -> list[ElementRef]:
        """Where the entry shows: the elements that its event named, as corrected by hand."""
        gone = {str(ref) for ref in self.unbound}
        shown = {str(ref): ref for ref in (*told, *self.bound)}
        return [ref for key, ref in shown.items() if key not in gone]


def _without(refs: tuple[ElementRef, ...], element: ElementRef) -> tuple[ElementRef, ...]:
    return tuple(ref for ref in refs if str(ref) != str(element))
