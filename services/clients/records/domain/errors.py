"""Domain errors of contacts and companies."""

from typing import Self

from shared.elements.domain.element import taken_by
from shared.kit.domain import Conflict, Invalid, NotFound


class NameMissing(Invalid):
    """A contact needs a first or a last name (CONT-01); a company needs a title (COMP-01)."""

    code = "name_missing"


class RequisiteNotValid(Invalid):
    """Fields of a requisite do not fit its preset (REQ-02, REQ-03, REQ-04)."""

    code = "requisite_not_valid"


class RequisiteIdTaken(Conflict):
    """The owner has other requisites of this id (REQ-01)."""

    code = "requisite_id_taken"


class TooManyCompanies(Invalid):
    """The contact works for as many companies as one may (CONT-07)."""

    code = "too_many_companies"


class PrimaryNeeded(Invalid):
    """One company of a contact is primary as long as there is any (CONT-07, CLI-06)."""

    code = "primary_needed"


class TooManyRequisites(Conflict):
    """The owner has the maximum number of requisites."""

    code = "too_many_requisites"


class NotOurs(Invalid):
    """A client cannot be the default seller (COMP-08)."""

    code = "not_ours"


class SellerTaken(Conflict):
    """Another company is the default seller (COMP-08); `existing_id` is its id."""

    code = "default_seller_taken"
    advice = "Let the company `existing_id` no longer be the default seller, then send the request again."

    @classmethod
    def by(cls, id_: str | None) -> Self:
        """Make the error that names the company, if it is still there."""
        return cls(*taken_by("company", id_, "is the default seller"))


class OriginVersionConflict(Conflict):
    """Another version of an imported record would overwrite what was corrected here (CONT-08)."""

    code = "origin_version_conflict"


class ResolutionNotValid(Invalid):
    """A merge's resolution names a field or a record that it cannot (DUP-02)."""

    code = "resolution_not_valid"


class MergeConflict(Conflict):
    """Records differ, and no resolution names whose values count; `conflicts` lists them (DUP-02)."""

    code = "merge_conflict"
    advice = "Send the merge again with a `resolution` that names for each of them the record that is right."


class MergeRunning(Conflict):
    """A record that is taking over others can neither be deleted nor begin another merge (DUP-02)."""

    code = "merge_running"


class NotMergeable(Conflict):
    """These records cannot become one (DUP-02)."""

    code = "not_mergeable"


class ClientNotFound(NotFound):
    """The contact or company that a conversion was told to link is not there (LEAD-12)."""

    def __init__(self, noun: str, id_: str) -> None:
        super().__init__(f"There is no {noun} {id_}.")
        self.code = f"{noun}_not_found"  # type: ignore[misc] # one class for both types
