"""Deals that enter what is being deleted, and deletions that end half-way (ADR 0059), on the real MongoDB."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts.deals import DealMovedToPipeline, DealStageChanged
from crm_contracts.pipelines import PipelineCreated, PipelineDeleted, PipelineUpdated

from deploy.local.mongo import Mongo
from services.deals.deal.domain.deal import Deal
from services.deals.deal.store import DEAL_INDEXES, deal_places
from services.deals.deal.usecases import create_deal, move_deal, move_stranded_deals
from services.deals.pipeline.domain.errors import PipelineHasDeals, StageHasDeals
from services.deals.pipeline.domain.known import KnownPipelines
from services.deals.pipeline.domain.pipeline import Pipeline
from services.deals.pipeline.store import OwnPipelines
from services.deals.pipeline.usecases import delete_pipeline, seed_pipelines
from shared.elements.domain.stage_errors import DeletionLapsed
from shared.elements.domain.stage_owner import CLOSED_FOR, DELETED_WITHIN, Place
from shared.elements.usecases.create_element import NewElement
from shared.elements.usecases.stages import Emptied, add_stage, delete_stage
from shared.kit.domain import DomainError
from shared.kit.storage.connection import Database, connect
from tests.builders.causes import NOON, a_cause, ids
from tests.builders.deals import deal_collaborators
from tests.builders.fakes import Documents, Power, PowerCut

ID: Final = "partners"
STAGE: Final = f"C{ID}:EXECUTING"
WHAT: Final = pytest.mark.parametrize("stage_id", [None, STAGE], ids=["pipeline", "stage"])
"""What is deleted: all of a pipeline, or a stage of it."""


async def nothing() -> None:
    """Nobody does anything meanwhile."""


@dataclass
class Office:
    """Two pipelines, no deals, and a clock that is set by hand."""

    database: Database
    now: datetime = NOON
    key: Callable[[], str] = field(default_factory=ids)

    def __post_init__(self) -> None:
        self.deals = Documents(Deal, self.database.collection("deals"))
        self.places = deal_places(self.deals)
        self.pipelines = self.on(None)
        self.own = OwnPipelines(self.pipelines, clock=lambda: self.now)

    def on(self, power: Power | None) -> Documents[Pipeline]:
        return Documents(Pipeline, self.database.collection("pipelines"), power)

    async def opened(self) -> "Office":
        await self.deals.collection.ensure(DEAL_INDEXES)
        await seed_pipelines(lambda: NOON, pipelines=self.pipelines)
        await self.pipelines.add(Pipeline.create(ID, "Partners", 500), a_cause("setup"))
        return self

    async def delete(
        self,
        stage_id: str | None,
        *,
        meanwhile: Callable[[], Awaitable[object]] = nothing,
        power: Power | None = None,
    ) -> None:
        """Delete the pipeline or a stage of it; `meanwhile` happens while it is closed."""
        emptied = Emptied(self.places, meanwhile, clock=lambda: self.now)
        cause, pipelines = a_cause(self.key()), self.on(power)
        if stage_id is None:
            await delete_pipeline(ID, cause, pipelines=pipelines, emptied=emptied)
        else:
            await delete_stage(ID, stage_id, cause, owners=pipelines, emptied=emptied, occupied=StageHasDeals)

    async def enter(self, stage_id: str | None = STAGE, *, known: KnownPipelines | None = None) -> Deal:
        """A new deal on that stage, by what was known of pipelines."""
        return await create_deal(
            self.key(),
            NewElement(stage_id=stage_id),
            a_cause(self.key()),
            deals=self.deals,
            collaborators=deal_collaborators(),
            pipelines=known or await self.own.known(),
            pipeline_id=ID,
        )

    async def move_in(self, deal: Deal, *, known: KnownPipelines | None = None) -> Deal:
        pipelines = known or await self.own.known()
        return await move_deal(deal.id, ID, STAGE, a_cause(self.key()), deals=self.deals, pipelines=pipelines)

    async def rescue(self) -> int:
        return await move_stranded_deals(lambda: self.now, deals=self.deals, places=self.places, pipelines=self.own)

    async def told(self) -> Sequence[type]:
        return [type(each) for each in await self.pipelines.said(ID)]

    async def is_there(self, stage_id: str | None) -> bool:
        pipeline = await self.pipelines.find(ID)
        return pipeline is not None and (stage_id is None or pipeline.stage_set.find(stage_id) is not None)


@pytest_asyncio.fixture(loop_scope="session")
async def office(mongo: Mongo) -> AsyncIterator[Office]:
    database = connect(mongo.url, f"pipelines_{uuid4().hex[:8]}")
    yield await Office(database).opened()
    await database.drop()
    database.close()


@WHAT
async def test_nothing_enters_what_is_being_deleted(office: Office, stage_id: str | None) -> None:
    """PIPE-04, PIPE-06: neither a new deal nor one that moves; what is beside it stays open."""
    elsewhere = await create_deal(
        "elsewhere",
        NewElement(),
        a_cause("elsewhere"),
        deals=office.deals,
        collaborators=deal_collaborators(),
        pipelines=await office.own.known(),
    )
    refused: list[str] = []

    async def knock() -> None:
        for entering in (office.enter(), office.move_in(elsewhere)):
            with pytest.raises(DomainError) as refusal:
                await entering
            refused.append(refusal.value.code)
        if stage_id is not None:
            await office.enter("NEW")

    await office.delete(stage_id, meanwhile=knock)
    assert refused == 2 * ["pipeline_not_found" if stage_id is None else "stage_not_in_pipeline"]
    assert not await office.is_there(stage_id)


async def test_a_pipeline_is_deleted_as_of_the_moment_that_is_told_however_long_it_was_closed(office: Office) -> None:
    """PIPE-04: the tombstone is what its events say, so that it can be rebuilt from them."""

    async def wait() -> None:
        office.now += timedelta(seconds=3)

    await office.delete(None, meanwhile=wait)
    left = await office.pipelines.find_with_deleted(ID)
    assert left is not None
    assert left.deleted_at == NOON


@WHAT
@pytest.mark.parametrize("way", ["created", "moved"])
async def test_a_deal_on_its_way_is_found_before_the_deletion(office: Office, stage_id: str | None, way: str) -> None:
    """PIPE-04, PIPE-06: it was judged before all knew of the deletion, so that is taken back, untold."""
    known = await office.own.known()
    deal = await office.enter("NEW") if way == "moved" and stage_id else None

    async def arrive() -> None:
        await (office.enter(known=known) if deal is None else office.move_in(deal, known=known))

    with pytest.raises((PipelineHasDeals, StageHasDeals)):
        await office.delete(stage_id, meanwhile=arrive)
    assert await office.is_there(stage_id)
    assert await office.told() == [PipelineCreated]
    assert (await office.enter()).stage_id == STAGE, "it is open again"


@WHAT
async def test_a_deal_that_arrives_after_the_deletion_is_moved_to_where_deals_start(
    office: Office, stage_id: str | None
) -> None:
    """PIPE-04, PIPE-06: no deal stays without a stage, and a second look changes nothing."""
    known = await office.own.known()
    await office.delete(stage_id)
    late = await office.enter(known=known)
    assert await office.rescue() == 1
    there = await office.deals.get(late.id)
    place = ("default", "NEW") if stage_id is None else (ID, f"C{ID}:NEW")
    assert (there.pipeline_id, there.stage_id, there.is_new) == (*place, True)
    told = (await office.deals.said(late.id))[-1]
    assert isinstance(told, DealMovedToPipeline if stage_id is None else DealStageChanged)
    assert await office.rescue() == 0
    assert await office.deals.get(late.id) == there


@WHAT
async def test_two_replicas_rescue_a_deal_once(office: Office, stage_id: str | None) -> None:
    known = await office.own.known()
    await office.delete(stage_id)
    late = await office.enter(known=known)
    await asyncio.gather(office.rescue(), office.rescue())
    assert len(await office.deals.said(late.id)) == 2


async def test_a_stage_that_was_added_again_meanwhile_keeps_its_deals(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PIPE-06: a replica that has looked for former stages before does not take them from where they may be."""
    await office.delete(STAGE)
    looks, look = [await office.own.former_places()], office.own.former_places
    await add_stage(ID, STAGE, "Again", "P", a_cause(office.key()), owners=office.pipelines)
    office.own.forget()
    deal = await office.enter()

    async def former_places() -> Sequence[Place]:
        return looks.pop() if looks else await look()

    monkeypatch.setattr(office.own, "former_places", former_places)
    assert await office.rescue() == 0
    assert await office.deals.get(deal.id) == deal


