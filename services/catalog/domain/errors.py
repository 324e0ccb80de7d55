"""Why a product or a dictionary says no."""

from shared.kit.domain import Conflict, Refused


class ExternalIdTaken(Conflict):
    """Another product of the catalog has this external id (PROD-10)."""

    code = "external_id_taken"


class ValueExists(Conflict):
    """The dictionary has a value of this code (DICT-02)."""

    code = "value_exists"


class SystemValue(Refused):
    """A value that came with the CRM is only deleted by force (DICT-02)."""

    code = "system_value"


class TooManyValues(Conflict):
    """The dictionary has no room for one more."""

    code = "too_many_values"
