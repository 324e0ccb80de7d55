"""A conversion that deals refuses after the client was made: its pipeline is gone by then."""

import asyncio
from uuid import uuid4

from crm_contracts import topics
from crm_contracts.client_answers import LeadClientResolved
from crm_contracts.conversions import LeadConversionRequested
from crm_contracts.registry import parse
from crm_contracts.values import ElementRef

from tests.builders.events import an_event
from tests.system.crm import Crm, Json, until


async def refused_late(crm: Crm, lead: str) -> Json:
    """Convert the lead into a contact and a deal that deals refuses; the refused conversion.

    Leads refuses a pipeline that it does not know, so clients is away, and its answer is sent in its place with such a
    pipeline. When it is back it makes the contact, and its own answer comes late.
    """
    clients = crm.services["clients"]
    await asyncio.to_thread(clients.terminate)
    try:
        assert (await crm.convert(lead, wait=1)).status_code == 202
        await crm.send(
            topics.CLIENTS, an_event(await _answer(crm, lead), id_=str(uuid4()), subject=lead, sequence=None)
        )
        refused = await until(lambda: crm.conversion(lead), lambda found: found["state"] == "refused")
    finally:
        await asyncio.to_thread(clients.restart, None)
        await asyncio.to_thread(clients.wait_ready)
    await crm.settle()
    assert refused["code"] == "pipeline_not_found"
    return refused


async def _answer(crm: Crm, lead: str) -> LeadClientResolved:
    """What clients would answer to the question of the lead, and pass on to deals."""

    async def questions() -> list[LeadConversionRequested]:
        events = [parse(record.headers, record.value) for record in await crm.log()]
        asked = [event.data for event in events if event and isinstance(event.data, LeadConversionRequested)]
        return [question for question in asked if question.lead.id == lead]

    question = (await until(questions, bool))[-1]
    assert question.deal is not None
    draft = question.deal.draft.model_copy(update={"pipeline_id": "gone"})
    return LeadClientResolved(
        lead=question.lead,
        conversion_id=question.conversion_id,
        attempt=question.attempt,
        contact=ElementRef(type="contact", id=question.proposed_contact_id),
        deal=question.deal.model_copy(update={"draft": draft}),
    )
