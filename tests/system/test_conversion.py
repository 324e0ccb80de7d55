"""A lead becomes a contact, a company and a deal: once, whatever happens around it."""

import asyncio
import random
from collections.abc import Mapping
from uuid import uuid4

import pytest
from crm_contracts import topics
from crm_contracts.client_answers import LeadClientRefused
from crm_contracts.conversions import LeadConversionRequested
from crm_contracts.registry import parse

from tests.builders.events import an_event
from tests.builders.leads import a_question
from tests.builders.values import a_phone as a_point
from tests.system.crm import Crm, Json, a_phone, until
from tests.system.late_refusal import refused_late


async def test_a_lead_becomes_a_contact_a_company_and_a_deal(crm: Crm) -> None:
    """LEAD-11, LEAD-12, LEAD-14, DEAL-16: records are made, linked, and the lead says which."""
    phone, title = a_phone(), f"Engines {uuid4().hex[:12]} Ltd"
    lead = await crm.new_lead(
        first_name="Ada",
        last_name="Lovelace",
        company_title=title,
        phones=[{"value": phone}, {"value": "not a number"}],
        comments="from the fair",
        source_id="TRADE_SHOW",
        amount={"value": "1234.50", "currency": "EUR"},
    )

    answer = await crm.convert(lead, targets=["contact", "company", "deal"])

    assert answer.status_code == 200, answer.text
    result = answer.json()
    contact = await crm.get("clients", f"/contacts/{result['contact']['id']}")
    company = await crm.get("clients", f"/companies/{result['company']['id']}")
    deal = await crm.get("deals", f"/deals/{result['deal']['id']}")
    after = await crm.get("leads", f"/leads/{lead}")
    assert (contact["first_name"], contact["source_id"], contact["lead_id"]) == ("Ada", "TRADE_SHOW", lead)
    assert [(point["value"], point["normalized"]) for point in contact["phones"]] == [
        (phone, phone),
        ("not a number", None),
    ]
    assert company["title"] == title
    assert company["phones"] == []
    assert [(link["company_id"], link["is_primary"]) for link in contact["companies"]] == [(company["id"], True)]
    assert (deal["amount"], deal["lead_id"]) == ({"value": "1234.50", "currency": "EUR"}, lead)
    assert deal["comments"] == "from the fair"
    assert deal["client"]["company"]["id"] == company["id"]
    assert [link["contact_id"] for link in deal["client"]["contacts"]] == [contact["id"]]
    assert (after["stage_id"], after["converted"], after["deal_ids"]) == ("CONVERTED", True, [deal["id"]])
    assert after["client"]["company"]["id"] == company["id"]
    assert after["is_repeat"] is False


