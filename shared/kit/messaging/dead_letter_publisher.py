"""Publish records that can never be handled to a dead-letter topic, with the reason."""

import re
from collections.abc import Callable
from typing import Final

from crm_contracts.envelope import header_texts

from shared.kit.domain import Clock
from shared.kit.messaging.failures import message_of, reason_of
from shared.kit.messaging.publishing import Publisher
from shared.kit.messaging.records import Record
from shared.kit.messaging.sending import SendRefused
from shared.kit.settings import KafkaSettings
from shared.kit.telemetry.logs import log
from shared.kit.telemetry.metrics import DEAD_LETTERED

MAX_REQUEST_BYTES = 4 * 1024 * 1024
"""Records near the limit of their topic must still fit in, with their headers."""


class DeadLetterPublisher:
    """Publishes to the dead-letter topics of one service."""

    def __init__(
        self, service: str, settings: KafkaSettings, topic_for: Callable[[str, str], str], *, group: str, clock: Clock
    ) -> None:
        """Use the dead-letter topic that `topic_for(topic, service)` names."""
        self._service = service
        self._topic_for = topic_for
        self._group = group
        self._clock = clock
        self._publisher = Publisher(settings, max_request_size=MAX_REQUEST_BYTES, client_id=f"{service}.dead-letters")

    async def publish(self, record: Record, error: Exception, *, attempts: int) -> None:
        """Publish the record with the reason; where it is too large, its headers and coordinates only."""
        topic = self._topic_for(record.topic, self._service)
        reason = reason_of(error)
        why = {
            # Always the first: the record's own headers end before it.
            "dlt_original_topic": record.topic,
            "dlt_original_partition": str(record.partition),
            "dlt_original_offset": str(record.offset),
            "dlt_original_timestamp": str(record.timestamp),
            "dlt_consumer_group": self._group,
            "dlt_exception": reason,
            "dlt_message": message_of(error),
            "dlt_attempts": str(attempts),
            "dlt_failed_at": self._clock().isoformat(),
        }
        reasons = [(name, value.encode()) for name, value in why.items()]
        try:
            await self._publisher.publish(topic, record.key, record.value, [*record.headers, *reasons])
        except SendRefused:
            reasons.append(("dlt_truncated", b"true"))
            try:
                await self._publisher.publish(topic, record.key, None, [*record.headers, *reasons])
            except SendRefused:
                await self._publisher.publish(topic, None, None, reasons)
        DEAD_LETTERED.labels(record.topic, reason).inc()
        place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        log.error("record parked", **place, reason=reason, **_identity(record))

    async def stop(self, deadline_s: float) -> None:
        """Send the rest within the deadline, and stop."""
        await self._publisher.stop(deadline_s)


_LOGGED: Final = {
    "type": ("ce_type", re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")),
    "event_id": ("ce_id", re.compile("[0-9a-f-]{36}")),
    "correlation_id": ("ce_correlationid", re.compile("[0-9a-f-]{36}")),
}
"""By what a record is found again: headers of the expected form, because a bad one may have anything in any header."""


def _identity(record: Record) -> dict[str, str]:
    texts = header_texts(record.headers)
    found = {name: texts.get(header, "") for name, (header, _) in _LOGGED.items()}
    return {name: text for name, text in found.items() if _LOGGED[name][1].fullmatch(text)}
