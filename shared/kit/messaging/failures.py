"""Classify the failure of a reaction: whether a retry may succeed, its reason, its message."""

from aiokafka.errors import KafkaError

from shared.kit.domain import DomainError, Unavailable
from shared.kit.messaging.sending import SendFailed
from shared.kit.storage.errors import is_transient as is_transient_in_mongo
from shared.kit.storage.repository_errors import ConcurrentUpdate

MAX_DLT_MESSAGE = 1024


def is_transient(error: BaseException) -> bool:
    """Return whether the same reaction may succeed a little later."""
    return (
        isinstance(error, (ConcurrentUpdate, Unavailable, SendFailed, KafkaError, OSError, TimeoutError))
        or is_transient_in_mongo(error)
    )  # fmt: skip


def reason_of(error: BaseException) -> str:
    """Return the stable name of a failure: a domain error's code, or the error's class."""
    return error.code if isinstance(error, DomainError) else type(error).__name__


def message_of(error: BaseException) -> str:
    """Return the error's message, cut to what fits in a header."""
    return str(error).encode(errors="replace")[:MAX_DLT_MESSAGE].decode(errors="ignore")
