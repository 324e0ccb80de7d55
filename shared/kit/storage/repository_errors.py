"""Domain errors of a repository."""

from typing import Self

from shared.kit.domain import Conflict, Invalid, NotFound, Unavailable


class ConcurrentUpdate(Conflict):
    """The document was changed by others during each attempt; the same change may succeed later."""

    code = "lost_race"


class VersionMismatch(Conflict):
    """The caller's copy is not the newest version."""

    code = "version_mismatch"


class Gone(NotFound):
    """The aggregate was deleted; its id is never used again."""

    code = "gone"


class IdTaken(Conflict):
    """Another aggregate was created with this id."""

    code = "id_taken"
    advice = (
        "Send the request with another id, or without one where it may choose none. To correct the record that has the "
        "id, send it a PATCH; a batch with `on_existing: correct` finds records by their origin (products by "
        "`external_id`), and not by their id: give its items one. A conversion that was refused for it "
        "is sent again as it was."
    )


class EventTooLarge(Invalid):
    """The change would record an event that Kafka rejects."""

    code = "event_too_large"


class QueryTooExpensive(Unavailable):
    """The query took longer than a list may, and was broken off; the database is there."""

    code = "query_too_expensive"
    advice = (
        "Name fewer alternatives, and equality of a field that finds few records, such as `responsible_id`, or a "
        "shorter range of `created_at`; leave `count` out. The same request may pass when the service is less busy."
    )

    @classmethod
    def here(cls) -> Self:
        """Make the error."""
        return cls("The list was not found in time: narrow its filter, or try again when the service is less busy.")


class BacklogFull(Unavailable):
    """Too many events are pending; no more are accepted until Kafka took some."""

    code = "event_backlog_full"
