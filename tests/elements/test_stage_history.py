"""The stage history of leads and deals, over their services' API (PIPE-08, LEAD-07).

Kafka is away: what a service has to publish, a test hands to the service's own reactions.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count, permutations
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts.deals import DealCreated, DealDeleted, DealMovedToPipeline, DealStageChanged
from crm_contracts.elements import DEAL, LEAD, ElementType
from crm_contracts.envelope import Envelope
from crm_contracts.events import ElementEvent
from crm_contracts.leads import LeadCreated, LeadDeleted, LeadStageChanged
from crm_contracts.registry import parse
from crm_contracts.roles import Right

from deploy.local.mongo import Mongo
from services.deals.app import build as build_deals
from services.leads.app import build as build_leads
from shared.elements.events.stage_history import stage_history_reactions
from shared.elements.store.stage_history import STAGE_HISTORY, StageHistory
from shared.kit.storage.collection import Collection
from tests.builders.events import react
from tests.builders.granted import allow, as_seller
from tests.builders.running import Api, running, wrong_fields
from tests.kit.topics import Record

BUILDS: Final = {LEAD.noun: build_leads, DEAL.noun: build_deals}
ENDED_BY: Final[Mapping[str, type[ElementEvent]]] = {LEAD.noun: LeadDeleted, DEAL.noun: DealDeleted}
TOLD_BY: Final[Mapping[str, tuple[type[ElementEvent], ...]]] = {
    LEAD.noun: (LeadCreated, LeadStageChanged),
    DEAL.noun: (DealCreated, DealStageChanged, DealMovedToPipeline),
}
FIRST, SECOND, FAILED = "NEW", {LEAD.noun: "IN_PROCESS", DEAL.noun: "EXECUTING"}, {LEAD.noun: "JUNK", DEAL.noun: "LOSE"}
_NUMBERS: Final = count(1)


@dataclass(frozen=True)
class Office:
    """One service, and the type of element that it owns."""

    type: ElementType
    api: Api

    @property
    def rows(self) -> Collection:
        return self.api.database.collection(STAGE_HISTORY)

    async def made(self, **fields: Any) -> str:
        return str((await self.api.made(f"/{self.type.plural}", {"open_to_all": False, **fields}))["id"])

    async def move(self, id_: str, **to: str) -> None:
        answer = await self.api("PUT", f"/{self.type.plural}/{id_}/stage", to)
        assert answer.status_code == 200, answer.text

    async def told(self, id_: str) -> list[Envelope[Any]]:
        """What the service has to publish of the element's stages, oldest first."""
        document = await self.api.database.collection(self.type.plural).get(id_)
        assert document is not None
        events = [parse(entry["headers"], entry["value"]) for entry in document["outbox"]]
        wanted = (*TOLD_BY[self.type.noun], ENDED_BY[self.type.noun])
        return [event for event in events if event is not None and isinstance(event.data, wanted)]

    async def hear(self, events: Sequence[Envelope[Any]]) -> None:
        noun = self.type.noun
        reactions = stage_history_reactions(StageHistory(self.rows), *TOLD_BY[noun], ended_by=ENDED_BY[noun])
        for event in events:
            await react(reactions, event)

    async def moved_through(self, *stages: str, **fields: Any) -> str:
        """A new element that was moved to these stages, all of which the service has heard."""
        id_ = await self.made(**fields)
        for stage in stages:
            await self.move(id_, stage_id=stage)
        await self.hear(await self.told(id_))
        return id_

    async def history(self, **query: Any) -> list[dict[str, Any]]:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        found: list[dict[str, Any]] = (await self.api.read(f"/stage-history?{asked}"))["items"]
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def offices(
    mongo: Mongo, dictionaries: Sequence[Record], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Mapping[str, Office]]:
    async with AsyncExitStack() as stack:
        made = {}
        for type_ in (LEAD, DEAL):
            directory = tmp_path_factory.mktemp(type_.plural)
            api = await stack.enter_async_context(
                running(type_.service, BUILDS[type_.noun], mongo, directory, told=dictionaries)
            )
            made[type_.noun] = Office(type_, api)
        yield made


@pytest.fixture(params=BUILDS)
def office(offices: Mapping[str, Office], request: pytest.FixtureRequest) -> Office:
    return offices[request.param]


@pytest.fixture
def deals(offices: Mapping[str, Office]) -> Office:
    return offices[DEAL.noun]


async def test_creations_moves_and_final_stages_are_listed_newest_first(office: Office) -> None:
    """PIPE-08, LEAD-07: each with owner, time, stage, meaning, the user and the time on the stage before."""
    noun = office.type.noun
    id_ = await office.moved_through(SECOND[noun], FAILED[noun], FIRST)
    pipeline = "default" if noun == DEAL.noun else None
    found = await office.history(owner_id=id_)
    assert [(each["type_id"], each["stage_id"], each["stage_semantic"]) for each in found] == [
        *((2, FIRST, "P"), (3, FAILED[noun], "F"), (2, SECOND[noun], "P"), (1, FIRST, "P")),
    ]
    assert [each["previous_stage_id"] for each in found] == [FAILED[noun], SECOND[noun], FIRST, None]
    assert {(each["owner_id"], each["by"], each["pipeline_id"]) for each in found} == {(id_, "user:anna", pipeline)}
    moments = [event.data.moved_at for event in (await office.told(id_))[1:]]
    created = (await office.told(id_))[0].data.state.created_at
    lasted = [(after - before).total_seconds() for before, after in zip([created, *moments], moments, strict=False)]
    assert [each["duration_s"] for each in found] == [*reversed(lasted), None]
    shown = await office.api.read(f"/{office.type.plural}/{id_}")
    assert (found[0]["created_at"], found[-1]["created_at"]) == (shown["moved_at"], shown["created_at"])


