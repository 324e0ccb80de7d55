"""Pipelines, and what others are told of them."""

from itertools import count
from typing import Final

from crm_contracts.pipelines import PipelineCreated, PipelineDeleted

from services.deals.pipeline.domain.pipeline import Pipeline
from services.leads.pipeline.store import PIPELINES, PipelinesOfDeals
from tests.builders.events import an_event
from tests.builders.running import Api

_SEQUENCES: Final = count(1)


def a_pipeline(id_: str = "partners", name: str = "Partners") -> Pipeline:
    """A pipeline as it is loaded: nothing recorded."""
    pipeline = Pipeline.create(id_, name, 500)
    pipeline._recorded.clear()
    return pipeline


async def tell_leads(api: Api, id_: str, *, is_there: bool = True) -> None:
    """Store what the service leads keeps of a pipeline, as another replica of it would."""
    pipeline = a_pipeline(id_)
    said = (
        PipelineCreated(pipeline=pipeline.state)
        if is_there
        else PipelineDeleted(pipeline=pipeline.ref, before=pipeline.state)
    )
    await PipelinesOfDeals(api.database.collection(PIPELINES)).apply(an_event(said, sequence=next(_SEQUENCES)))
