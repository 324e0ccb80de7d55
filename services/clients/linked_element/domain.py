"""Extract from events what clients keeps of elements of other services (CLI-01, DUP-01, PERM-04).

A new type of element with a Client field needs no line here: its events are found by their base classes in the
contracts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias

from crm_contracts import registry
from crm_contracts.client_field import Client
from crm_contracts.elements import ELEMENTS
from crm_contracts.envelope import Event
from crm_contracts.events import ClientFieldEvent, Created, Deleted, ElementEvent, StageChanged, Updated
from crm_contracts.values import ContactPoint, ElementRef, Value

from shared.elements.domain.contact_points import sought_by
from shared.elements.domain.plain_words import words_of
from shared.elements.domain.rights.told import access_told_by

LINKING_TYPES: Final = tuple(noun for noun, each in ELEMENTS.items() if "client" in each.has)
"""Types of elements that have a Client field."""

if TYPE_CHECKING:
    LinkingType: TypeAlias = str
else:
    LinkingType = Literal[LINKING_TYPES]


class LinkedElement(Value):
    """An element that links clients, as its clients show it."""

    id: str
    type: str
    title: str | None = None
    at: datetime
    company_id: str | None = None
    contact_ids: tuple[str, ...] = ()

    @property
    def ref(self) -> ElementRef:
        """Pointer to it."""
        return ElementRef(type=self.type, id=self.id, title=self.title)


@dataclass(frozen=True)
class ElementChange:
    """The state of one element as far as one event carries it; None where it does not.

    Attributes:
        client: the Client field from now on.
        title: the title from now on.
        phones: what they are found by; of an element with contact data.
        emails: what they are found by as well.
        names: what else it is recognised by, by field, each in plain words (DUP-03).
        accessed: what rights look at, by field of `Accessed` (PERM-04).
    """

    ref: ElementRef
    client: Client | None = None
    title: str | None = None
    phones: tuple[str, ...] | None = None
    emails: tuple[str, ...] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    accessed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rights_alone(self) -> Self:
        """The same without all that rights do not look at."""
        return type(self)(self.ref, accessed=self.accessed)


PERSON: Final = ("first_name", "middle_name", "last_name")
NAMES: Final = (*PERSON, "company_title")


def full_name(parts: Sequence[str]) -> str:
    """Make a full name comparable: its plain words in one order, however they are divided among its parts (DUP-03)."""
    return " ".join(sorted(word for part in parts for word in words_of(part)))


def _of_created(event: Created) -> ElementChange:
    state: Any = event.state
    return _with_fields(event, state, type(state).model_fields, client=state.client)


def _of_updated(event: Updated) -> ElementChange:
    return _with_fields(event, event.after, event.after.model_fields_set)


def _of_stage_changed(event: StageChanged) -> ElementChange:
    return ElementChange(event.element, accessed=access_told_by(event))


def _of_deleted(event: Deleted) -> ElementChange:
    """Forget what it was found by, and whom it linked."""
    return ElementChange(
        event.element,
        client=Client(),
        title="",
        phones=(),
        emails=(),
        names=dict.fromkeys(NAMES, "") if "phones" in type(event.before).model_fields else {},
        accessed=access_told_by(event),
    )


def _of_client_field(event: ClientFieldEvent) -> ElementChange:
    return ElementChange(event.element, client=event.client_now)


def _with_fields(event: ElementEvent, fields: Any, given: Iterable[str], client: Client | None = None) -> ElementChange:
    return ElementChange(
        event.element,
        client=client,
        title=fields.title if "title" in given else None,
        phones=_sought_by(fields.phones) if "phones" in given else None,
        emails=_sought_by(fields.emails) if "emails" in given else None,
        names={name: " ".join(words_of(getattr(fields, name) or "")) for name in NAMES if name in given},
        accessed=access_told_by(event),
    )


def _sought_by(points: Iterable[ContactPoint]) -> tuple[str, ...]:
    return tuple(sought_by(point) for point in points)


def _events_of(base: type[Event]) -> list[type[Event]]:
    """List the events of a kind, of the types that have a Client field; their wire names begin with the type."""
    wire_names = tuple(f"crm.{noun}." for noun in LINKING_TYPES)
    return [event for name, event in registry.EVENTS.items() if issubclass(event, base) and name.startswith(wire_names)]


EXTRACTORS: Final[Mapping[type[Event], Callable[[Any], ElementChange]]] = {
    **dict.fromkeys(_events_of(Created), _of_created),
    **dict.fromkeys(_events_of(Updated), _of_updated),
    **dict.fromkeys(_events_of(Deleted), _of_deleted),
    **dict.fromkeys(_events_of(ClientFieldEvent), _of_client_field),
    **dict.fromkeys(_events_of(StageChanged), _of_stage_changed),
}
"""The extractor of each event of an element with a Client field."""