async def test_changes_of_pipeline_are_listed(deals: Office) -> None:
    """PIPE-08."""
    pipeline = f"h{next(_NUMBERS)}"
    await deals.api.made("/pipelines", {"id": pipeline, "name": "History"}, roles=("admin",))
    id_ = await deals.made()
    await deals.move(id_, pipeline_id=pipeline, stage_id="WON")
    await deals.hear(await deals.told(id_))
    assert [(each["type_id"], each["pipeline_id"], each["stage_id"]) for each in await deals.history(owner_id=id_)] == [
        *((5, pipeline, f"C{pipeline}:WON"), (1, "default", "NEW")),
    ]
    (moved,) = await deals.history(pipeline_id=pipeline)
    assert (moved["owner_id"], moved["previous_stage_id"], moved["stage_semantic"]) == (id_, "NEW", "S")
    assert await deals.history(pipeline_id=pipeline, stage_id="WON") == [moved]


async def test_events_that_come_again_or_late_leave_the_same_history(office: Office) -> None:
    """PIPE-08: in every order, each twice."""
    id_ = await office.made()
    for stage in (SECOND[office.type.noun], FAILED[office.type.noun]):
        await office.move(id_, stage_id=stage)
    told = await office.told(id_)
    histories = []
    for order in permutations(told):
        await office.rows.delete({"owner_id": id_})
        await office.hear([*order, *order])
        histories.append(await office.history(owner_id=id_))
    assert len(histories[0]) == 3
    assert all(each == histories[0] for each in histories)


async def test_the_history_is_read_page_by_page(office: Office) -> None:
    """PIPE-08: of one element and of all; a cursor goes on in its own list."""
    noun = office.type.noun
    id_ = await office.moved_through(SECOND[noun], FIRST, SECOND[noun])
    for query in (f"owner_id={id_}", f"stage_id={SECOND[noun]}", ""):
        whole = (await office.api.read(f"/stage-history?{query}&limit=200"))["items"]
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await office.api.read(f"/stage-history?{query}&limit=1{cursor and f'&cursor={cursor}'}")
            found += page["items"]
            cursor = page["next_cursor"]
        assert found == whole, query
    other = await office.moved_through(SECOND[noun])
    first = await office.api.read(f"/stage-history?owner_id={id_}&limit=1")
    answer = await office.api("GET", f"/stage-history?owner_id={other}&cursor={first['next_cursor']}")
    assert wrong_fields(answer) == ["cursor"]


async def test_the_history_is_filtered_by_element_and_stage(office: Office) -> None:
    """PIPE-08."""
    noun = office.type.noun
    id_ = await office.moved_through(SECOND[noun], FAILED[noun])
    (found,) = await office.history(owner_id=id_, stage_id=SECOND[noun])
    assert (found["owner_id"], found["stage_id"]) == (id_, SECOND[noun])
    assert {each["stage_id"] for each in await office.history(stage_id=FAILED[noun])} == {FAILED[noun]}
    assert await office.history(owner_id=str(uuid4())) == []
    assert await office.history(owner_id=id_, entity_type=noun) == await office.history(owner_id=id_)
    wrong = ["type_id", "entity_type", *(["pipeline_id"] if office.type is LEAD else [])]
    for name in wrong:
        assert wrong_fields(await office.api("GET", f"/stage-history?{name}=x")) == [name]


async def test_of_what_may_not_be_read_or_was_deleted_there_is_no_history(office: Office) -> None:
    """PIPE-08, PERM-01."""
    noun = office.type.noun
    own, foreign = (
        await office.moved_through(SECOND[noun], responsible_id="anna"),
        await office.moved_through(SECOND[noun], responsible_id="ben"),
    )
    await allow(office.api, Right(element=noun, levels={"read": "own"}))
    listed = (await as_seller(office.api, "GET", "/stage-history?limit=200")).json()["items"]
    assert own in {each["owner_id"] for each in listed}
    assert foreign not in {each["owner_id"] for each in listed}
    hidden = await as_seller(office.api, "GET", f"/stage-history?owner_id={foreign}")
    unknown = await as_seller(office.api, "GET", "/stage-history?owner_id=nobody")
    assert hidden.text == unknown.text
    assert (await office.api("DELETE", f"/{office.type.plural}/{own}")).status_code == 204
    assert await office.history(owner_id=own) == []


async def test_the_history_is_deleted_with_its_element(office: Office) -> None:
    """DEAL-19, LEAD-21: whatever comes again or late, nothing of it is stored again."""
    id_ = await office.moved_through(SECOND[office.type.noun])
    other = await office.moved_through(SECOND[office.type.noun])
    assert (await office.api("DELETE", f"/{office.type.plural}/{id_}")).status_code == 204
    told = await office.told(id_)
    await office.hear([told[-1], *told, told[-1]])
    assert await office.rows.find({"owner_id": id_}) == []
    assert len(await office.history(owner_id=other)) == 2
    await office.api.read("/stage-history?limit=200")
