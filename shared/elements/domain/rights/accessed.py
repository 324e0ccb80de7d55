"""What rights look at of a record, and the marks by which MongoDB finds the records that a user has rights to.

A record is marked `r:<user>` by who is responsible, `o:<user>` by each observer, and `open` where it is open to all.
Departments are no marks: a user who moves to another one changes no record.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from pydantic import BaseModel

from shared.elements.domain.fields import CatalogueField

OPEN: Final = "open"

ACCESS: Final = CatalogueField.unlisted("access", "string", "in", is_list=True)
"""Where a document has its marks; no catalogue has it, so no caller names it."""

ACCESS_OR_OPEN: Final = replace(ACCESS, name="access or open")
"""The same, where what is open to all is among what is looked for: that is most of what there is."""


def mark_of_responsible(user_id: str) -> str:
    """Return the mark of the records that a user is responsible for."""
    return f"r:{user_id}"


def mark_of_observer(user_id: str) -> str:
    """Return the mark of the records that a user observes."""
    return f"o:{user_id}"


def kinds_of(marks: Iterable[str]) -> int:
    """Count the kinds of these marks, the most of them that one record may have where they are those of one user.

    One user alone is responsible for a record, and of observers rights name the user alone.
    """
    return len({mark.partition(":")[0] for mark in marks})


@dataclass(frozen=True, slots=True)
class Accessed:
    """A record as far as rights depend on it; a type that lacks a field has None or nothing.

    What no user is responsible for, such as a product, is open to all.
    """

    responsible_id: str | None = None
    observers: Sequence[str] = ()
    open_to_all: bool = False
    pipeline_id: str | None = None
    stage_id: str | None = None

    @classmethod
    def of(cls, record: BaseModel) -> Self:
        """Take from a record of any type what it has."""
        has = {name: getattr(record, name) for name in cls.__slots__ if hasattr(record, name)}
        return cls(**{"open_to_all": "responsible_id" not in has, **has})

    @property
    def place(self) -> tuple[str | None, str | None]:
        """Pipeline and stage, which have rights of their own (PERM-02)."""
        return self.pipeline_id, self.stage_id

    @property
    def without_observers(self) -> "Accessed":
        """The record as far as the right to add one like it depends on it."""
        return replace(self, observers=())

    @property
    def marks(self) -> tuple[str, ...]:
        """All marks of the record, each once."""
        marks = [mark_of_observer(each) for each in self.observers]
        if self.responsible_id:
            marks.insert(0, mark_of_responsible(self.responsible_id))
        return (*dict.fromkeys(marks), *((OPEN,) if self.open_to_all else ()))
