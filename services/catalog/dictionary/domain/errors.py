"""Domain errors of a dictionary (DICT-02)."""

from shared.kit.domain import Conflict, Refused


class ValueExists(Conflict):
    """The dictionary has a value of this code."""

    code = "value_exists"


class SystemValue(Refused):
    """A system value is deleted by force only."""

    code = "system_value"


class TooManyValues(Conflict):
    """The dictionary has as many values as it may."""

    code = "too_many_values"
