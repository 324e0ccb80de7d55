"""What can be done to many elements at once, each as if it were changed alone (DEAL-03)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Self, TypeAlias, TypeVar

from shared.elements.domain.room import MAX_ENTRIES
from shared.elements.usecases.delete_element import delete_element
from shared.kit.domain import Aggregate, Cause, invalid_field
from shared.kit.runs.outcomes import Outcome
from shared.kit.storage.repository import Records

E = TypeVar("E", bound=Aggregate)

WATCHED: Final = ("responsible_id", "observers", "open_to_all", "pipeline_id", "stage_id")
"""Fields that are changed in bulk."""


class WatchedRecords(Generic[E]):
    """Records of which the last change is remembered: the record after it, and the fields that it changed.

    `check` is done before each change, on the record as it is. `access` are the rights with which they are changed.
    """

    def __init__(self, records: Records[E], access: Any, check: Callable[[E], None] = lambda _: None) -> None:
        self._records, self.access, self._check = records, access, check
        self.record: E | None = None
        self.before: Mapping[str, Any] = {}
        self.after: Mapping[str, Any] = {}

    @property
    def noun(self) -> str:
        """Name of a record."""
        return self._records.noun

    async def get(self, id_: str) -> E:
        """Read a record: see `Records`."""
        return await self._records.get(id_)

    async def written(self, id_: str) -> E:
        """Read a record after a write: see `Records`."""
        return await self._records.written(id_)

    async def change(
        self, id_: str, action: Callable[[E], object], cause: Cause, *, expected_version: int | None = None
    ) -> E:
        """Change a record, and remember what became of it."""

        def watch(element: E) -> None:
            self._check(element)
            before = watched(element)
            action(element)
            self.before, self.after = differences(before, element)

        self.record = await self._records.change(id_, watch, cause, expected_version=expected_version)
        return self.record


def watched(element: Aggregate) -> dict[str, Any]:
    """Return the fields of an element that are changed in bulk, as they are stored."""
    found = {name: getattr(element, name) for name in WATCHED if hasattr(element, name)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def differences(before: Mapping[str, Any], element: Aggregate) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields of an element that were otherwise before, as they were and as they are; of a tombstone none."""
    after = {} if element.deleted_at else watched(element)
    changed = [name for name in after if after[name] != before[name]]
    return {name: before[name] for name in changed}, {name: after[name] for name in changed}


Act: TypeAlias = Callable[[Mapping[str, Any], str, Cause, WatchedRecords[Any]], Awaitable[Any]]
"""Changes one element as the parameters say."""
Settle: TypeAlias = Callable[[Outcome], Awaitable[Outcome]]
"""Returns how that ended which a change has only begun; raises `NotYet` as long as it goes on."""


@dataclass(frozen=True, slots=True)
class BulkAction:
    """An action, and the right to each element that it needs.

    Attributes:
        restore: undoes it, given the fields as they were; None where there is no way back.
        settle: waits for the end of what it begins; None where a change is all of it.
    """

    right: str
    act: Act
    restore: Act | None = None
    settle: Settle | None = None

    @classmethod
    def to_and_fro(cls, right: str, act: Act) -> Self:
        """Make an action whose parameters are the fields that it changes: given them as they were, it undoes itself."""
        return cls(right, act, restore=act)


async def assign_element(parameters: Mapping[str, Any], id_: str, cause: Cause, elements: Records[Any]) -> Any:
    """Make another user responsible (DEAL-03)."""
    return await _correct(id_, lambda _: {"responsible_id": parameters["responsible_id"]}, cause, elements)


async def open_element(parameters: Mapping[str, Any], id_: str, cause: Cause, elements: Records[Any]) -> Any:
    """Open it to all, or close it to others."""
    return await _correct(id_, lambda _: {"open_to_all": parameters["open_to_all"]}, cause, elements)


async def change_observers(parameters: Mapping[str, Any], id_: str, cause: Cause, elements: Records[Any]) -> Any:
    """Add observers and remove others; the order of those that stay is kept (CMN-05).

    Raises:
        Invalid: there would be more observers than a single request may give.
    """
    added, removed = parameters["add"], parameters["remove"]

    def changes(element: Any) -> Mapping[str, Any]:
        kept = [each for each in element.observers if each not in removed]
        observers = tuple(dict.fromkeys([*kept, *added]))
        if len(observers) > max(MAX_ENTRIES, len(element.observers)):
            message = f"At most {MAX_ENTRIES} observers are allowed; there would be {len(observers)}."
            raise invalid_field("observers", "too_long", message)
        return {"observers": observers}

    return await _correct(id_, changes, cause, elements)


async def restore_fields(before: Mapping[str, Any], id_: str, cause: Cause, elements: Records[Any]) -> Any:
    """Give it back fields as they were."""
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in before.items()}
    return await _correct(id_, lambda _: fields, cause, elements)


async def delete_one(parameters: Mapping[str, Any], id_: str, cause: Cause, elements: Records[Any]) -> None:
    """Make a tombstone of it."""
    del parameters
    await delete_element(id_, cause, elements=elements)


async def _correct(id_: str, changes: Callable[[Any], Mapping[str, Any]], cause: Cause, elements: Records[Any]) -> Any:
    return await elements.change(
        id_, lambda element: element.correct(changes(element), by=cause.actor, at=cause.at), cause
    )


ACTIONS: Final[Mapping[str, BulkAction]] = {
    "assign": BulkAction("update", assign_element, restore_fields),
    "open_to_all": BulkAction("update", open_element, restore_fields),
    "observers": BulkAction("update", change_observers, restore_fields),
    "delete": BulkAction("delete", delete_one),
}
"""Of every type of element."""
