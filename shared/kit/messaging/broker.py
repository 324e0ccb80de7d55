"""Make a FastStream broker with one batch subscriber; nothing else does, because every default matters.

By default FastStream acknowledges first, starts at the latest offset and drops records with null headers.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiokafka import ConsumerRecord
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared.kit.settings import KafkaSettings


def subscribe(
    group: str, topics: Sequence[str], handle: Callable[[KafkaMessage], Awaitable[None]], settings: KafkaSettings
) -> KafkaBroker:
    """Make a broker with one batch subscriber of this group over these topics, without acknowledging anything."""
    broker = KafkaBroker(
        settings.bootstrap_servers.split(","),  # FastStream takes a text for one server
        security=_security(settings),
        ack_policy=AckPolicy.MANUAL,
        apply_types=False,
        allow_auto_create_topics=False,
        graceful_timeout=15.0,
        logger=None,
        client_id=group,
        metadata_max_age_ms=settings.metadata_max_age_ms,
    )
    subscriber = broker.subscriber(
        *topics,
        batch=True,
        group_id=group,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        batch_timeout_ms=settings.batch_timeout_ms,
        max_records=settings.max_batch,
        fetch_max_wait_ms=settings.fetch_max_wait_ms,
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=settings.heartbeat_interval_ms,
        rebalance_timeout_ms=settings.rebalance_timeout_ms,
        max_poll_interval_ms=settings.max_poll_interval_ms,
        parser=_parse_unharmed,
        decoder=_undecoded,
    )
    subscriber(handle)
    return broker


def _security(settings: KafkaSettings) -> BaseSecurity | None:
    """Translate `KafkaSettings.connection` for FastStream."""
    if not settings.uses_sasl or settings.sasl_username is None or settings.sasl_password is None:
        return BaseSecurity(ssl_context=settings.tls()) if settings.uses_tls else None
    kinds = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
    kind = kinds[settings.sasl_mechanism]
    password = settings.sasl_password.get_secret_value()
    return kind(settings.sasl_username, password, ssl_context=settings.tls(), use_ssl=settings.uses_tls)


async def _parse_unharmed(records: Any, original: Callable[[Any], Awaitable[KafkaMessage]]) -> KafkaMessage:
    """Keep the raw records: FastStream's parser fails on null and non-UTF-8 headers, and skips the batch."""
    message = await original((_bare(records[0]),))
    message.raw_message = records
    return message


def _bare(record: ConsumerRecord[bytes, bytes]) -> ConsumerRecord[bytes, bytes]:
    return ConsumerRecord(
        **{name: getattr(record, name) for name in record.__dataclass_fields__ if name not in {"headers", "value"}},
        headers=(),
        value=b"",
    )


async def _undecoded(message: KafkaMessage) -> KafkaMessage:
    return message