async def test_a_deal_that_cannot_be_moved_holds_up_no_other(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    known, find = await office.own.known(), office.places.ids_in
    await office.delete(STAGE)
    late = await office.enter(known=known)

    async def ids_in(owner_id: str, stage_id: str | None = None) -> Sequence[str]:
        return ["deleted meanwhile", *await find(owner_id, stage_id)]

    monkeypatch.setattr(office.places, "ids_in", ids_in)
    assert await office.rescue() == 1
    assert (await office.deals.get(late.id)).stage_id == f"C{ID}:NEW"


@WHAT
async def test_of_two_deletions_at_once_one_is_done_and_told_once(office: Office, stage_id: str | None) -> None:
    """PIPE-09."""
    both = await asyncio.gather(*(office.delete(stage_id) for _ in range(2)), return_exceptions=True)
    assert sum(each is None for each in both) == 1
    assert all(each is None or isinstance(each, DomainError) for each in both)
    assert await office.told() == [PipelineCreated, PipelineDeleted if stage_id is None else PipelineUpdated]


@WHAT
async def test_a_replica_that_ends_half_way_leaves_nothing_closed_for_ever(
    office: Office, stage_id: str | None
) -> None:
    """PIPE-04, PIPE-06: after a minute deals may enter again; deleting it again succeeds at any time."""
    with pytest.raises(PowerCut):
        await office.delete(stage_id, power=Power(off_after=1))
    with pytest.raises(DomainError):
        await office.enter()
    assert await office.told() == [PipelineCreated]
    office.now += CLOSED_FOR
    deal = await office.enter()
    await office.deals.collection.delete({"_id": deal.id})
    await office.delete(stage_id)
    assert not await office.is_there(stage_id)


@WHAT
async def test_a_deletion_that_takes_too_long_is_given_up(office: Office, stage_id: str | None) -> None:
    """PIPE-04, PIPE-06: else deals could enter between the look and the deletion."""

    async def wait() -> None:
        office.now += DELETED_WITHIN + timedelta(seconds=1)

    with pytest.raises(DeletionLapsed):
        await office.delete(stage_id, meanwhile=wait)
    assert await office.is_there(stage_id)
    assert await office.told() == [PipelineCreated]


async def test_replicas_that_start_at_once_or_again_seed_the_default_pipeline_once(office: Office) -> None:
    """PIPE-01, DEAL-07: and a start takes back nothing that was changed since."""
    await office.pipelines.change("default", lambda found: found.correct({"name": "Sales"}), a_cause("rename"))
    await asyncio.gather(*(seed_pipelines(lambda: NOON, pipelines=office.on(None)) for _ in range(3)))
    assert (await office.pipelines.get("default")).name == "Sales"
    await office.pipelines.collection.delete({"_id": "default"})
    await asyncio.gather(*(seed_pipelines(lambda: office.now, pipelines=office.on(None)) for _ in range(3)))
    told: list[Any] = list(await office.pipelines.said("default"))
    assert [type(each) for each in told] == [PipelineCreated]
