"""What events told of leads and deals before clients kept it is read once more from the topics (0045, PERM-04)."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from crm_contracts.deals import DealCreated, DealFields, DealUpdated
from crm_contracts.leads import LeadCreated, LeadStageChanged
from crm_contracts.values import ElementRef

from deploy.local.kafka import Kafka
from deploy.local.mongo import Mongo
from services.clients.app import build
from tests.builders.causes import NOON
from tests.builders.deals import just_created_deal
from tests.builders.events import an_event
from tests.builders.leads import just_created_lead
from tests.builders.passed import passed
from tests.builders.running import running
from tests.kit.waiting import eventually

pytestmark = pytest.mark.real_kafka


async def test_who_may_read_the_leads_and_deals_of_before_is_known_after_the_update(
    kafka: Kafka, mongo: Mongo, tmp_path: Path
) -> None:
    """CLI-01, PERM-04: the group of the service has passed their events."""
    id_ = f"x{uuid4().hex[:12]}"
    lead, deal = (ElementRef(type=type_, id=id_) for type_ in ("lead", "deal"))
    move = {"from_stage": "NEW", "to_stage": "IN_PROCESS", "from_semantic": "P", "to_semantic": "P", "moved_at": NOON}
    changed = DealFields(responsible_id="cleo", open_to_all=False)
    told = {
        "leads": (
            LeadCreated(lead=just_created_lead(id_, observers=("ben",)).state),
            LeadStageChanged.model_validate({"lead": lead, **move}),
        ),
        "deals": (
            DealCreated(deal=just_created_deal(id_).state),
            DealUpdated(deal=deal, before=DealFields(), after=changed),
        ),
    }
    published = [
        replace(
            an_event(data, id_=f"{service}-{id_}-{sequence}", subject=id_, sequence=sequence), source=f"/crm/{service}"
        )
        for service, events in told.items()
        for sequence, data in enumerate(events, start=1)
    ]
    await passed(kafka, "clients.reactions", published)
    async with running("clients", build, mongo, tmp_path, kafka=kafka.environment) as api:
        elements = api.database.collection("elements")

        async def are_known() -> bool:
            found = [await elements.get(str(ref)) or {} for ref in (lead, deal)]
            return [(each.get("access"), each.get("stage_id"), each.get("pipeline_id")) for each in found] == [
                (["r:anna", "o:ben", "open"], "IN_PROCESS", None),
                (["r:cleo"], "NEW", "default"),
            ]

        await eventually(are_known, "clients knows who may read the lead and the deal")
