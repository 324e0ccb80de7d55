"""Domain errors of roles and departments (PERM-01, PERM-02)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from shared.kit.domain import Invalid, Refused, Wrong


class InvalidRights(Invalid):
    """Rights of a role are not valid; `errors` names each place, such as `rights.2.levels.read`."""

    code = "invalid_rights"
    also: ClassVar[Mapping[str, str]] = {
        "level_not_applicable": "Nobody is responsible for records of this type: only `none` and `all` apply.",
        "pipeline_missing": "Stages of this type belong to a pipeline, which the right has to name as well.",
        "place_not_applicable": "Records of this type have no pipelines, or no stages.",
        "repeated_right": "An earlier right of the role is to the same place.",
        "unknown_action": "There is no such action.",
        "unknown_element": "There is no such type of element.",
        "unknown_level": "There is no such level.",
    }

    @classmethod
    def of(cls, wrong: Sequence[Wrong]) -> Self:
        """Make the error that names all of these places."""
        first = f"{wrong[0]['field']}: {wrong[0]['message']}"
        return cls(first if len(wrong) == 1 else f"{first}; and {len(wrong) - 1} more.", {"errors": list(wrong)})


class SystemRole(Refused):
    """The administrator's role is not deleted, and keeps its rights: without it no user could give any."""

    code = "system_role"


class DepartmentNotFound(Invalid):
    """The department that another one is to belong to does not exist."""

    code = "department_not_found"


class DepartmentCircle(Invalid):
    """A department would belong to itself, or to one that belongs to it."""

    code = "department_circle"


class DepartmentHasDepartments(Refused):
    """Other departments belong to the one that is to be deleted."""

    code = "department_has_departments"
