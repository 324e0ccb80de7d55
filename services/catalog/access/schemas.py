"""Requests and answers of the API of roles and departments."""

from typing import Annotated, Any

from crm_contracts.departments import DepartmentFields, DepartmentState
from crm_contracts.pipelines import whole_stage_id
from crm_contracts.roles import EVERY, Right, RoleFields, RoleState
from pydantic import Field, StringConstraints, WithJsonSchema

from services.catalog.access.domain.department import Department
from services.catalog.access.domain.rights import ACTIONS, LEVELS, TYPES
from services.catalog.access.domain.role import Role
from shared.elements.schemas.fields import fields_in
from shared.elements.schemas.given_fields import given_fields
from shared.elements.schemas.scalars import Code
from shared.elements.schemas.values import ValueIn
from shared.kit.web.schemas import Input

AccessId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$"), Field(examples=["sales"])]
"""Id of a role or a department: small letters, digits, `_` and `-`."""
_Name = Annotated[str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True)]
_Element = Annotated[Code, WithJsonSchema({"type": "string", "enum": [*TYPES]})]
_LEVEL: dict[str, Any] = {"type": "string", "enum": [*LEVELS]}
_Levels = Annotated[
    dict[Code, Code],
    Field(max_length=len(ACTIONS)),
    WithJsonSchema({"type": "object", "properties": dict.fromkeys(ACTIONS, _LEVEL), "additionalProperties": False}),
]


class RightIn(ValueIn):
    """Levels by action, on a type of element, on one of its pipelines or on one stage (PERM-01, PERM-02)."""

    element: _Element = Field(description=f"type of element; `{EVERY}` for every type")
    pipeline_id: Code | None = Field(default=None, description="null where it holds in every pipeline")
    stage_id: Code | None = Field(default=None, description="null where it holds in every stage")
    levels: _Levels = Field(description="level by action; an action that is not named has that of the wider place")

    def value_of(self) -> Right:
        """Make the value that the rules take; a stage may be given without the prefix of its pipeline (PIPE-02)."""
        right = Right(**dict(self))
        if right.pipeline_id is None or right.stage_id is None:
            return right
        return right.model_copy(update={"stage_id": whole_stage_id(right.pipeline_id, right.stage_id)})


class RoleFieldsIn(fields_in(RoleFields, base=Input, values={Right: RightIn})):  # type: ignore[misc]
    """Fields of a role; on PATCH, absent fields stay unchanged."""

    def fields(self) -> dict[str, Any]:
        """Convert the given fields to the domain's values."""
        return given_fields(self, RoleFields)


class RoleIn(RoleFieldsIn):
    """A role, whole: what is absent is as in a new one."""

    name: _Name

    def whole(self) -> dict[str, Any]:
        """Convert all fields to the domain's values."""
        return {**dict(RoleFields()), **self.fields()}


class RoleOut(RoleState):
    """A role, and its version."""

    version: int

    @classmethod
    def of(cls, role: Role) -> "RoleOut":
        """Convert a role."""
        return cls.model_construct(**{name: getattr(role, name) for name in cls.model_fields})


class DepartmentFieldsIn(fields_in(DepartmentFields, base=Input)):  # type: ignore[misc]
    """Fields of a department; on PATCH, absent fields stay unchanged."""

    def fields(self) -> dict[str, Any]:
        """Convert the given fields to the domain's values."""
        return given_fields(self, DepartmentFields)


class DepartmentIn(DepartmentFieldsIn):
    """A department, whole: what is absent is as in a new one."""

    name: _Name

    def whole(self) -> dict[str, Any]:
        """Convert all fields to the domain's values."""
        return {**dict(DepartmentFields()), **self.fields()}


class DepartmentOut(DepartmentState):
    """A department, and its version."""

    version: int

    @classmethod
    def of(cls, department: Department) -> "DepartmentOut":
        """Convert a department."""
        return cls.model_construct(**{name: getattr(department, name) for name in cls.model_fields})
