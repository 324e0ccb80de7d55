"""What events told of rights before a service kept that is read once more from the topics (0045, PERM-08)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from crm_contracts.contacts import ContactCreated, ContactFields, ContactUpdated
from crm_contracts.values import ElementRef
from fastapi import FastAPI

from deploy.local.kafka import Kafka
from deploy.local.mongo import Mongo
from services.deals.app import build as deals
from services.leads.app import build as leads
from services.timeline.access.store import ACCESSED
from services.timeline.app import build as timeline
from shared.elements.store.client_names import CLIENT_NAMES
from shared.kit.settings import ServiceSettings
from tests.builders.clients import a_contact
from tests.builders.events import an_event
from tests.builders.passed import passed
from tests.builders.running import running
from tests.kit.waiting import eventually

pytestmark = pytest.mark.real_kafka

VIEWS: Final = {"leads": CLIENT_NAMES, "deals": CLIENT_NAMES, "timeline": ACCESSED}


@pytest.mark.parametrize(("name", "build"), [("leads", leads), ("deals", deals), ("timeline", timeline)])
async def test_who_may_read_the_clients_of_before_is_known_after_the_update(
    kafka: Kafka, mongo: Mongo, tmp_path: Path, name: str, build: Callable[[], tuple[FastAPI, ServiceSettings]]
) -> None:
    """PERM-08: the group of the service has passed their events."""
    id_ = f"x{uuid4().hex[:12]}"
    contact = ElementRef(type="contact", id=id_, title="Ada")
    changed = ContactUpdated(contact=contact, before=ContactFields(), after=ContactFields(observers=("ben",)))
    told = [
        replace(an_event(data, id_=f"{id_}-{sequence}", subject=id_, sequence=sequence), source="/crm/clients")
        for sequence, data in enumerate((ContactCreated(contact=a_contact(id_).state), changed), start=1)
    ]
    await passed(kafka, f"{name}.reactions", told)
    async with running(name, build, mongo, tmp_path, kafka=kafka.environment) as api:

        async def is_known() -> bool:
            found = await api.database.collection(VIEWS[name]).get(str(contact)) or {}
            return (found.get("responsible_id"), found.get("observers")) == ("anna", ["ben"])

        await eventually(is_known, f"{name} knows who may read the contact")
