"""Leads that come to a stage while it is deleted, or after (ADR 0059, ADR 0064), on the real MongoDB."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts.dictionaries import DictionaryValueCreated, DictionaryValueDeleted
from crm_contracts.leads import LeadStageChanged

from deploy.local.mongo import Mongo
from services.leads.lead.domain.lead import Lead
from services.leads.lead.store import LEAD_INDEXES, lead_places
from services.leads.lead.usecases import create_lead, move_stranded_leads
from services.leads.stage.domain import LEAD_STAGE, SEEDS, LeadStages, StageHasLeads
from services.leads.stage.store import OwnLeadStages
from services.leads.stage.usecases import seed_lead_stages
from shared.elements.domain.stage_owner import CLOSED_FOR
from shared.elements.domain.stages import StageSet
from shared.elements.usecases.create_element import NewElement
from shared.elements.usecases.stages import Emptied, delete_stage
from shared.kit.domain import DomainError
from shared.kit.storage.connection import Database, connect
from tests.builders.causes import NOON, a_cause, ids
from tests.builders.fakes import Documents, collaborators
from tests.builders.leads import start

STAGE = "PROCESSED"


class Killed(BaseException):
    """The process ends here."""


async def nothing() -> None:
    """Nobody does anything meanwhile."""


@dataclass
class Office:
    """The stages as they are at the start, and no leads."""

    database: Database
    key: Callable[[], str] = field(default_factory=ids)
    now: datetime = NOON

    def __post_init__(self) -> None:
        self.leads = Documents(Lead, self.database.collection("leads"))
        self.stages = Documents(LeadStages, self.database.collection("lead_stages"))
        self.own = OwnLeadStages(self.stages, clock=lambda: self.now)
        self.places = lead_places(self.leads)

    async def opened(self) -> "Office":
        await self.leads.collection.ensure(LEAD_INDEXES)
        await seed_lead_stages(lambda: NOON, stages=self.stages)
        return self

    async def delete(self, meanwhile: Callable[[], Awaitable[object]] = nothing, *, key: str | None = None) -> None:
        emptied = Emptied(self.places, meanwhile, clock=lambda: self.now)
        cause = a_cause(key or self.key())
        await delete_stage(LEAD_STAGE, STAGE, cause, owners=self.stages, emptied=emptied, occupied=StageHasLeads)

    async def enter(self, known: StageSet | None = None) -> Lead:
        """A new lead on that stage, by the stages that were known."""
        stages, new = known or await self.own.open(), NewElement(stage_id=STAGE)
        cause = a_cause(self.key())
        return await create_lead(self.key(), new, cause, leads=self.leads, collaborators=collaborators(), stages=stages)

    async def rescue(self) -> int:
        return await move_stranded_leads(lambda: NOON, leads=self.leads, places=self.places, stages=self.own)

    async def told(self) -> list[type]:
        return [type(each) for each in await self.stages.said(LEAD_STAGE)][len(SEEDS) :]


@pytest_asyncio.fixture(loop_scope="session")
async def office(mongo: Mongo) -> AsyncIterator[Office]:
    database = connect(mongo.url, f"lead_stages_{uuid4().hex[:8]}")
    yield await Office(database).opened()
    await database.drop()
    database.close()


async def test_no_lead_enters_a_stage_that_is_being_deleted(office: Office) -> None:
    """PIPE-06: to requests it is there no more, while lists still know it."""
    seen: list[Any] = []

    async def knock() -> None:
        with pytest.raises(DomainError) as refusal:
            await office.enter()
        seen.extend([refusal.value.code, (await office.own.every()).find(STAGE) is not None])

    await office.delete(knock)
    assert seen == ["stage_not_in_pipeline", True]
    assert (await office.own.every()).find(STAGE) is None
    assert await office.told() == [DictionaryValueDeleted]


async def test_a_lead_on_its_way_is_found_before_the_stage_is_deleted(office: Office) -> None:
    """PIPE-06: it was judged before all knew of the deletion, so that is taken back, untold."""
    known = await office.own.open()

    async def arrive() -> None:
        await office.enter(known)

    with pytest.raises(StageHasLeads):
        await office.delete(arrive)
    assert await office.told() == []
    assert (await office.enter()).stage_id == STAGE, "it is open again"


async def test_a_deletion_that_was_taken_back_is_done_by_the_same_request_sent_again(office: Office) -> None:
    """PIPE-06: once the stage is empty; and what comes meanwhile again opens it again."""
    known, came = await office.own.open(), []

    async def arrive() -> None:
        came.append((await office.enter(known)).id)

    for _ in range(2):
        with pytest.raises(StageHasLeads):
            await office.delete(arrive, key="again")
        office.own.forget()
        assert (await office.own.open()).find(STAGE) is not None
        await office.leads.change(came[-1], lambda lead: lead.delete(by="user:ann", at=NOON), a_cause(came[-1]))
        office.now += timedelta(seconds=1)
    await office.delete(key="again")
    assert await office.told() == [DictionaryValueDeleted]


async def test_a_deletion_that_was_killed_is_done_by_the_same_request_however_late(office: Office) -> None:
    """PIPE-06: it closes the stage anew, which was open again."""

    async def die() -> None:
        raise Killed

    with pytest.raises(Killed):
        await office.delete(die, key="again")
    office.now += 2 * CLOSED_FOR
    await office.delete(key="again")
    assert await office.told() == [DictionaryValueDeleted]


async def test_a_lead_that_arrives_after_the_deletion_is_moved_once_to_where_leads_start(office: Office) -> None:
    """LEAD-06, PIPE-06: also where two replicas look at the same moment."""
    known = await office.own.open()
    await office.delete()
    late = await office.enter(known)
    await asyncio.gather(office.rescue(), office.rescue())
    there = await office.leads.get(late.id)
    assert (there.stage_id, there.previous_stage_id) == ("NEW", STAGE)
    assert [type(each) for each in await office.leads.said(late.id)][1:] == [LeadStageChanged]
    await office.leads.forget_causes(late.id)
    assert await office.rescue() == 0
    assert await office.leads.get(late.id) == there


async def test_a_lead_that_is_being_converted_is_left_to_its_conversion(office: Office) -> None:
    """LEAD-13, PIPE-06: else the job would fail at it for as long as that runs."""
    known = await office.own.open()
    await office.delete()
    late = await office.enter(known)
    await office.leads.change(late.id, start, a_cause("convert"))
    await office.rescue()
    assert (await office.leads.get(late.id)).stage_id == STAGE

    def refuse(lead: Lead) -> None:
        conversion = lead.conversion
        lead.refuse_conversion(conversion.conversion_id, conversion.attempt, code="no_answer", message="no")

    await office.leads.change(late.id, refuse, a_cause("refuse"))
    await office.rescue()
    assert (await office.leads.get(late.id)).stage_id == "NEW"


async def seeded_by(office: Office, *, replicas: int) -> None:
    await asyncio.gather(*(seed_lead_stages(lambda: NOON, stages=office.stages) for _ in range(replicas)))


async def test_replicas_that_start_at_once_or_again_seed_the_stages_once(office: Office) -> None:
    """LEAD-06, DICT-04: and a start takes back nothing that was changed since."""
    await office.stages.change(LEAD_STAGE, lambda found: found.change_stage(STAGE, {"name": "Done"}), a_cause("rename"))
    await seeded_by(office, replicas=2)
    assert (await office.stages.get(LEAD_STAGE)).stage(STAGE).name == "Done"
    await office.stages.collection.delete({"_id": LEAD_STAGE})
    await seeded_by(office, replicas=3)
    assert [type(each) for each in await office.stages.said(LEAD_STAGE)] == [DictionaryValueCreated] * len(SEEDS)
