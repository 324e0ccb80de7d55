"""Classify errors of MongoDB: duplicate keys, unsafe servers, transient failures."""

from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from shared.kit.storage.documents import Document

_WRITE_CONFLICT = 112
_DUPLICATE = 11000
_RETRYABLE_CODES = frozenset({_WRITE_CONFLICT, 91, 189, 10107, 11600, 11602, 13435, 13436})


class DuplicateKey(Exception):
    """A unique index refused a write.

    Attributes:
        index: its name; `_id_` for the document's own id.
        key: the values that another document has already, by their paths; empty where that is not known.
    """

    def __init__(self, index: str, key: Document | None = None) -> None:
        super().__init__(index)
        self.index = index
        self.key = key or {}


class UnsafeDeployment(RuntimeError):
    """The server, or the connection to it, would lose acknowledged writes."""


def is_transient(error: BaseException) -> bool:
    """Return whether the same operation may succeed when tried again."""
    if isinstance(error, (ConnectionFailure, WTimeoutError, ExecutionTimeout)):
        return True
    if isinstance(error, BulkWriteError):
        failed = [*error.details["writeErrors"], *error.details["writeConcernErrors"]]
        return bool(error.details["writeConcernErrors"]) or any(each["code"] in _RETRYABLE_CODES for each in failed)
    if isinstance(error, OperationFailure):
        return error.code in _RETRYABLE_CODES or error.has_error_label("RetryableWriteError")
    return isinstance(error, PyMongoError) and error.timeout


def index_in(message: str) -> str:
    """Return the name of the index in a duplicate-key message."""
    _, _, rest = message.partition("index: ")
    return rest.split(" ", 1)[0] if rest else "_id_"


def outcome_of_write(problem: Document) -> bool | Exception:
    """Classify a failed write: False for an existing `_id`, else the error."""
    if problem["code"] != _DUPLICATE:
        return OperationFailure(problem["errmsg"], problem["code"], problem)
    index = index_in(problem["errmsg"])
    return False if index == "_id_" else DuplicateKey(index, problem.get("keyValue"))
