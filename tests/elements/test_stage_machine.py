"""Stages that are added, moved and deleted while elements go through them, on the real database (PIPE-06, PIPE-07).

Some elements were judged by stages as they were a while ago, as on a slow machine. Whatever happens, the stages keep
their order, and once the job has looked for them, every element stands on a stage that there is.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import suppress
from itertools import count
from typing import Any, ClassVar, Final
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts.values import StageSemantic
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from deploy.local.mongo import Mongo
from services.deals.deal.domain.deal import Deal
from services.deals.deal.store import DEAL_INDEXES, deal_places
from services.deals.deal.usecases import create_deal, move_deal, move_stranded_deals
from services.deals.pipeline.domain.errors import StageHasDeals
from services.deals.pipeline.domain.pipeline import Pipeline
from services.deals.pipeline.store import OwnPipelines
from services.leads.lead.domain.lead import Lead
from services.leads.lead.store import LEAD_INDEXES, lead_places
from services.leads.lead.usecases import create_lead, move_stranded_leads
from services.leads.stage.domain import LEAD_STAGE, LeadStages, StageHasLeads
from services.leads.stage.store import OwnLeadStages
from shared.elements.domain.stages import StageSet
from shared.elements.usecases.create_element import NewElement
from shared.elements.usecases.move_element import move_element
from shared.elements.usecases.stages import Emptied, add_stage, change_stage, delete_stage
from shared.kit.domain import Cause, DomainError
from shared.kit.storage.connection import Database, connect
from tests.builders.causes import NOON, a_cause
from tests.builders.deals import deal_collaborators
from tests.builders.fakes import Documents, collaborators
from tests.deadlines import DEADLINE_S

PIPELINE: Final = "partners"
STAGES: Final = st.sampled_from(["NEW", "WON", "CONVERTED", "LOSE", "JUNK", "PROCESSED", "EXECUTING", "S1", "S2", "S3"])
"""Some of them are there at the start, of one kind or of the other."""
MEANINGS: Final[Mapping[str, StageSemantic]] = {"WON": "S", "CONVERTED": "S", "LOSE": "F", "JUNK": "F", "S3": "F"}
"""What a stage means that is added: each time the same (ADR 0064), in process where it is not named."""


async def no_time_passes() -> None:
    """Nobody else does anything meanwhile."""


class LeadSite:
    """Leads and their stages."""

    owner, occupied = LEAD_STAGE, StageHasLeads

    def __init__(self, database: Database, name: str) -> None:
        self.elements = Documents(Lead, database.collection(f"leads{name}"))
        self.owners = Documents(LeadStages, database.collection(f"stages{name}"))
        self.own = OwnLeadStages(self.owners, clock=lambda: NOON)
        self.places = lead_places(self.elements)
        self.indexes = LEAD_INDEXES

    async def seed(self, cause: Cause) -> None:
        await self.owners.add(LeadStages.create(), cause)

    async def known(self) -> Any:
        return await self.own.open()

    async def create(self, id_: str, stage_id: str, known: Any, cause: Cause) -> None:
        new = NewElement(stage_id=stage_id)
        await create_lead(id_, new, cause, leads=self.elements, collaborators=collaborators(), stages=known)

    async def move(self, id_: str, stage_id: str, known: Any, cause: Cause) -> None:
        await move_element(id_, stage_id, cause, elements=self.elements, stages=known)

    async def rescue(self) -> None:
        await move_stranded_leads(lambda: NOON, leads=self.elements, places=self.places, stages=self.own)


class DealSite:
    """Deals of one pipeline, and its stages."""

    owner, occupied = PIPELINE, StageHasDeals

    def __init__(self, database: Database, name: str) -> None:
        self.elements = Documents(Deal, database.collection(f"deals{name}"))
        self.owners = Documents(Pipeline, database.collection(f"pipelines{name}"))
        self.own = OwnPipelines(self.owners, clock=lambda: NOON)
        self.places = deal_places(self.elements)
        self.indexes = DEAL_INDEXES

    async def seed(self, cause: Cause) -> None:
        await self.owners.add(Pipeline.create(PIPELINE, "Partners", 500), cause)

    async def known(self) -> Any:
        return await self.own.known()

    async def create(self, id_: str, stage_id: str, known: Any, cause: Cause) -> None:
        await create_deal(
            id_,
            NewElement(stage_id=stage_id),
            cause,
            deals=self.elements,
            collaborators=deal_collaborators(),
            pipelines=known,
            pipeline_id=PIPELINE,
        )

    async def move(self, id_: str, stage_id: str, known: Any, cause: Cause) -> None:
        await move_deal(id_, PIPELINE, stage_id, cause, deals=self.elements, pipelines=known)

    async def rescue(self) -> None:
        await move_stranded_deals(lambda: NOON, deals=self.elements, places=self.places, pipelines=self.own)


class Stages(RuleBasedStateMachine):
    """Everything that administrators do to stages, and users to elements, in any order."""

    database: ClassVar[Database]
    loop: ClassVar[asyncio.AbstractEventLoop]
    kind: ClassVar[type[LeadSite] | type[DealSite]]

    def __init__(self) -> None:
        super().__init__()
        self.site = self.kind(self.database, uuid4().hex[:8])
        self.keys, self.elements = count(1), list[str]()
        self.remembered: Any = None

    def cause(self) -> Cause:
        return a_cause(f"key-{next(self.keys)}")

    def do(self, action: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(action, self.loop).result(timeout=DEADLINE_S)

    def attempt(self, action: Coroutine[Any, Any, Any]) -> None:
        """What the state refuses changes nothing."""
        with suppress(DomainError):
            self.do(action)

    @initialize()
    def open(self) -> None:
        self.do(self.site.elements.collection.ensure(self.site.indexes))
        self.do(self.site.seed(self.cause()))
        self.remember()

    @rule()
    def remember(self) -> None:
        """What some requests judge by from now on, however long they take."""
        self.remembered = self.do(self.site.known())

    @rule(stage=STAGES, sort=st.none() | st.integers(0, 90))
    def add(self, stage: str, sort: int | None) -> None:
        site, semantic = self.site, MEANINGS.get(stage, "P")
        self.attempt(add_stage(site.owner, stage, "x", semantic, self.cause(), owners=site.owners, sort=sort))

    @rule(stage=STAGES, sort=st.integers(0, 90))
    def reorder(self, stage: str, sort: int) -> None:
        site = self.site
        self.attempt(change_stage(site.owner, stage, {"sort": sort}, self.cause(), owners=site.owners))

    @rule(stage=STAGES, enters=st.booleans())
    def delete(self, stage: str, *, enters: bool) -> None:
        """Delete a stage; perhaps an element that was judged before enters it while it is closed."""

        async def meanwhile() -> None:
            if enters:
                with suppress(DomainError):
                    await self.enter(stage, self.remembered)

        site = self.site
        emptied = Emptied(site.places, meanwhile, clock=lambda: NOON)
        deletion = delete_stage(
            site.owner,
            stage,
            self.cause(),
            owners=site.owners,
            emptied=emptied,
            occupied=site.occupied,
            forced=True,
        )
        self.attempt(deletion)

    async def enter(self, stage: str, known: Any) -> None:
        id_ = f"element-{next(self.keys)}"
        await self.site.create(id_, stage, known, self.cause())
        self.elements.append(id_)

    @rule(stage=STAGES, late=st.booleans())
    def create(self, stage: str, *, late: bool) -> None:
        self.attempt(self.enter(stage, self.remembered if late else self.do(self.site.known())))

    @rule(data=st.data(), stage=STAGES, late=st.booleans())
    def move(self, data: st.DataObject, stage: str, *, late: bool) -> None:
        if self.elements:
            known = self.remembered if late else self.do(self.site.known())
            self.attempt(self.site.move(data.draw(st.sampled_from(self.elements)), stage, known, self.cause()))

    @rule()
    def rescue(self) -> None:
        self.do(self.site.rescue())

    def stages(self) -> StageSet:
        stages: StageSet = self.do(self.site.owners.get(self.site.owner)).stage_set
        return stages

    @invariant()
    def stages_keep_their_order(self) -> None:
        if self.remembered is None:
            return
        stages = self.stages()
        meanings = "".join(stage.semantic for stage in stages)
        assert re.fullmatch("P+SF*", meanings), meanings
        assert stages.first.id.endswith("NEW")
        assert len({stage.id for stage in stages}) == len(meanings)

    def teardown(self) -> None:
        if self.remembered is None:
            return
        self.do(self.site.rescue())
        stages = self.stages()
        for id_ in self.elements:
            element = self.do(self.site.elements.get(id_))
            stage = stages.find(element.stage_id)
            assert stage is not None, f"{id_} stands on {element.stage_id}"
            assert stage.semantic == element.stage_semantic


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(mongo: Mongo) -> AsyncIterator[Database]:
    database = connect(mongo.url, f"stages_{uuid4().hex[:12]}")
    yield database
    await database.drop()
    database.close()


@pytest.mark.parametrize("site", [LeadSite, DealSite])
async def test_no_element_is_without_a_stage_whatever_is_done_to_stages(
    database: Database, site: type[LeadSite] | type[DealSite]
) -> None:
    """LEAD-06, PIPE-06, PIPE-07."""

    class Here(Stages):
        kind = site

    Here.database, Here.loop = database, asyncio.get_running_loop()
    runs = settings(max_examples=25, stateful_step_count=20, deadline=None)
    await asyncio.to_thread(run_state_machine_as_test, Here, settings=runs)