async def test_fifty_parallel_calls_make_one_contact_one_company_one_deal(crm: Crm) -> None:
    """LEAD-13."""
    phone = a_phone()
    lead = await crm.new_lead(last_name="Busy", company_title="Busy AG", phones=[{"value": phone}])

    answers = await asyncio.gather(*(crm.convert(lead, targets=["contact", "company", "deal"]) for _ in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    results = {(a.json()["contact"]["id"], a.json()["company"]["id"], a.json()["deal"]["id"]) for a in answers}
    assert len(results) == 1
    assert len(await crm.deals_of(lead)) == 1
    contacts = await crm.contacts_with(phone)
    assert len(contacts) == 1
    assert len(contacts[0]["companies"]) == 1
    # And again later: the first answer, nothing new.
    again = await crm.convert(lead, targets=["contact", "company", "deal"])
    assert (again.status_code, again.json()["deal"]["id"]) == (200, answers[0].json()["deal"]["id"])
    other = await crm.convert(lead, targets=["deal"])
    assert (other.status_code, other.json()["code"]) == (409, "lead_already_converted")


async def test_a_repeat_lead_converts_only_into_a_deal(crm: Crm) -> None:
    """LEAD-03, LEAD-04, CLI-08: and the deal gets the client's company and contacts."""
    company, contacts = await crm.new_company("Known GmbH", "First", "Second")
    lead = await crm.new_lead(title="Once more", company_id=company)

    refused = await crm.convert(lead, targets=["contact", "deal"])
    done = await crm.convert(lead)

    assert (refused.status_code, refused.json()["code"]) == (422, "repeat_lead_only_deal")
    assert done.status_code == 200, done.text
    assert done.json()["targets"] == ["deal"]
    deal_path = f"/deals/{done.json()['deal']['id']}"
    deal = await until(lambda: crm.get("deals", deal_path), lambda d: d["client"]["link_state"] == "done")
    assert {link["contact_id"] for link in deal["client"]["contacts"]} == set(contacts)


@pytest.mark.real_kafka
async def test_a_refused_conversion_is_tried_again_and_late_answers_change_nothing(crm: Crm) -> None:
    """LEAD-13: reject, then link; the first attempt's answers, delivered again late, are of no effect."""
    phone = a_phone()
    known = (await crm.call("POST", "clients", "/contacts", {"last_name": "Old", "phones": [{"value": phone}]})).json()
    lead = await crm.new_lead(last_name="Old", phones=[{"value": phone}])

    refused = await crm.convert(lead, on_duplicate="reject")

    assert (refused.status_code, refused.json()["code"]) == (409, "conversion_refused")
    assert [candidate["id"] for candidate in refused.json()["candidates"]] == [known["id"]]
    first = [r for r in await crm.log() if dict(r.headers).get("ce_type") == LeadClientRefused.ce_type.encode()]
    first = [record for record in first if lead.encode() in (record.value or b"")]
    assert len(first) == 1
    done = await crm.convert(lead, on_duplicate="link")
    assert (done.status_code, done.json()["contact"]["id"]) == (200, known["id"])
    before = await crm.get("leads", f"/leads/{lead}")
    await crm.deliver([*first, *first])
    await crm.settle()
    assert await crm.get("leads", f"/leads/{lead}") == before
    assert len(await crm.contacts_with(phone)) == 1


@pytest.mark.real_kafka
async def test_a_deal_that_is_refused_late_can_be_asked_for_again(crm: Crm) -> None:
    """LEAD-13: the contact that the first attempt made stays and is used by the second."""
    phone = a_phone()
    lead = await crm.new_lead(last_name="Patient", phones=[{"value": phone}])

    refused = await refused_late(crm, lead)
    done = await crm.convert(lead)

    assert done.status_code == 200, done.text
    assert done.json()["contact"]["id"] == refused["contact"]["id"]
    assert [contact["id"] for contact in await crm.contacts_with(phone)] == [refused["contact"]["id"]]
    assert len(await crm.deals_of(lead)) == 1


async def test_a_pipeline_that_there_is_not_is_refused_before_the_client_is_made(crm: Crm) -> None:
    """LEAD-11, LEAD-13: nothing is left of the request."""
    phone = a_phone()
    lead = await crm.new_lead(last_name="Hasty", phones=[{"value": phone}])

    refused = await crm.convert(lead, pipeline_id="nowhere")
    await crm.settle()

    assert (refused.status_code, refused.json()["code"]) == (422, "pipeline_not_found")
    assert await crm.contacts_with(phone) == []
    assert (await crm.conversion(lead))["state"] == "none"


@pytest.mark.real_kafka
async def test_every_event_delivered_twice_and_shuffled_ends_as_once(crm: Crm) -> None:
    """LEAD-13, TL-11: each event again, in an order shuffled across aggregates; twice over."""
    company, _ = await crm.new_company("Doubled SE", "A", "B", "C")
    leads = [
        await crm.new_lead(last_name=f"Twice {n}", company_title=f"T{n}", phones=[{"value": a_phone()}])
        for n in range(3)
    ]
    leads.append(await crm.new_lead(title="With a company", company_id=company))
    for lead in leads[:3]:
        assert (await crm.convert(lead, targets=["contact", "company", "deal"])).status_code == 200
    assert (await crm.convert(leads[3])).status_code == 200
    await crm.settle()
    before = await _everything_about(crm, leads)
    records = [r for r in await crm.log() if any(lead.encode() in (r.value or b"") for lead in leads)]
    assert len(records) >= 4 * 5

    shuffler = random.Random(20_26)
    for _ in range(2):
        await crm.deliver(shuffler.sample(records, len(records)))
    await crm.settle()

    assert await _everything_about(crm, leads) == before


@pytest.mark.real_kafka
async def test_conversions_end_once_while_every_event_comes_twice(crm: Crm) -> None:
    """LEAD-13, TL-11: each event again as soon as it is seen, in shuffled order, while the conversions run."""
    phones = [a_phone() for _ in range(6)]
    leads = [
        await crm.new_lead(last_name=f"Echo {n}", company_title=f"E{n}", phones=[{"value": phone}])
        for n, phone in enumerate(phones)
    ]
    echoing = asyncio.create_task(_echo(crm, leads))
    try:
        answers = await asyncio.gather(*(crm.convert(lead, targets=["contact", "company", "deal"]) for lead in leads))
        await crm.settle()
    finally:
        echoing.cancel()
        echoed = await asyncio.gather(echoing, return_exceptions=True)
    assert isinstance(echoed[0], asyncio.CancelledError)
    await crm.settle()

    assert {answer.status_code for answer in answers} == {200}
    for lead, phone, answer in zip(leads, phones, answers, strict=True):
        assert [deal["id"] for deal in await crm.deals_of(lead)] == [answer.json()["deal"]["id"]]
        assert [contact["id"] for contact in await crm.contacts_with(phone)] == [answer.json()["contact"]["id"]]
        told = [entry["event_id"] for entry in await crm.timeline(f"lead:{lead}")]
        assert len(told) == len(set(told))
        copies = [r for r in await crm.log() if lead.encode() in (r.value or b"")]
        assert len(copies) >= 2 * len(told)


async def _echo(crm: Crm, leads: list[str]) -> None:
    """Deliver each event of these leads once more, a handful at a time in shuffled order."""
    shuffler, seen = random.Random(11), set[bytes | None]()
    async with crm.reading() as consumer:
        while True:
            found = [record for batch in (await consumer.getmany(timeout_ms=20)).values() for record in batch]
            new = {dict(record.headers).get("ce_id"): record for record in found}
            ours = [
                record
                for id_, record in new.items()
                if id_ not in seen and any(lead.encode() in (record.value or b"") for lead in leads)
            ]
            seen |= new.keys()
            await crm.deliver(shuffler.sample(ours, len(ours)))


async def _everything_about(crm: Crm, leads: list[str]) -> dict[str, object]:
    """State, versions and timelines of the leads and of all that came of them."""
    found: dict[str, object] = {}
    for lead in leads:
        conversion = await crm.conversion(lead)
        refs = [("leads", "lead", lead)]
        for service, kind in (("clients", "contact"), ("clients", "company"), ("deals", "deal")):
            if conversion[kind]:
                refs.append((service, kind, conversion[kind]["id"]))
        for service, kind, id_ in refs:
            plural = "companies" if kind == "company" else f"{kind}s"
            found[f"{kind}:{id_}"] = await crm.get(service, f"/{plural}/{id_}")
            found[f"timeline of {kind}:{id_}"] = await crm.timeline(f"{kind}:{id_}")
        found[f"deals of {lead}"] = [deal["id"] for deal in await crm.deals_of(lead)]
    return found


async def _requested(crm: Crm, lead: str) -> list[LeadConversionRequested]:
    """What the lead has asked clients for."""
    events = [parse(record.headers, record.value) for record in await crm.log()]
    asked = [event.data for event in events if event and isinstance(event.data, LeadConversionRequested)]
    return [each for each in asked if each.lead.id == lead]


async def test_nobody_takes_an_id_that_a_conversion_proposed(crm: Crm) -> None:
    """LEAD-13: whoever reads the topic knows it."""
    lead = await crm.new_lead(last_name="Watched", phones=[{"value": a_phone()}])
    assert (await crm.convert(lead, targets=["deal"])).status_code == 200
    (asked,) = await _requested(crm, lead)
    bodies: Mapping[tuple[str, str], Json] = {
        ("clients", "/contacts"): {"last_name": "Stranger"},
        ("clients", "/companies"): {"title": "Stranger"},
        ("deals", "/deals"): {},
        ("leads", "/leads"): {},
        ("catalog", "/products"): {"name": "Pump"},
    }
    for (service, path), body in bodies.items():
        for id_ in (asked.proposed_contact_id, asked.proposed_company_id):
            refused = await crm.call("POST", service, path, {**body, "id": id_})
            assert refused.status_code == 422, refused.text
            errors = [(error["field"], error["code"]) for error in refused.json()["errors"]]
            assert errors == [("id", "id_reserved")]


@pytest.mark.real_kafka
async def test_a_conversion_whose_id_is_taken_is_refused_and_holds_up_no_other_lead(crm: Crm) -> None:
    """LEAD-13: as older versions proposed ids that callers could choose."""
    phone, taken = a_phone(), str(uuid4())
    stranger = await crm.call("POST", "clients", "/contacts", {"id": taken, "last_name": "Stranger"})
    assert (await crm.call("DELETE", "clients", f"/contacts/{stranger.json()['id']}")).status_code == 204
    victim = str(uuid4())
    asked = a_question("contact", lead_id=victim, conversion_id=str(uuid4()), phones=(a_point(normalized=phone),))
    asked = asked.model_copy(update={"proposed_contact_id": taken})
    await crm.send(topics.LEADS, an_event(asked, id_=str(uuid4()), subject=victim, sequence=None))

    others = [await crm.new_lead(last_name="Next", phones=[{"value": phone}]) for _ in range(3)]
    answers = await asyncio.gather(*(crm.convert(lead, targets=["contact"]) for lead in others))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["contact"]["id"] for answer in answers}) == 1

    async def refusals() -> list[LeadClientRefused]:
        events = [parse(record.headers, record.value) for record in await crm.log()]
        told = [event.data for event in events if event and isinstance(event.data, LeadClientRefused)]
        return [refusal for refusal in told if refusal.lead.id == victim]

    (refusal,) = await until(refusals, bool)
    assert refusal.code == "id_taken"
    letters = await crm.get("clients", "/dead-letters")
    assert not [letter for letter in letters["items"] if victim in str(letter)]
