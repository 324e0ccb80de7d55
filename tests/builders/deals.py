"""Deals."""

from collections.abc import AsyncIterator, Sequence
from collections.abc import Collection as Several
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from crm_contracts.client_field import Client
from crm_contracts.conversions import ConversionRef
from crm_contracts.pipelines import DEFAULT_PIPELINE
from crm_contracts.product_rows import Priced
from crm_contracts.values import ElementRef

from deploy.local.mongo import Mongo
from services.deals.deal.domain.deal import Deal
from services.deals.deal.domain.repeat import ClientHistory
from services.deals.deal.store import DEAL_INDEXES, DEAL_TABLE, deal_choices
from services.deals.deal.usecases import DealCollaborators
from services.deals.pipeline.domain.known import KnownPipelines
from services.deals.pipeline.domain.pipeline import Pipeline
from shared.elements.domain.sales_element import InitialState
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import connect
from tests.builders.causes import ANNA, NOON
from tests.builders.fakes import NobodyLeft, collaborators
from tests.builders.values import priced as amounts

PIPELINES: Final = KnownPipelines([Pipeline.create(DEFAULT_PIPELINE, "Deals", 500)], NOON)
"""What there is at the start."""
DEAL_STAGES: Final = PIPELINES.stages_of(DEFAULT_PIPELINE)
TABLE: Final = replace(DEAL_TABLE, choices=deal_choices(PIPELINES.stages))
"""How deals are found while there is nothing else."""

ASKED_BY = ConversionRef(lead_id="lead-1", conversion_id="conversion-1", attempt=1)


def just_created_deal(
    id_: str = "deal-1",
    *,
    client: Client | None = None,
    priced: Priced | None = None,
    conversion: ConversionRef | None = None,
    at: datetime = NOON,
    **fields: Any,
) -> Deal:
    """A deal that has not been stored yet: its first event is still recorded."""
    return Deal.create(
        id_,
        5,
        InitialState(
            fields={"title": "Pumps for ACME", "responsible_id": "anna", **fields},
            client=client or Client(),
            priced=priced or amounts(),
        ),
        DEAL_STAGES.first,
        pipeline_id=DEFAULT_PIPELINE,
        first=DEAL_STAGES.first,
        by=ANNA,
        at=at,
        conversion=conversion,
    )


def a_deal(id_: str = "deal-1", **given: Any) -> Deal:
    """A deal as it is loaded: nothing recorded. Takes what `just_created_deal` takes."""
    deal = just_created_deal(id_, **given)
    deal._recorded.clear()
    return deal


class StartPipelines:
    """The pipelines as they are at the start."""

    async def known(self) -> KnownPipelines:
        return PIPELINES


class NewClients:
    """Clients that had nothing before."""

    async def of(self, _clients: Several[ElementRef], *, but_lead: str | None = None) -> ClientHistory:
        return ClientHistory()


def deal_collaborators(*, removed_clients: NobodyLeft | None = None) -> DealCollaborators:
    """What new deals are made with, of clients that had nothing before."""
    return DealCollaborators.of(collaborators(removed_clients=removed_clients), histories=NewClients())


@asynccontextmanager
async def stored_deals(mongo: Mongo, made: Sequence[Deal]) -> AsyncIterator[Collection]:
    """These deals as they are stored, with all indexes, in a database of their own."""
    database = connect(mongo.url, f"deals_{uuid4().hex[:8]}")
    collection = database.collection("deals")
    await collection.ensure(DEAL_INDEXES)
    rows = [{**deal.model_dump(exclude={"id"}), "_id": deal.id, "inbox": [], "outbox": []} for deal in made]
    assert await collection.insert_missing(rows) == len(made)
    yield collection
    await database.drop()
    database.close()
