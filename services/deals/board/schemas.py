"""Query parameters and answer of the board."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal, Self

from crm_contracts.values import Money
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError

from services.deals.deal.schemas import DealOut
from shared.elements.domain.filters.errors import InvalidQuery
from shared.elements.schemas.expansion import EXPANDED
from shared.elements.schemas.filters import filter_of, read_filter
from shared.elements.schemas.list_query import CountOut, SearchedQueryIn
from shared.elements.schemas.search import SearchText
from shared.elements.schemas.stages import StageOut
from shared.elements.schemas.strict_types import StrictDate, StrictDatetime
from shared.kit.domain import wrong_field
from shared.kit.web.named_ones import SomeOf, names_in
from shared.kit.web.schemas import IN_DIGITS, Truth

MOST_CARDS: Final = 50
COLUMNS: Final = tuple(name for name in DealOut.model_fields if name != EXPANDED)

Order = Literal[
    "created_at:desc",
    "created_at:asc",
    "rank:asc",
    "rank:desc",
    "number:desc",
    "number:asc",
    "title:desc",
    "title:asc",
    "amount:desc",
    "amount:asc",
]


_DAY: Final[TypeAdapter[date]] = TypeAdapter(StrictDate)
_MOMENT: Final[TypeAdapter[datetime]] = TypeAdapter(StrictDatetime)


def _end(text: str) -> tuple[datetime, timedelta]:
    """Return when a day begins, in UTC, and how long it lasts; a moment lasts a millisecond."""
    if "T" in text:
        return _MOMENT.validate_python(text), timedelta(milliseconds=1)
    return datetime.combine(_DAY.validate_python(text), time(), UTC), timedelta(days=1)


def _past(text: str) -> str:
    """Check that a day, or a moment, is none to come."""
    try:
        began, _ = _end(text)
    except ValidationError:
        code, message = "moment", "a day or a time in ISO 8601 is needed, such as 2026-03-31 or 2026-03-31T09:30:00Z"
        raise PydanticCustomError(code, message) from None
    if began > datetime.now(UTC):
        code, message = "in_future", "must not lie in the future"
        raise PydanticCustomError(code, message)
    return text


PastDay = Annotated[
    str,
    AfterValidator(_past),
    WithJsonSchema({"anyOf": [{"type": "string", "format": each} for each in ("date", "date-time")]}),
]


class BoardFilters(BaseModel):
    """Which cards a board shows, and how."""

    filter: Annotated[str | None, filter_of("Deal")] = None
    q: SearchText | None = None
    order: Order = Field(
        default="created_at:desc",
        description="the order of the cards of each stage; `rank` is the one that people make by hand",
    )
    select: Annotated[str, SomeOf("field", COLUMNS)] = Field(
        default="", description="fields that each card is shown with, comma-separated; empty for all"
    )
    limit: Annotated[int, Field(ge=1, le=MOST_CARDS), IN_DIGITS] = Field(
        default=20, description="cards of each stage at most"
    )
    closed: Truth = Field(default=False, description="show the cards of the stages of success and failure, too")
    on: PastDay | None = Field(
        default=None,
        description="a day, as of its end in UTC, or a moment: how many deals stood on each stage then, and no cards; "
        "with no other parameter",
        examples=["2026-03-31"],
    )

    @property
    def until(self) -> datetime | None:
        """The moment until which a board of the past is meant."""
        if self.on is None:
            return None
        began, length = _end(self.on)
        return began + length

    def check_past(self) -> None:
        """Check that nothing is asked for that a board of the past does not show.

        Raises:
            InvalidQuery: names all of it.
        """
        beside = sorted(self.model_fields_set - {"on"})
        if self.on is not None and beside:
            message = "a board of the past has counts alone: leave it out"
            raise InvalidQuery.of([wrong_field(name, "not_of_past", message) for name in beside])

    @property
    def wanted(self) -> Mapping[str, Any]:
        """The filter."""
        return read_filter(self.filter)

    @property
    def is_whole(self) -> bool:
        """Whether nothing narrows it."""
        return self.filter is None and self.q is None

    @property
    def ordered(self) -> list[str]:
        """The field that orders the cards, and the direction."""
        return self.order.split(":")

    def column(self, pipeline_id: str, stage_id: str) -> SearchedQueryIn:
        """Make the list of the deals of a stage."""
        here: dict[Any, Any] = {"pipeline_id": pipeline_id, "stage_id": stage_id}
        if self.filter:  # a list leaves templates out by itself unless its filter names them; a board has none at all
            here["is_recurring"] = False
        return SearchedQueryIn(
            filter={"and": [self.wanted, here]} if self.filter else here,
            q=self.q,
            order=[self.ordered],
            limit=self.limit,
            select=list(names_in(self.select)) or None,
            count="none" if self.is_whole else "capped",
        )


class NextCardsOut(BaseModel):
    """A body of `POST /v1/deals/query` that goes on where a column ends."""

    filter: dict[str, Any] = Field(description="the filter of the board, and the place of the column")
    q: str | None = Field(description="the search of the board")
    order: list[list[str]] = Field(description="the order of the board", examples=[[["created_at", "desc"]]])
    select: list[str] | None = Field(description="the fields of the cards")
    limit: int = Field(description="as many as a column shows at most")
    cursor: str | None = Field(description="where the column ends; null where it shows no cards")

    @classmethod
    def of(cls, column: SearchedQueryIn, cursor: str | None) -> Self:
        """Make the body that goes on after a cursor."""
        return cls(**column.model_dump(include=set(cls.model_fields) - {"cursor"}), cursor=cursor)


class ColumnOut(BaseModel):
    """A stage with its deals."""

    stage: StageOut = Field(description="the stage of the column")
    count: CountOut = Field(description="deals of the stage that the caller may read and that pass the filter")
    sums: list[Money] | None = Field(
        description="amounts of these deals, one sum for each currency; null where a filter or search narrows the "
        "board, and of the past, whose amounts are not known"
    )
    items: list[Any] = Field(
        description="the first cards; none of a stage that closes deals, unless they are asked for"
    )
    complete: bool = Field(description="false where fewer cards than `limit` were found within the budget of one page")
    next: NextCardsOut | None = Field(description="the request that goes on with the cards; null where none are left")


class FormerStageOut(BaseModel):
    """A stage that was deleted since."""

    stage_id: str
    count: CountOut = Field(description="deals that stood there, and that the caller may read")


class BoardOut(BaseModel):
    """The deals of a pipeline by stages."""

    pipeline_id: str = Field(examples=["default"])
    columns: list[ColumnOut] = Field(description="all stages, in their order")
    former: list[FormerStageOut] = Field(
        description="of the past, stages with deals that were deleted since", examples=[[]]
    )


def board_of(row: type[BaseModel]) -> type[BoardOut]:
    """Make the model of a board whose cards are such rows."""
    column = create_model("BoardColumnOut", __base__=ColumnOut, items=(list[row], ColumnOut.model_fields["items"]))  # type: ignore[valid-type]
    columns = (list[column], BoardOut.model_fields["columns"])
    return create_model("DealBoardOut", __base__=BoardOut, columns=columns, __doc__=BoardOut.__doc__)
