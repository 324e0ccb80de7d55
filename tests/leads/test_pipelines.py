"""What leads keeps of the pipelines of deals (PIPE-09), on the real MongoDB."""

from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import uuid4

import pytest_asyncio
from crm_contracts.envelope import Event
from crm_contracts.pipelines import PipelineCreated, PipelineDeleted, PipelineFields, PipelineUpdated

from deploy.local.mongo import Mongo
from services.leads.pipeline.events import reactions
from services.leads.pipeline.store import PIPELINES, PipelinesOfDeals
from shared.kit.storage.connection import connect
from tests.builders.events import an_event, react
from tests.builders.pipelines import a_pipeline, tell_leads
from tests.builders.running import Api, wrong_fields

START: Final = {"default": "NEW"}
PARTNERS: Final = {"partners": "Cpartners:NEW"}


@pytest_asyncio.fixture(loop_scope="session")
async def view(mongo: Mongo) -> AsyncIterator[PipelinesOfDeals]:
    database = connect(mongo.url, f"view_{uuid4().hex[:8]}")
    yield PipelinesOfDeals(database.collection(PIPELINES))
    await database.drop()
    database.close()


def history() -> list[Event]:
    """What deals publishes of one pipeline from its beginning to its end."""
    pipeline = a_pipeline()
    created = PipelineCreated(pipeline=pipeline.state)
    renamed = PipelineUpdated(
        pipeline=pipeline.ref,
        before=PipelineFields(name="Partners"),
        after=PipelineFields(name="Resale"),
        state=pipeline.state.model_copy(update={"name": "Resale"}),
    )
    return [created, renamed, PipelineDeleted(pipeline=pipeline.ref, before=renamed.state)]


async def hear(view: PipelinesOfDeals, event: Event, sequence: int) -> None:
    await react(reactions(view), an_event(event, sequence=sequence))


async def test_the_default_pipeline_is_known_before_anything_is_told(view: PipelinesOfDeals) -> None:
    """PIPE-01."""
    assert await view.first_stages() == START


async def test_each_pipeline_is_known_with_its_first_stage_until_it_is_deleted(view: PipelinesOfDeals) -> None:
    """PIPE-09."""
    created, renamed, deleted = history()
    for sequence, (event, known) in enumerate([(created, PARTNERS), (renamed, PARTNERS), (deleted, {})], 1):
        await hear(view, event, sequence)
        assert await view.first_stages() == {**START, **known}
        await hear(view, event, sequence)
        assert await view.first_stages() == {**START, **known}, "told again"


async def test_what_comes_late_changes_nothing(view: PipelinesOfDeals) -> None:
    """PIPE-09: a replay from the start brings nothing back."""
    told = history()
    await hear(view, told[2], 3)
    for sequence, event in enumerate(told, 1):
        await hear(view, event, sequence)
        assert await view.first_stages() == START


async def test_a_lead_is_converted_into_a_pipeline_that_leads_has_heard_of(api: Api) -> None:
    """LEAD-11, PIPE-09: one that was deleted is as unknown as one that never was."""
    lead: dict[str, Any] = await api.made("/leads")
    path, wish = f"/leads/{lead['id']}/conversion", {"targets": ["deal"], "pipeline_id": "resale"}
    unknown = await api("POST", path, wish)
    assert (wrong_fields(unknown), unknown.json()["code"]) == (["pipeline_id"], "pipeline_not_found")
    await tell_leads(api, "resale")
    await tell_leads(api, "resale", is_there=False)
    assert wrong_fields(await api("POST", path, wish)) == ["pipeline_id"]
    await tell_leads(api, "service9")
    assert (await api("POST", path, {**wish, "pipeline_id": "service9"})).status_code == 202
