"""What a domain model is made of: aggregates that record events, the cause of a change, and the kinds of refusal.

Pure. The surprise: an aggregate never publishes. It records events, which the repository stores in the very document
that they tell of; a relay takes them from there (design: one document, one write).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, TypeVar, cast
from uuid import NAMESPACE_URL, uuid5

from crm_contracts.envelope import Event
from crm_contracts.values import Fields
from pydantic import BaseModel, ConfigDict, PrivateAttr

Clock = Callable[[], datetime]
"""Gives the present moment, UTC."""

NewId = Callable[[], str]
"""Gives a fresh id."""

MAX_EVENT_BYTES = 512 * 1024
"""No change may publish more than this in one event, which is half of what Kafka takes."""

_NAMESPACE = uuid5(NAMESPACE_URL, "https://crm.example/ids")


def derived_id(*parts: str | int) -> str:
    """The id that always follows from the same parts: repeats of one cause meet in one document."""
    return str(uuid5(_NAMESPACE, "/".join(map(str, parts))))


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something changes.

    Attributes:
        key: never empty, and the same whenever the same cause comes again: event id and step, or the request's key.
        actor: `user:<sub>` or `service:<sub>`; a reaction acts for whoever started the chain.
        at: UTC, milliseconds.
        correlation_id: the same for everything that one request set in motion.
        causation_id: id of the event reacted to; None for a request.
    """

    key: str
    actor: str
    at: datetime
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None

    def step(self, name: str) -> "Cause":
        """The same cause for one step of several, when they may touch the same document."""
        return replace(self, key=f"{self.key}/{name}")

    @property
    def subject(self) -> str:
        """The actor without its kind: a user id."""
        return self.actor.partition(":")[2]


class Aggregate(BaseModel):
    """State that changes as a whole, and the events that its changes recorded.

    `version` counts writes, `sequence` counts events; both are the repository's to raise. A deleted
    aggregate stays as a tombstone: its id is never used again.
    """

    model_config = ConfigDict(extra="ignore", validate_default=False)

    NOUN: ClassVar[str]
    """What it is called in messages, metric labels and counters: a literal, so that a renamed class keeps it."""

    id: str
    version: int = 0
    sequence: int = 0
    deleted_at: datetime | None = None
    _recorded: list[Event] = PrivateAttr(default_factory=list)

    @property
    def gone_details(self) -> Mapping[str, str]:
        """What whoever asks for it after its end is told besides."""
        return {}

    def record(self, event: Event) -> None:
        """Remember an event, to be stored with the state that it tells of."""
        self._recorded.append(event)

    @property
    def recorded(self) -> tuple[Event, ...]:
        """Events since the aggregate was loaded, in order."""
        return tuple(self._recorded)


F = TypeVar("F", bound=Fields)


def _only(kind: type[F], values: Mapping[str, Any]) -> F:
    """Fields of which only these are set; the values were validated when they came in."""
    return cast("F", kind.model_construct(None, **values))


def change_fields(target: BaseModel, changes: Mapping[str, Any], kind: type[F]) -> tuple[F, F] | None:
    """Set fields and tell what they were: `(before, after)` of those that differ, or None where none does."""
    before = {name: getattr(target, name) for name, value in changes.items() if getattr(target, name) != value}
    if not before:
        return None
    for name in before:
        setattr(target, name, changes[name])
    after = {name: changes[name] for name in before}
    return _only(kind, before), _only(kind, after)


@dataclass(eq=False)
class DomainError(Exception):
    """A fact that stops a use case. `code` is stable and machine-readable; `details` go into the answer."""

    code: ClassVar[str] = "error"
    title: ClassVar[str] = ""
    """Of the problem details on the wire; the class's name where empty. Set it when such a class is renamed."""
    message: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message or type(self).__name__


class NotFound(DomainError):
    """What was named is not there."""

    code = "not_found"


class Refused(DomainError):
    """The state does not allow it; it may at another time."""

    code = "refused"


class Invalid(DomainError):
    """The input can never be accepted. `details["errors"]` lists `{field, code, message}`."""

    code = "invalid"


class Conflict(DomainError):
    """Somebody else was faster, or the caller's copy is old."""

    code = "conflict"


class Unavailable(DomainError):
    """Nothing is wrong with the request; the system cannot take it now. Not a business fact: retry later."""

    code = "unavailable"


class NotYet(Unavailable):
    """What a reaction waits for is under way; it is tried again, and parked only after many times."""

    code = "not_yet"


def invalid_field(name: str, code: str, message: str) -> Invalid:
    """One wrong field, named."""
    return Invalid(message, {"errors": [{"field": name, "code": code, "message": message}]})
