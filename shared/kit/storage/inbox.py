"""Which causes a document remembers, so that a repeat changes nothing.

Causes from events are in a ring, an optimisation, since every reaction is also a no-op by state. A request with an
`Idempotency-Key` has no such state, and its repeat may come a day later: its cause stays as long as its key is kept.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from shared.kit.domain import Cause
from shared.kit.storage.documents import Document

INBOX_SIZE: Final = 100
"""Causes in the ring."""

KEYS_KEPT: Final = timedelta(hours=24)
"""How long an `Idempotency-Key` is kept, by the database's clock."""

MAX_KEYED: Final = 1_000
"""Causes of requests with a key that a document remembers at most: it is loaded as a whole."""


def keyed_after(keyed: Sequence[Document], cause: Cause) -> list[Document]:
    """Add the cause of a request with a key, and drop those whose keys are no longer kept.

    They are kept twice as long, because `at` is the time of a process and not the database's.
    """
    recent = [entry for entry in keyed if entry["at"] > cause.at - 2 * KEYS_KEPT]
    return [*recent, {"cause": cause.key, "at": cause.at}][-MAX_KEYED:]
