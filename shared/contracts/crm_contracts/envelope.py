"""The envelope of every event: CloudEvents 1.0 attributes in Kafka's binary mode.

Attributes are record *headers*, the value is the event's data alone, and the key is the id of the aggregate that
published it. `ce_sequence` is absent on answers that belong to no aggregate's history.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

CONTENT_TYPE = "application/json"
SPEC_VERSION = "1.0"


class Event(BaseModel):
    """A fact, named by a noun and a past verb. Unknown fields are ignored, so that old readers read new events."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ce_type: ClassVar[str]
    """Wire name with its version, such as `crm.lead.created.v1`: a literal, never derived."""


E_co = TypeVar("E_co", bound=Event, covariant=True)
E = TypeVar("E", bound=Event)


class MalformedEvent(ValueError):
    """The record is of a known type, or of no recognisable type at all, and cannot be read.

    Attributes:
        topic: where the record is, as its partition and offset are; None where only its content was given.
    """

    def __init__(
        self, reason: str, *, topic: str | None = None, partition: int | None = None, offset: int | None = None
    ) -> None:
        place = "" if topic is None else f"{topic}, partition {partition}, offset {offset}: "
        super().__init__(place + reason)
        self.reason = reason
        self.topic = topic
        self.partition = partition
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Envelope(Generic[E_co]):
    """One occurrence of an event.

    Attributes:
        id: UUID, unique for ever; a repeat of the same occurrence carries the same id.
        source: the service that published it, such as `/crm/leads`.
        subject: id of the aggregate; also the record's key.
        time: UTC, when it happened.
        sequence: number of the event in its aggregate's history, contiguous from 1; None for answers.
        correlation_id: the same for everything that one request set in motion.
        causation_id: id of the event that caused this one; None where a request did.
        actor: `user:<sub>`, `service:<sub>` or `form:<id>`.
        actor_roles: roles that the token of the acting user named, by id, beside those that name the user; its
            department is among them, as `department:<id>`.
        traceparent: W3C trace context, if there is one.
    """

    id: str
    source: str
    subject: str
    time: datetime
    data: E_co
    correlation_id: str
    actor: str
    sequence: int | None = None
    causation_id: str | None = None
    traceparent: str | None = None
    actor_roles: tuple[str, ...] = ()
    bulk_id: str | None = None

    @property
    def type(self) -> str:
        """The wire name of the data's class."""
        return self.data.ce_type

    def headers(self) -> dict[str, str]:
        """Return the record's headers; absent attributes are left out."""
        attributes = {
            "ce_specversion": SPEC_VERSION,
            "ce_id": self.id,
            "ce_type": self.type,
            "ce_source": self.source,
            "ce_subject": self.subject,
            "ce_time": self.time.isoformat(),
            "ce_sequence": None if self.sequence is None else str(self.sequence),
            "ce_correlationid": self.correlation_id,
            "ce_causationid": self.causation_id,
            "ce_actor": self.actor,
            "ce_actorroles": " ".join(self.actor_roles) or None,
            "ce_bulkid": self.bulk_id,
            "traceparent": self.traceparent,
            "content-type": CONTENT_TYPE,
        }
        return {name: value for name, value in attributes.items() if value is not None}

    def body(self) -> bytes:
        """Return the record's value."""
        return self.data.model_dump_json().encode()


def header_texts(headers: Mapping[str, Any] | Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Decode headers as a Kafka client gives them: null and undecodable values are left out."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    texts: dict[str, str] = {}
    for name, value in pairs:
        if isinstance(value, str):
            texts[name] = value
        elif isinstance(value, bytes):
            try:
                texts[name] = value.decode()
            except UnicodeDecodeError:
                continue
    return texts


def read_envelope(headers: Mapping[str, str], data: E) -> Envelope[E]:
    """Read the envelope of already decoded data.

    Raises:
        MalformedEvent: a required attribute is missing or unreadable; the message names it.
    """
    required = ("ce_id", "ce_source", "ce_subject", "ce_time", "ce_correlationid", "ce_actor")
    if headers.get("ce_specversion", SPEC_VERSION) != SPEC_VERSION:
        message = f"CloudEvents version {headers['ce_specversion']} is not {SPEC_VERSION}"
        raise MalformedEvent(message)
    missing = [name for name in required if not headers.get(name)]
    if missing:
        message = f"missing header {', '.join(missing)}"
        raise MalformedEvent(message)
    try:
        time = datetime.fromisoformat(headers["ce_time"])
        time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        sequence = int(headers["ce_sequence"]) if "ce_sequence" in headers else None
    except (ValueError, OverflowError) as error:
        message = f"unreadable header: {error}"
        raise MalformedEvent(message) from error
    return Envelope(
        id=headers["ce_id"],
        source=headers["ce_source"],
        subject=headers["ce_subject"],
        time=time,
        data=data,
        correlation_id=headers["ce_correlationid"],
        actor=headers["ce_actor"],
        sequence=sequence,
        causation_id=headers.get("ce_causationid"),
        traceparent=headers.get("traceparent"),
        actor_roles=tuple(headers.get("ce_actorroles", "").split()),
        bulk_id=headers.get("ce_bulkid"),
    )
