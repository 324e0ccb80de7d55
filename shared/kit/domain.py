"""Base classes of the domain models: aggregates that record events, the cause of a change, domain errors.

Pure. An aggregate never publishes: it records events, the repository stores them in the aggregate's own document, and a
relay publishes them from there (design: one document, one write).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Final, Self, TypeAlias, TypeVar, cast
from uuid import NAMESPACE_URL, UUID, uuid5

from crm_contracts.envelope import Event
from crm_contracts.values import Fields
from pydantic import BaseModel, ConfigDict, PrivateAttr

Clock = Callable[[], datetime]
"""Returns the current time, UTC."""

NewId = Callable[[], str]
"""Returns a new id."""

MAX_EVENT_BYTES = 512 * 1024
"""Limit of one event: half of what Kafka takes."""

_DERIVED_VERSION = 5
_NAMESPACE = uuid5(NAMESPACE_URL, "https://crm.example/ids")


def derived_id(*parts: str | int) -> str:
    """Derive an id from parts, always the same: repeats of one cause meet in one document."""
    return str(uuid5(_NAMESPACE, "/".join(map(str, parts))))


def is_derived(id_: str) -> bool:
    """Return whether an id is a UUID of the version that `derived_id` makes, which callers may not choose."""
    try:
        return UUID(id_).version == _DERIVED_VERSION
    except ValueError:
        return False


IN_DEPARTMENT: Final = "department:"
"""What stands before a department among the roles that a token names; no id of a role has a colon."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Causation of a change, and its idempotency key.

    Attributes:
        key: never empty, and the same for each repeat of the cause: event id and step, or the request's key.
        actor: `user:<sub>`, `service:<sub>` or `form:<id>`; a reaction acts for the actor of the first request.
        at: UTC, milliseconds.
        correlation_id: the same for everything that one request causes.
        causation_id: id of the event reacted to; None for a request.
        has_key: whether it is a request with an `Idempotency-Key`, which may be repeated as long as its key is kept.
        roles: roles that the token of the acting user named, and its department; they travel with the actor.
        bulk_id: the run that changes many records, this one among them; None for a change by itself.
    """

    key: str
    actor: str
    at: datetime
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
    has_key: bool = False
    roles: tuple[str, ...] = ()
    bulk_id: str | None = None

    def step(self, name: str) -> "Cause":
        """Derive the cause of one step of several, where they may change the same document."""
        return replace(self, key=f"{self.key}/{name}")

    @property
    def subject(self) -> str:
        """The actor without its kind: a user id."""
        return self.actor.partition(":")[2]


class Aggregate(BaseModel):
    """State that changes as a whole, and the events recorded by its changes.

    `version` counts writes, `sequence` counts events; the repository raises both. A deleted aggregate stays as a
    tombstone: its id is never used again.
    """

    model_config = ConfigDict(extra="ignore", validate_default=False)

    NOUN: ClassVar[str]
    """Its name in messages, metric labels and counters: a literal, so that a renamed class keeps it."""

    id: str
    version: int = 0
    sequence: int = 0
    deleted_at: datetime | None = None
    _recorded: list[Event] = PrivateAttr(default_factory=list)

    @property
    def gone_details(self) -> Mapping[str, str]:
        """Details of the error for requests after its deletion."""
        return {}

    def record(self, event: Event) -> None:
        """Record an event, to be stored with the changed state."""
        self._recorded.append(event)

    @property
    def recorded(self) -> tuple[Event, ...]:
        """Events recorded since the aggregate was loaded, in order."""
        return tuple(self._recorded)


F = TypeVar("F", bound=Fields)


def _only(kind: type[F], values: Mapping[str, Any]) -> F:
    """Build fields with only these set, without validation: the values were validated as input."""
    return cast("F", kind.model_construct(None, **values))


def change_fields(target: BaseModel, changes: Mapping[str, Any], kind: type[F]) -> tuple[F, F] | None:
    """Set fields and return `(before, after)` of those that differ; None where none does."""
    before = {name: getattr(target, name) for name, value in changes.items() if getattr(target, name) != value}
    if not before:
        return None
    for name in before:
        setattr(target, name, changes[name])
    after = {name: changes[name] for name in before}
    return _only(kind, before), _only(kind, after)


@dataclass(eq=False)
class DomainError(Exception):
    """A fact that stops a use case; `code` is stable and machine-readable, `details` are added to the answer."""

    code: ClassVar[str] = "error"
    also: ClassVar[Mapping[str, str]] = {}
    """Further codes that errors of this class may have, with what each means."""
    advice: ClassVar[str] = ""
    """What a caller does about it; empty for what its kind says."""
    advice_on: ClassVar[Mapping[str, str]] = {}
    """What a caller does about some of the further codes, where it is something else."""
    message: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message or type(self).__name__

    @classmethod
    def at(cls, message: str, *fields: str) -> Self:
        """Make the error that these fields have in common."""
        return cls(message, {"errors": [wrong_field(name, cls.code, message) for name in fields]})


class NotFound(DomainError):
    """No such resource."""

    code = "not_found"


class Refused(DomainError):
    """The current state does not allow it."""

    code = "refused"


KNOWN_SOON: Final = "if it was created just now, send the same request again in a moment"
"""Of what another service owns: it is known here as soon as its event has come."""


class Invalid(DomainError):
    """The input cannot be accepted as it is; `errors` lists `{field, code, message}`."""

    code = "invalid"
    advice = (
        "Correct the fields that `errors` names, and send the request again. The `code` of a field may have a page of "
        "its own, `/errors/{code}`, which says more."
    )


class NotAllowed(DomainError):
    """The rights of the caller do not extend to it."""

    code = "not_allowed"


class Conflict(DomainError):
    """A concurrent change came first, or the caller's copy is old."""

    code = "conflict"


