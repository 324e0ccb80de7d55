"""The base of an element type: identity, title, fields that users edit, and who changed it last."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast

from crm_contracts.elements import ElementType
from crm_contracts.envelope import Event
from crm_contracts.values import ElementRef, Fields
from pydantic import BaseModel, computed_field

from shared.elements.domain.responsible import HasResponsible
from shared.elements.domain.rights.accessed import Accessed
from shared.elements.domain.room import check_fields
from shared.kit.domain import Aggregate, Conflict, change_fields

S = TypeVar("S", bound=Fields)


def taken_by(noun: str, id_: str | None, how: str) -> tuple[str, dict[str, str]]:
    """Make message and details of the error that one element has what another asks for; None where it has gone."""
    return (f"Another {noun} {how}.", {}) if id_ is None else (f"The {noun} {id_} {how}.", {"existing_id": id_})


class OriginTaken(Conflict):
    """Another element came from the same origin (CMN-14); `existing_id` is its id, where the caller may read it."""

    code = "origin_taken"
    advice = (
        "Correct the record `existing_id`, or send the request as an upsert by origin: a PUT to "
        "`/v1/.../external/{originator}/{origin}`, or a batch with `on_existing: correct`."
    )

    @classmethod
    def by(cls, noun: str, id_: str | None) -> Self:
        """Make the error that names the element, if it is still there and the caller may know it."""
        return cls(*taken_by(noun, id_, "came from this origin"))


class Element(HasResponsible, Aggregate, Fields):
    """An element of one type.

    Its state is the contract's: a type inherits the behaviour that it has and its state class, and names its events in
    the hooks, two lines each.
    """

    TYPE: ClassVar[ElementType]

    if TYPE_CHECKING:  # fields of every state class
        number: int
        title: str
        updated_by: str
        updated_at: datetime
        originator_id: str | None
        origin_id: str | None

    @property
    def ref(self) -> ElementRef:
        """Pointer to this element."""
        return ElementRef(type=self.TYPE.noun, id=self.id, title=self.title)

    @computed_field  # type: ignore[prop-decorator] # stored, so that lists find it
    @property
    def access(self) -> tuple[str, ...]:
        """Marks by which lists find the records that a user has rights to (PERM-04)."""
        return Accessed.of(self).marks

    @property
    def makes_alike(self) -> bool:
        """Whether others are made as it is, by themselves: who changes it changes those to come."""
        return False

    def correct(self, changes: Mapping[str, Any], *, by: str, at: datetime) -> bool:
        """Change fields and return whether any value differs; without a difference there is no event (LEAD-10).

        Raises:
            PartTooLarge: together the fields are more than an event may hold.
        """
        if "title" in changes:
            source = changes.get("source_id", getattr(self, "source_id", None))
            changes = {
                **changes,
                "title": changes["title"]
                or self.default_title(self.number, source_id=source, origin_id=self.origin_id),
            }
        changed = change_fields(self, changes, self.TYPE.fields)
        if changed is None:
            return False
        check_fields(self.TYPE.fields, self, changes, before=changed[0])
        self._touch(by, at)
        self.record(self._updated(*changed))
        self._record_responsible(changed[0])
        return True

    def delete(self, *, by: str, at: datetime) -> None:
        """Become a tombstone with identity and authors; the event alone keeps what was known (DEAL-19, LEAD-21)."""
        deleted = self._deleted()
        self._clear(by, at)
        self.record(deleted)

    def _clear(self, by: str, at: datetime) -> None:
        """Reset what users edit, and where it came from."""
        for name, info in self.TYPE.fields.model_fields.items():
            setattr(self, name, info.get_default(call_default_factory=True))
        self.originator_id = self.origin_id = None
        self.deleted_at = at
        self._touch(by, at)

    @classmethod
    def default_title(cls, number: int, *, source_id: str | None, origin_id: str | None) -> str:
        """Return `Deal #17` (CMN-01); where it came from decides for some types."""
        del source_id, origin_id
        return f"{cls.TYPE.noun.capitalize()} #{number}"

    def _touch(self, by: str, at: datetime) -> None:
        self.updated_by, self.updated_at = by, at

    @abstractmethod
    def _created(self) -> Event: ...

    @abstractmethod
    def _updated(self, before: Any, after: Any) -> Event: ...

    @abstractmethod
    def _deleted(self) -> Event: ...


def state_of(element: BaseModel, state: type[S]) -> S:
    """Take from an element what its contract publishes; the values were validated when they came in."""
    return cast("S", state.model_construct(**{name: getattr(element, name) for name in state.model_fields}))
