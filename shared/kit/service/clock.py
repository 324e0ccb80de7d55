"""Read the clock and make ids; nothing else in the product does."""

from datetime import UTC, datetime

from uuid_utils.compat import uuid7


def utc_now() -> datetime:
    """Return the current time as MongoDB stores it: UTC, milliseconds."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def new_id() -> str:
    """Make a UUIDv7: ids made later sort later."""
    return str(uuid7())
