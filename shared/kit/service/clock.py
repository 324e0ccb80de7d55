"""Read the clock and make ids; nothing else in the product may."""

from datetime import UTC, datetime

from uuid_utils.compat import uuid7


def utc_now() -> datetime:
    """The present moment as MongoDB keeps it: UTC, milliseconds."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def new_id() -> str:
    """A UUIDv7: ids made later sort later."""
    return str(uuid7())
