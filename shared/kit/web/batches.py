"""Handle many bodies of one kind in one request, each with a result of its own (ADR 0048).

The items are handled side by side, by the use case of a single request. What they do at the same time shares one
command, because concurrent reads and writes of one collection do (`Batcher`), and their events share one publishing.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Generic, Literal, Protocol, Self, TypeAlias, TypeVar, cast

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from shared.kit.domain import Cause, Conflict, DomainError
from shared.kit.storage.batching import all_of
from shared.kit.storage.repository_errors import ConcurrentUpdate
from shared.kit.web.auth import Forbidden
from shared.kit.web.call import Call
from shared.kit.web.idempotency import refuse_whole
from shared.kit.web.problems import Details, Problem, refusal_details, wrong_fields_details
from shared.kit.web.schemas import Input
from shared.kit.web.wording import wrong_field_of

MAX_ITEMS: Final = 200
MULTI_STATUS: Final = HTTPStatus.MULTI_STATUS.value
_SERVER_ERROR: Final = HTTPStatus.INTERNAL_SERVER_ERROR.value

T = TypeVar("T", bound=BaseModel)
R = TypeVar("R")

Outcome = Literal["created", "corrected", "unchanged", "refused"]


@dataclass(frozen=True, slots=True)
class WrongItem:
    """An item that is not valid, with what is wrong with it."""

    errors: Sequence[Any]
    value: Any


def _judged(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """Validate one item; where it is not valid, the others of its batch still are."""
    try:
        return validate(value)
    except ValidationError as error:
        return WrongItem(error.errors(include_url=False), value)


class BatchIn(Input, Generic[T]):
    """Up to 200 bodies, in the order of the results."""

    items: list[Annotated[T, WrapValidator(_judged)]] = Field(
        min_length=1, max_length=MAX_ITEMS, description="the bodies, each as that of a single request"
    )
    on_existing: Literal["refuse", "correct"] = Field(
        default="refuse",
        description="what becomes of a body whose origin is that of an existing record: it is refused, or corrects the "
        "fields of that record as a PUT by origin does",
    )

    @property
    def given(self) -> list[T | WrongItem]:
        """The items as they were judged."""
        return cast("list[T | WrongItem]", self.items)

    @property
    def valid(self) -> list[T]:
        """The items that are valid by themselves."""
        return [item for item in self.given if not isinstance(item, WrongItem)]

    @property
    def corrects(self) -> bool:
        """Whether existing records are corrected."""
        return self.on_existing == "correct"


class ItemResult(BaseModel):
    """How one item of a batch ended; what does not apply is null."""

    status: int = Field(description="status that a single request would have been answered with")
    outcome: Outcome = Field(description="what became of the item")
    id: str | None = Field(description="id of the record; null where it was refused")
    version: int | None = Field(description="version of the record; null where it was refused")
    left_out: list[str] | None = Field(
        description="fields that differ from those of the existing record and were not taken, as its PUT by origin says"
    )
    as_typed: list[str] | None = Field(
        description="fields of the item that have no normal form, and are kept and compared as they were typed; null "
        "where it was refused"
    )
    problem: Problem | None = Field(description="why the item was refused; null where it was not")


class BatchOut(BaseModel):
    """How the items of a batch ended, in their order."""

    items: list[ItemResult] = Field(description="one result for each item")
    refused: int = Field(description="how many items were refused")


RESULTS: Final = (
    "One result for each item, in order. Where some were refused, the others count: send the refused ones alone, "
    "corrected, with a new Idempotency-Key. Where all were refused, the key is free again, as that of a single request."
)
ANSWERS_BATCH: Final[dict[str, Any]] = {
    "status_code": MULTI_STATUS,
    "response_model": BatchOut,
    "response_description": RESULTS,
}
"""Options of a route that takes a batch."""


class RepeatedItem(Conflict):
    """An earlier item of the batch has the same id or origin."""

    code = "repeated_item"
    advice = "Send one item for each record; what the first one says counts."


class Record(Protocol):
    """What a result shows of a record."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def version(self) -> int:
        """Its version."""
        ...

    @property
    def updated_at(self) -> datetime:
        """When it was last changed."""
        ...


