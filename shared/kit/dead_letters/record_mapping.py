"""Map a dead-lettered record to its entry, and back to the record as it was.

A record is known by its offset and its time together: a topic that was made anew counts its offsets from 0 again.

Note:
    A record may have headers of its own with the names of the dead-letter headers. Only the headers appended last
    count; those before them are the record's own.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from crm_contracts.envelope import header_texts

from shared.kit.messaging.records import Record
from shared.kit.storage.documents import Document

Headers = Sequence[tuple[str, bytes | None]]

_FIRST_APPENDED: Final = "dlt_original_topic"
_MAX_TEXT: Final = 200
_MAX_NUMBER: Final = 2**63


def entry_of(record: Record, *, service: str, topic: str) -> Document:
    """Map a dead-lettered record of this topic to its initial entry."""
    own, appended = _split_headers(record.headers)
    event, why = header_texts(own), header_texts(appended)
    parked_at = moment_of(record)
    attempts, reason = _number(why.get("dlt_attempts")) or 0, why.get("dlt_exception", "unknown")
    dead_lettering = {
        "id": _id(record),
        "action": "parked",
        "by": f"service:{service}",
        "at": parked_at,
        "outcome": "failed",
        "reason": reason,
    }
    return {
        "_id": _id(record),
        "topic": topic,
        "parked_in": record.topic,
        "offset": record.offset,
        "last_offset": record.offset,
        "last_at": parked_at,
        "original": _original(why, topic),
        "type": _short(event.get("ce_type")),
        "event_id": _short(event.get("ce_id")),
        "correlation_id": _short(event.get("ce_correlationid")),
        "key": None if record.key is None else _short(record.key.decode(errors="backslashreplace")),
        "reason": reason,
        "message": why.get("dlt_message", ""),
        "attempts": attempts,
        "truncated": why.get("dlt_truncated") == "true",
        "parked_at": parked_at,
        "state": "open",
        "history": [dead_lettering],
    }


def restore_record(record: Record, original: Document | None) -> Record:
    """Restore the record as the service consumed it, with its own headers and coordinates."""
    own, _ = _split_headers(record.headers)
    place = original or {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    return replace(record, headers=own, topic=place["topic"], partition=place["partition"], offset=place["offset"])


def moment_of(record: Record) -> datetime:
    """Return the time that the broker gave to a record."""
    return _moment(record.timestamp) or datetime.fromtimestamp(0, UTC)


def newest_copy(entry: Document) -> tuple[int, datetime]:
    """Return offset and time of the newest record of an entry in its dead-letter topic."""
    if "last_at" in entry:
        return entry["last_offset"], entry["last_at"]
    # An entry of older code: its history alone has the times.
    times = [action["at"] for action in entry["history"] if action["action"] == "parked"]
    return entry["last_offset"], times[-1]


def _id(record: Record) -> str:
    return f"{record.topic}@{record.offset}-{record.timestamp:x}"


def _split_headers(headers: Headers) -> tuple[Headers, Headers]:
    """Return the record's own headers, and those appended when it was dead-lettered."""
    starts = [position for position, (name, _) in enumerate(headers) if name == _FIRST_APPENDED]
    start = starts[-1] if starts else len(headers)
    return headers[:start], headers[start:]


def _original(why: dict[str, str], topic: str) -> Document | None:
    partition, offset = _number(why.get("dlt_original_partition")), _number(why.get("dlt_original_offset"))
    if why.get(_FIRST_APPENDED) != topic or partition is None or offset is None:
        return None
    at = _moment(_number(why.get("dlt_original_timestamp")))
    return {"topic": topic, "partition": partition, "offset": offset, "at": at}


def _number(text: str | None) -> int | None:
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > len(str(_MAX_NUMBER)):
        return None
    number = int(text)
    return number if number < _MAX_NUMBER else None


def _moment(milliseconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _short(text: str | None) -> str | None:
    return None if text is None else text[:_MAX_TEXT]
