"""A parked record: what it was, and why it was parked.

The surprise: a record may bring headers of the very names that say why it was parked. Only what was appended when it
was parked counts, and what stands before that is the record's own.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from crm_contracts.envelope import header_texts

from shared.kit.messaging.log_reader import Record
from shared.kit.storage.documents import Document

Headers = Sequence[tuple[str, bytes | None]]

_FIRST_APPENDED: Final = "dlt_original_topic"
_MAX_TEXT: Final = 200
_MAX_NUMBER: Final = 2**63


def entry_of(record: Record, *, service: str, topic: str) -> Document:
    """The register's entry for a parked record of this topic, as it is when nobody has done anything yet."""
    own, appended = _apart(record.headers)
    said, why = header_texts(own), header_texts(appended)
    parked_at = _moment(record.timestamp) or datetime.now(UTC)
    attempts, reason = _number(why.get("dlt_attempts")) or 0, why.get("dlt_exception", "unknown")
    parking = {
        "id": f"{record.topic}@{record.offset}",
        "action": "parked",
        "by": f"service:{service}",
        "at": parked_at,
        "outcome": "failed",
        "reason": reason,
    }
    return {
        "_id": f"{record.topic}@{record.offset}",
        "topic": topic,
        "parked_in": record.topic,
        "offset": record.offset,
        "last_offset": record.offset,
        "original": _original(why, topic),
        "type": _short(said.get("ce_type")),
        "event_id": _short(said.get("ce_id")),
        "correlation_id": _short(said.get("ce_correlationid")),
        "key": None if record.key is None else _short(record.key.decode(errors="backslashreplace")),
        "reason": reason,
        "message": why.get("dlt_message", ""),
        "attempts": attempts,
        "truncated": why.get("dlt_truncated") == "true",
        "parked_at": parked_at,
        "state": "open",
        "history": [parking],
    }


def as_it_was(parked: Record, original: Document | None) -> Record:
    """The record as the service heard it: its own headers, its own place."""
    own, _ = _apart(parked.headers)
    place = original or {"topic": parked.topic, "partition": parked.partition, "offset": parked.offset}
    return replace(parked, headers=own, topic=place["topic"], partition=place["partition"], offset=place["offset"])


def _apart(headers: Headers) -> tuple[Headers, Headers]:
    """The record's own headers, and those appended when it was parked."""
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