Identities: TypeAlias = Iterable[tuple[str, Hashable]]
"""What makes an item the same record as another: the field that a refusal names, and its value."""


def recorded(
    record: Record, cause: Cause, *, is_new: bool, left_out: Sequence[str] = (), as_typed: Sequence[str] = ()
) -> Details:
    """Make the result of an item that was created or that corrected a record, which kept what is `left_out`."""
    outcome: Outcome = "created" if is_new else "corrected" if record.updated_at == cause.at else "unchanged"
    status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    shown = {"status": status.value, "outcome": outcome, "id": record.id, "version": record.version}
    ended = {**shown, "as_typed": list(as_typed)}
    return ended if is_new else {**ended, "left_out": list(left_out)}


@dataclass(frozen=True)
class Items(Generic[T]):
    """The items of one request, each with its call."""

    given: Sequence[T | WrongItem]
    call: Call
    request: Request

    @classmethod
    def of(cls, batch: BatchIn[T], call: Call, request: Request) -> Self:
        """Take the items of a body."""
        return cls(batch.given, call, request)

    async def answer(
        self, handle: Callable[[T, Call], Awaitable[Details]], identities: Callable[[T], Identities]
    ) -> JSONResponse:
        """Handle each item, all side by side, and answer with their results.

        An error that is no refusal fails the request, after all others have ended: what they did is found by a repeat.
        """
        seen: set[tuple[str, Hashable]] = set()
        repeated = [self._repeated(item, identities, seen) for item in self.given]

        async def one(place: int, item: T | WrongItem) -> Details:
            try:
                if isinstance(item, WrongItem):
                    return _refused(self._wrong(item))
                if (error := repeated[place]) is not None:
                    raise error
                return await handle(item, self.call.item(place))
            except (DomainError, Forbidden) as error:
                return _refused(refusal_details(self.request, error))

        results = await all_of(one(place, item) for place, item in enumerate(self.given))
        return answered(self.request, results, ItemResult)

    @staticmethod
    def _repeated(
        item: T | WrongItem, identities: Callable[[T], Identities], seen: set[tuple[str, Hashable]]
    ) -> RepeatedItem | None:
        if isinstance(item, WrongItem):
            return None
        own = list(identities(item))
        fields = [field for field, value in own if (field, value) in seen]
        seen.update(own)
        return RepeatedItem.at("An earlier item of the batch is the same record.", *fields) if fields else None

    def _wrong(self, item: WrongItem) -> Details:
        wrong = [
            wrong_field_of({**found, "loc": ("body", *found["loc"])}, self.request, item.value, within=("items", 0))
            for found in item.errors
        ]
        return wrong_fields_details(self.request, wrong)


def answered(request: Request, results: Sequence[Details], shown_as: type[BaseModel]) -> JSONResponse:
    """Answer with the results of all items, each with every field of its model; what it has not is null.

    Where an item may succeed later, a repeat is asked for. Where all were refused, the request was: it frees its key.
    """
    # By hand, because the model of a problem would drop what a problem says besides.
    every = dict.fromkeys(shown_as.model_fields)
    problems = [result["problem"] for result in results if result.get("problem")]
    is_unfinished = any(
        problem["status"] == HTTPStatus.SERVICE_UNAVAILABLE or problem["code"] == ConcurrentUpdate.code
        for problem in problems
    )
    if len(problems) == len(results) and all(problem["status"] < _SERVER_ERROR for problem in problems):
        refuse_whole(request)
    headers = {"Retry-After": "1"} if is_unfinished else None
    items = [every | result for result in results]
    return JSONResponse({"items": items, "refused": len(problems)}, MULTI_STATUS, headers)


def _refused(details: Details) -> Details:
    return {"status": details["status"], "outcome": "refused", "problem": details}
