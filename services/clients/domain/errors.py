"""Why a contact or a company says no."""

from shared.kit.domain import Conflict, Invalid


class NameMissing(Invalid):
    """A contact needs a first or a last name (CONT-01); a company needs a title (COMP-01)."""

    code = "name_missing"


class OriginTaken(Conflict):
    """Another record came from the same place (CMN-14)."""

    code = "origin_taken"
