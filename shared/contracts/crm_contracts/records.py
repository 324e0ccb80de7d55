"""Read records as a Kafka client returns them, and put those aside that cannot be read.

A topic keeps all that was ever published on it, a record that cannot be read among it. A consumer that stops there
stops there for ever, so such a record is handed over with its place, by which it can be found again.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from crm_contracts.envelope import Envelope, Event, MalformedEvent
from crm_contracts.registry import parse


class Record(Protocol):
    """What is used of a record: it is that of aiokafka or of kafka-python."""

    @property
    def topic(self) -> str:
        """Where it is, as are the next two."""
        ...

    @property
    def partition(self) -> int: ...

    @property
    def offset(self) -> int: ...

    @property
    def headers(self) -> Any:
        """Pairs, or a mapping."""
        ...

    @property
    def value(self) -> Any:
        """Bytes, or None."""
        ...


def parse_record(record: Record) -> Envelope[Event] | None:
    """Parse the event in a record; return None where its type is not known here.

    Raises:
        MalformedEvent: names topic, partition and offset of the record.
    """
    try:
        return parse(record.headers, record.value)
    except MalformedEvent as error:
        raise MalformedEvent(
            error.reason, topic=record.topic, partition=record.partition, offset=record.offset
        ) from error


def read_each(records: Iterable[Record], put_aside: Callable[[MalformedEvent], object]) -> Iterator[Envelope[Event]]:
    """Parse records in their order, without those of types that are not known here.

    A record that cannot be read is given to `put_aside`, as the error that names its place; the others go on.
    """
    for record in records:
        try:
            event = parse_record(record)
        except MalformedEvent as error:
            put_aside(error)
            continue
        if event is not None:
            yield event
