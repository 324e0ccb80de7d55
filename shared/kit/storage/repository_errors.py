"""Domain errors of a repository."""

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
        "Send the request with another id, or without one where it may choose none. A conversion that was refused for "
        "it is sent again as it was."
    )


class EventTooLarge(Invalid):
    """The change would record an event that Kafka rejects."""

    code = "event_too_large"


class BacklogFull(Unavailable):
    """Too many events are pending; no more are accepted until Kafka took some."""

    code = "event_backlog_full"
