"""Domain errors of dead letters."""

from shared.kit.domain import Conflict, Refused, Unavailable


class AlreadyDiscarded(Refused):
    """An operator decided that it is not to be handled."""

    code = "already_discarded"


class AlreadyReplayed(Refused):
    """It was handled by a replay."""

    code = "already_replayed"


class ReplayRunning(Conflict):
    """Another replay of it is running."""

    code = "replay_running"


class RecordGone(Refused):
    """The log no longer has the record, so it cannot be handled."""

    code = "record_gone"


class ReplayPostponed(Unavailable):
    """A dependency of the reaction is away; the dead letter stays open."""

    code = "replay_postponed"
