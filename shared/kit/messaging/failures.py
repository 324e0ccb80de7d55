"""What went wrong with a reaction: whether it may succeed later, and in which words it is told."""

from aiokafka.errors import KafkaError

from shared.kit.domain import DomainError, Unavailable
from shared.kit.messaging.outbox import SendFailed
from shared.kit.storage.errors import is_transient as is_transient_in_mongo
from shared.kit.storage.repository import ConcurrentUpdate

MAX_DLT_MESSAGE = 1024


def is_transient(error: BaseException) -> bool:
    """Whether the same reaction may succeed a little later."""
    return (
        isinstance(error, (ConcurrentUpdate, Unavailable, SendFailed, KafkaError, OSError, TimeoutError))
        or is_transient_in_mongo(error)
    )  # fmt: skip


def reason_of(error: BaseException) -> str:
    """The stable word for what went wrong: a refusal's code, or the error's name."""
    return error.code if isinstance(error, DomainError) else type(error).__name__


def message_of(error: BaseException) -> str:
    """What the error says, as it fits in a header."""
    return str(error).encode(errors="replace")[:MAX_DLT_MESSAGE].decode(errors="ignore")
