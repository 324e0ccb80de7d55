"""Why a contact or a company says no."""

from shared.kit.domain import Conflict, Invalid


class NameMissing(Invalid):
    """A contact needs a first or a last name (CONT-01); a company needs a title (COMP-01)."""

    code = "name_missing"


class RequisiteNotValid(Invalid):
    """Fields of a requisite are wrong for its preset (REQ-02, REQ-03, REQ-04)."""

    code = "requisite_not_valid"


class TooManyRequisites(Conflict):
    """No room for one more."""

    code = "too_many_requisites"


class NotOurs(Invalid):
    """A client cannot be the default seller (COMP-08)."""

    code = "not_ours"


class SellerTaken(Conflict):
    """Another company is the default seller (COMP-08)."""

    code = "default_seller_taken"


class OriginVersionConflict(Conflict):
    """Another version of an imported record would overwrite what was corrected here (CONT-08)."""

    code = "origin_version_conflict"


class OriginTaken(Conflict):
    """Another record came from the same place (CMN-14)."""

    code = "origin_taken"


class UnknownValue(Invalid):
    """The dictionary of a field has no such value (DICT-01)."""

    code = "unknown_value"


class ResolutionNotValid(Invalid):
    """A merge is told to take a field from where it cannot (DUP-02)."""

    code = "resolution_not_valid"


class MergeConflict(Conflict):
    """Records differ, and nobody said whose values count; `details["conflicts"]` lists them (DUP-02)."""

    code = "merge_conflict"


class MergeRunning(Conflict):
    """What is taking over others can neither end nor begin to take over more (DUP-02)."""

    code = "merge_running"


class NotMergeable(Conflict):
    """These records cannot be one (DUP-02)."""

    code = "not_mergeable"
