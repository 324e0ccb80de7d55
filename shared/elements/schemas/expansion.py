"""What answers tell of what a record names, where `expand` asks for it (DEAL-02)."""

from hashlib import sha256
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, Field, StringConstraints

from shared.kit.web.named_ones import SomeOf

CLIENT: Final = "client"
RESPONSIBLE: Final = "responsible"
EXPANDED: Final = "expanded"
"""The field of an answer that has what was asked for."""


def _is_none(value: object) -> bool:
    return value is None


class DepartmentName(BaseModel):
    """A department by its name."""

    id: str = Field(description="id of the department")
    name: str = Field(description="what it is called")


class ExpandedUser(BaseModel):
    """A user, as far as roles and departments tell of him."""

    id: str = Field(description="id of the user")
    departments: list[DepartmentName] = Field(description="where the user works, by name")


class ExpandedClient(BaseModel):
    """A linked contact or company; of one that the caller may not read the id alone."""

    type: str = Field(description="`contact` or `company`")
    id: str = Field(description="id of the contact or the company")
    title: str | None = Field(description="what it is called now; null where the caller may not read it")
    responsible_id: str | None = Field(description="who is responsible for it; null where that is not known as well")


class Expanded(BaseModel):
    """What was asked for by `expand`."""

    client: list[ExpandedClient] | None = Field(
        default=None, exclude_if=_is_none, description="the company that it links, then its contacts in their order"
    )
    responsible: ExpandedUser | None = Field(
        default=None, exclude_if=_is_none, description="who is responsible for it; absent where nobody is"
    )


ExpandedField = Annotated[
    Expanded | None, Field(exclude_if=_is_none, description="what `expand` asked for, of a list and of one record")
]
"""The field of an answer that tells more where `expand` asks for it."""

X = TypeVar("X", bound=BaseModel)


def with_expansion(shown: X, expanded: Expanded | None) -> X:
    """Add to an answer what was asked for; None where nothing was."""
    return shown if expanded is None else shown.model_copy(update={"expanded": expanded})


def mark_of_expansion(expanded: Expanded | None, beside: str) -> str:
    """Mark what an answer shows beside its version, with what was asked for."""
    return beside if expanded is None else sha256(f"{beside}{expanded.model_dump_json()}".encode()).hexdigest()[:8]


ExpandRecord = Annotated[str, StringConstraints(max_length=200), SomeOf("expansion", (RESPONSIBLE,))]
"""The parameter `expand` of records that a user is responsible for."""

ExpandElement = Annotated[str, StringConstraints(max_length=200), SomeOf("expansion", (CLIENT, RESPONSIBLE))]
"""The parameter `expand` of records that link clients besides."""