class Unavailable(DomainError):
    """The system cannot take the request now, though nothing is wrong with it: retry later."""

    code = "unavailable"


class TooMany(DomainError):
    """The caller has sent more than is taken in a time; `retry_after_s` says when to go on."""

    code = "too_many_requests"


class NotYet(Unavailable):
    """A reaction waits for another event; it is retried, and dead-lettered after many redeliveries."""

    code = "not_yet"


def invalid_field(name: str, code: str, message: str) -> Invalid:
    """Make the error for one wrong field."""
    return Invalid(message, {"errors": [wrong_field(name, code, message)]})


Wrong: TypeAlias = dict[str, str]
"""One entry of `errors`."""


def sentence_of(wrong: Sequence[Mapping[str, str]]) -> str:
    """Say what is wrong with the request: the one field, or which fields."""
    if len(wrong) == 1:
        field_, message = wrong[0]["field"], wrong[0]["message"].removesuffix(".")
        said = message if message.startswith(f"{field_} ") else f"{field_}: {message}"
        return said if said.endswith("?") else f"{said}."
    return f"{len(wrong)} fields are wrong, see `errors`: {', '.join(each['field'] for each in wrong)}."


def wrong_field(name: str, code: str, message: str) -> Wrong:
    """Make the entry of `errors` for one wrong field."""
    return {"field": name, "code": code, "message": message}


class Findings:
    """What several checks find wrong with one request, so that all of it is named at once."""

    def __init__(self, found: Iterable[Invalid] = ()) -> None:
        self._found = list(found)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Keep the error of a check that names fields, and go on; any other error is raised."""
        try:
            yield
        except Invalid as error:
            if not error.details.get("errors"):
                raise
            self._found.append(error)

    @property
    def found(self) -> Sequence[Invalid]:
        """The errors so far."""
        return tuple(self._found)

    def refuse(self) -> None:
        """Refuse the request if anything was found.

        Raises:
            Invalid: the one error, or one that names the fields of all.
        """
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            wrong = [each for error in self._found for each in error.details["errors"]]
            raise Invalid(sentence_of(wrong), {"errors": wrong})
