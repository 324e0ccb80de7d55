"""Read the stage history of elements of one type (PIPE-08)."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Protocol, Self

from crm_contracts.elements import ElementType
from crm_contracts.pipelines import whole_stage_id
from crm_contracts.values import StageSemantic
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, create_model

from shared.elements.domain.fields import filterable_fields
from shared.elements.domain.filters import query
from shared.elements.domain.filters.nodes import Condition
from shared.elements.http.rights import records_for
from shared.elements.store.filtered_lists import FilteredPage
from shared.elements.store.list_cursors import Place
from shared.elements.store.stage_history import RecordType, StageHistory, StageRecord
from shared.kit.web.call import Call, needs
from shared.kit.web.routes import router
from shared.kit.web.schemas import Cursor, Limit, Page

MAX_ID: Final = 200
LATER_LOOKS: Final = (200, 200, 200, 200)
"""Records that a page looks at where it is not full yet."""


class ReadableLists(Protocol):
    """Filtered lists of the elements."""

    async def page(self, query: query.Query, *, limit: int, after: Place | None = None) -> FilteredPage[Any]:
        """Read one page."""
        ...


class StageHistoryFilters(BaseModel):
    """Of which element, and on which stage."""

    owner_id: str | None = Field(default=None, max_length=MAX_ID)
    stage_id: str | None = Field(default=None, max_length=MAX_ID)
    limit: Limit = 50
    cursor: Cursor = None

    @property
    def places(self) -> Mapping[str, str]:
        """What stage and pipeline have to equal."""
        given: dict[str, str] = self.model_dump(exclude_none=True, include={"stage_id", "pipeline_id"})
        return given


class PipelineHistoryFilters(StageHistoryFilters):
    """Those of elements that have pipelines."""

    pipeline_id: str | None = Field(default=None, max_length=MAX_ID)

    @property
    def places(self) -> Mapping[str, str]:
        """What stage and pipeline have to equal; a stage may be given without the prefix of its pipeline (PIPE-02)."""
        given = dict(super().places)
        if {"pipeline_id", "stage_id"} <= given.keys():
            given["stage_id"] = whole_stage_id(given["pipeline_id"], given["stage_id"])
        return given


class StageRecordOut(BaseModel):
    """An element came to a stage."""

    id: str = Field(description="of this record")
    type_id: RecordType = Field(
        description="1: created there; 2: moved to a stage in process; 3: to a final one; 5: to another pipeline"
    )
    owner_id: str = Field(description="id of the element")
    created_at: datetime = Field(description="when it came there")
    by: str = Field(description="who moved it", examples=["user:anna"])
    pipeline_id: str | None = Field(description="null of elements that have no pipelines")
    stage_id: str
    stage_semantic: StageSemantic
    previous_stage_id: str | None = Field(description="null where it was created")
    duration_s: float | None = Field(description="seconds on the stage before; null where there was none")

    @classmethod
    def of(cls, record: StageRecord) -> Self:
        """Show a record."""
        return cls(**asdict(record))


def stage_history_routes(
    type_: ElementType, filters: type[StageHistoryFilters], history: StageHistory, elements: ReadableLists
) -> APIRouter:
    """Make the route of one type."""
    api = router("stages")
    can_read = needs(f"{type_.service}:read")
    of_type: Any = Literal[type_.noun]
    filters_of_type = create_model(
        f"{type_.noun.capitalize()}HistoryFilters", __base__=filters, entity_type=(of_type | None, None)
    )

    @api.get("/stage-history", operation_id="listStageHistory")
    async def page(given: Annotated[filters_of_type, Query()], call: Call = can_read) -> Page[StageRecordOut]:
        """List when elements came to which stage, newest first (PIPE-08, LEAD-07).

        Of elements that the caller may not read, or that were deleted, there is nothing. Where there are many of those
        a page may have fewer than `limit`, also none: go on until `next_cursor` is null.
        """
        query: StageHistoryFilters = given
        found, cursor = list[StageRecord](), query.cursor
        for look in (query.limit + 1, *LATER_LOOKS):
            rows, cursor = await history.page(owner_id=query.owner_id, places=query.places, limit=look, cursor=cursor)
            readable = await readable_ids(call, type_, {each.owner_id for each in rows}, elements)
            found += [each for each in rows if each.owner_id in readable]
            if cursor is None or len(found) > query.limit:
                break
        if len(found) > query.limit:  # what is hidden behind the last one changes nothing of the answer
            found = found[: query.limit]
            cursor = await history.cursor_after(found[-1], owner_id=query.owner_id)
        return Page(items=[StageRecordOut.of(each) for each in found], next_cursor=cursor)

    return api


async def readable_ids(call: Call, type_: ElementType, ids: set[str], elements: ReadableLists) -> set[str]:
    """Return those of these elements that are there, and that the caller may read."""
    if not ids:
        return set()
    fields = filterable_fields(type_)
    wanted = query.Query(
        Condition(fields["id"], "in", tuple(sorted(ids))),
        query.Order(fields["created_at"]),
        allowed=records_for(call, type_),
    )
    found, after = set[str](), None
    while True:
        page = await elements.page(wanted, limit=len(ids), after=after)
        found |= {each.id for each in page.items}
        if page.next is None:
            return found
        after = page.next
