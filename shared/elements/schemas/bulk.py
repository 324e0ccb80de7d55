"""Bodies of changes of many elements (DEAL-03)."""

from copy import copy
from typing import Annotated, Any, Final, Literal, Self, Union

from pydantic import (
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from shared.elements.domain.room import MAX_ENTRIES
from shared.elements.schemas.filter_schema import DescribedBy
from shared.elements.schemas.scalars import ElementId, UserId
from shared.elements.schemas.stages import StageIn
from shared.kit.web.schemas import Input

MAX_IDS: Final = 5_000


class AssignIn(Input):
    """Make another user responsible."""

    type: Literal["assign"]
    responsible_id: UserId


class OpenToAllIn(Input):
    """Open the records to all, or close them to others."""

    type: Literal["open_to_all"]
    open_to_all: bool = Field(strict=True)


class ObserversIn(Input):
    """Add observers, remove others, or both."""

    type: Literal["observers"]
    add: list[UserId] = Field(default=[], max_length=MAX_ENTRIES, description="users who observe from now on")
    remove: list[UserId] = Field(default=[], max_length=MAX_ENTRIES, description="users who observe no longer")

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if not self.add and not self.remove:
            code, message = "missing", "a user to add or to remove is needed"
            raise PydanticCustomError(code, message)
        if both := sorted({*self.add} & {*self.remove}):
            code, message = "added_and_removed", "{users} cannot be added and removed at once"
            raise PydanticCustomError(code, message, {"users": ", ".join(both)})
        return self


class DeleteIn(Input):
    """Delete the records."""

    type: Literal["delete"]


class MoveIn(StageIn):
    """Move the records to another stage."""

    type: Literal["move"]


def _placed(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """Validate an action, and say where it is wrong as its caller sees it: pydantic puts its type in between."""
    try:
        return validate(value)
    except ValidationError as error:
        wrong = [
            InitErrorDetails(
                type=PydanticCustomError(found["type"], found["msg"], found.get("ctx")),
                loc=found["loc"][1:],
                input=found["input"],
            )
            for found in error.errors(include_url=False)
        ]
        raise ValidationError.from_exception_data(error.title, wrong) from None


class BulkIn(Input):
    """Which records are changed, and how."""

    ids: list[ElementId] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_IDS,
        description="the records; of up to 50 the answer tells at once what became of them",
    )
    filter: dict[Any, Any] | None = Field(
        default=None,
        description="what a record has to be, of those that were there when the run began; every record passes `{}`",
    )
    action: Any
    dry_run: bool = Field(default=False, strict=True, description="tell what would become of each, and write nothing")

    @model_validator(mode="after")
    def _chooses(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            code, message = "one_of", "either `ids` or a `filter` is needed"
            raise PydanticCustomError(code, message)
        return self

    @property
    def parameters(self) -> dict[str, Any]:
        """What the action takes."""
        taken: dict[str, Any] = self.action.model_dump(mode="json", exclude={"type"})
        return taken

    @property
    def each_id(self) -> tuple[str, ...] | None:
        """The ids, each once."""
        return None if self.ids is None else tuple(dict.fromkeys(self.ids))


def bulk_in(noun: str, filter_: DescribedBy, move: type[Input] | None) -> type[BulkIn]:
    """Make the body of a type; `move` is how its elements are moved, where they have stages."""
    kinds = (AssignIn, OpenToAllIn, ObserversIn, DeleteIn, *((move,) if move else ()))
    one_of: Any = Union[kinds]  # noqa: UP007 - they are known here alone
    tagged: Any = Annotated[Annotated[one_of, Field(discriminator="type")], WrapValidator(_placed)]
    action = Field(description="what is done to each record")
    described: Any = Annotated[dict[Any, Any], filter_] | None
    return create_model(
        f"{noun.capitalize()}BulkIn",
        __base__=BulkIn,
        __doc__=BulkIn.__doc__,
        filter=(described, copy(BulkIn.model_fields["filter"])),
        action=(tagged, action),
    )
