"""The user who is responsible for an element, and the event that another one is from now on (CMN-04)."""

from abc import abstractmethod
from typing import TYPE_CHECKING, TypedDict

from crm_contracts.envelope import Event
from crm_contracts.values import Fields


class NewResponsible(TypedDict):
    """The fields that every event about another responsible user has."""

    responsible_id: str
    previous_responsible_id: str


class HasResponsible:
    """An aggregate that a user is responsible for."""

    if TYPE_CHECKING:
        responsible_id: str

        def record(self, event: Event) -> None: ...

    def _record_responsible(self, before: Fields) -> None:
        """Record that another user is responsible, where that is one of the fields that changed."""
        if "responsible_id" in before.model_fields_set:
            previous: str = before.responsible_id  # type: ignore[attr-defined] # of every type of element
            new = NewResponsible(responsible_id=self.responsible_id, previous_responsible_id=previous)
            self.record(self._responsible_changed(new))

    @abstractmethod
    def _responsible_changed(self, new: NewResponsible) -> Event: ...
