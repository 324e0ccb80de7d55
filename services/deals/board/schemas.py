"""Query parameters and answer of the board."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from crm_contracts.values import Money
from pydantic import BaseModel, Field, create_model

from services.deals.deal.schemas import DealOut
from shared.elements.schemas.expansion import EXPANDED
from shared.elements.schemas.filters import filter_of, read_filter
from shared.elements.schemas.list_query import CountOut, SearchedQueryIn
from shared.elements.schemas.search import SearchText
from shared.elements.schemas.stages import StageOut
from shared.kit.web.named_ones import SomeOf, names_in
from shared.kit.web.schemas import IN_DIGITS, Truth

MOST_CARDS: Final = 50
COLUMNS: Final = tuple(name for name in DealOut.model_fields if name != EXPANDED)

Order = Literal[
    "created_at:desc",
    "created_at:asc",
    "number:desc",
    "number:asc",
    "title:desc",
    "title:asc",
    "amount:desc",
    "amount:asc",
]


class BoardFilters(BaseModel):
    """Which cards a board shows, and how."""

    filter: Annotated[str | None, filter_of("Deal")] = None
    q: SearchText | None = None
    order: Order = Field(default="created_at:desc", description="the order of the cards of each stage")
    select: Annotated[str, SomeOf("field", COLUMNS)] = Field(
        default="", description="fields that each card is shown with, comma-separated; empty for all"
    )
    limit: Annotated[int, Field(ge=1, le=MOST_CARDS), IN_DIGITS] = Field(
        default=20, description="cards of each stage at most"
    )
    closed: Truth = Field(default=False, description="show the cards of the stages of success and failure, too")

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
        description="amounts of these deals, one sum for each currency; null where a filter or search narrows the board"
    )
    items: list[Any] = Field(
        description="the first cards; none of a stage that closes deals, unless they are asked for"
    )
    complete: bool = Field(description="false where fewer cards than `limit` were found within the budget of one page")
    next: NextCardsOut | None = Field(description="the request that goes on with the cards; null where none are left")


class BoardOut(BaseModel):
    """The deals of a pipeline by stages."""

    pipeline_id: str = Field(examples=["default"])
    columns: list[ColumnOut] = Field(description="all stages, in their order")


def board_of(row: type[BaseModel]) -> type[BoardOut]:
    """Make the model of a board whose cards are such rows."""
    column = create_model("BoardColumnOut", __base__=ColumnOut, items=(list[row], ColumnOut.model_fields["items"]))  # type: ignore[valid-type]
    columns = (list[column], BoardOut.model_fields["columns"])
    return create_model("DealBoardOut", __base__=BoardOut, columns=columns, __doc__=BoardOut.__doc__)
