"""Clauses about conversions that no other test shows, over the API of leads; clients and deals answer at once."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.client_answers import LeadClientRefused, LeadClientResolved
from crm_contracts.conversions import ConversionRef
from crm_contracts.deals import DealCreated
from crm_contracts.envelope import Event
from crm_contracts.values import ElementRef

from services.leads.lead.domain.lead import Lead
from services.leads.lead.events import reactions
from tests.builders.deals import just_created_deal
from tests.builders.events import an_event, react
from tests.builders.fakes import NobodyLeft
from tests.builders.pipelines import tell_leads
from tests.builders.running import Api
from tests.builders.values import company_ref, contact_ref


async def deliver(api: Api, lead_id: str, event: Event) -> None:
    """Let leads handle what another service publishes."""
    envelope = an_event(event, id_=str(uuid4()), subject=lead_id)
    await react(reactions(leads=api.documents(Lead, "leads"), removed_clients=NobodyLeft()), envelope)


async def asked(api: Api, lead: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer to the running conversion of a lead begins with."""
    running = await api.read(f"/leads/{lead['id']}/conversion")
    ref = ElementRef(type="lead", id=lead["id"], title=lead["title"])
    return {"lead": ref, "conversion_id": running["conversion_id"], "attempt": running["attempt"]}


async def answered(api: Api, lead: Mapping[str, Any]) -> str:
    """Let clients and deals answer: a contact, a company, a deal, whose id it returns."""
    question = await asked(api, lead)
    await deliver(api, lead["id"], LeadClientResolved(**question, contact=contact_ref(), company=company_ref()))
    asked_by = ConversionRef(lead_id=lead["id"], conversion_id=question["conversion_id"], attempt=question["attempt"])
    deal = just_created_deal(f"deal-of-{lead['id']}", conversion=asked_by)
    await deliver(api, lead["id"], DealCreated(deal=deal.state, conversion=asked_by))
    return deal.id


async def test_a_converted_lead_says_when_by_whom_and_into_what(api: Api) -> None:
    """LEAD-07, LEAD-14."""
    lead = await api.made("/leads")
    await api("POST", f"/leads/{lead['id']}/conversion", {"targets": ["contact", "company", "deal"]})
    deal = await answered(api, lead)
    after = await api.read(f"/leads/{lead['id']}")
    assert (after["stage_id"], after["stage_semantic"], after["converted"]) == ("CONVERTED", "S", True)
    assert after["converted_at"] == after["closed_at"] == after["moved_at"] is not None
    assert after["converted_by"] == "user:anna"
    assert [link["contact_id"] for link in after["client"]["contacts"]] == [contact_ref().id]
    assert (after["client"]["company"]["id"], after["deal_ids"]) == (company_ref().id, [deal])


async def test_a_converted_lead_refuses_another_wish_and_names_what_it_was_converted_into(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LEAD-13: one lead or many; a repeat is answered, and what is not asked for is no other wish."""
    await tell_leads(api, "service")
    lead = (await api.made("/leads"))["id"]
    path, first = f"/leads/{lead}/conversion", {"on_duplicate": "link", "targets": ["contact", "company", "deal"]}
    await api("POST", path, first)
    deal = await answered(api, {"id": lead, "title": ""})
    done = await api.read(path)
    for repeat in (first, {}, {"on_duplicate": "link"}, {"contact_id": contact_ref().id}, {"activities": "complete"}):
        again = await api("POST", path, repeat)
        assert (again.status_code, again.json()) == (200, done)
    named = {"contact": contact_ref().id, "company": company_ref().id, "deal": deal}
    other: tuple[dict[str, Any], ...] = (
        {"on_duplicate": "create"},
        {"pipeline_id": "service"},
        {"activities": "keep_open"},
        {"targets": ["deal"]},
        {"contact_id": "bob"},
    )
    for wish in other:
        refused = await api("POST", path, wish)
        assert refused.status_code == 409, refused.text
        problems = [refused.json()]
        if "contact_id" not in wish:
            many = await api("POST", "/conversions", {"lead_ids": [lead], **wish})
            problems.append(many.json()["items"][0]["problem"])
        for problem in problems:
            assert (problem["code"], problem["conversion"]) == ("lead_already_converted", f"/v1{path}")
            assert {kind: problem[kind]["id"] for kind in named} == named
            assert {kind: problem[kind] for kind in named} == {kind: done[kind] for kind in named}
            assert problem["differs"] == list(wish)
            assert all(name in problem["detail"] for name in wish)
    assert await api.read(path) == done


@pytest.mark.parametrize(
    ("wish", "fields"),
    [
        ({"contact_id": "ada"}, ["on_duplicate", "contact_id"]),
        ({"company_id": "acme", "targets": ["company"]}, ["on_duplicate", "company_id"]),
        (
            {"contact_id": "ada", "company_id": "acme", "targets": ["contact", "company"]},
            ["on_duplicate", "contact_id", "company_id"],
        ),
        ({"contact_id": "ada", "targets": ["deal"]}, ["on_duplicate", "contact_id"]),
        ({"contact_id": "ada", "targets": ["contact", "company"]}, None),
        ({"company_id": "acme"}, None),
    ],
)
async def test_nobody_is_created_where_every_client_is_chosen(
    wish: dict[str, Any], fields: list[str] | None, api: Api
) -> None:
    """LEAD-13: the two wishes contradict each other, unless one client is left to be created."""
    lead = (await api.made("/leads"))["id"]
    answer = await api("POST", f"/leads/{lead}/conversion", {**wish, "on_duplicate": "create"})
    if fields is None:
        assert answer.status_code == 202, answer.text
        return
    assert (answer.status_code, answer.json()["code"]) == (422, "nothing_to_create")
    assert [each["field"] for each in answer.json()["errors"]] == fields


async def test_a_running_conversion_takes_no_other_wish(api: Api) -> None:
    """LEAD-13."""
    path = f"/leads/{(await api.made('/leads'))['id']}/conversion"
    await api("POST", path, {"on_duplicate": "create"})
    assert (await api("POST", path, {})).status_code == 202
    refused = await api("POST", path, {"on_duplicate": "link"})
    assert (refused.status_code, refused.json()["code"]) == (409, "conversion_running")


async def test_a_conversion_repeated_with_its_key_is_one(api: Api) -> None:
    """LEAD-13: while it runs and when it has ended."""
    lead, key = await api.made("/leads"), str(uuid4())
    path, wish = f"/leads/{lead['id']}/conversion", {"targets": ["contact", "company", "deal"]}
    first = await api("POST", path, wish, idempotency_key=key)
    again = await api("POST", path, wish, idempotency_key=key)
    assert (first.status_code, again.json()) == (202, first.json())
    deal = await answered(api, lead)
    done = [await api("POST", path, wish, idempotency_key=key) for _ in range(2)]
    assert [(answer.status_code, answer.json()["state"]) for answer in done] == [(200, "done")] * 2
    assert [answer.json()["deal"]["id"] for answer in done] == [deal] * 2
    told = [event.ce_type for event in await api.documents(Lead, "leads").said(lead["id"])]
    assert told.count("crm.lead.conversion_requested.v1") == told.count("crm.lead.converted.v1") == 1


@pytest.mark.parametrize("noun", ["contact", "company"])
async def test_a_chosen_client_that_does_not_exist_is_refused_with_the_code_and_the_field_of_every_such_link(
    api: Api, noun: str
) -> None:
    """LEAD-12, CLI-07: `reason`, `errors` and the sentence are those of a link by hand."""
    lead, key = await api.made("/leads"), str(uuid4())
    path, body = f"/leads/{lead['id']}/conversion", {f"{noun}_id": "nada", "targets": [noun]}
    assert (await api("POST", path, body, idempotency_key=key)).status_code == 202
    said: dict[str, Any] = {"code": f"{noun}_not_found", "message": f"There is no {noun} nada."}
    await deliver(api, lead["id"], LeadClientRefused(**await asked(api, lead), **said))
    refused = await api("POST", path, body, idempotency_key=key)
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["reason"]) == (409, "conversion_refused", said["code"])
    assert (problem["detail"], problem["errors"]) == (said["message"], [{"field": f"{noun}_id", **said}])


async def test_a_conversion_without_a_body_is_one_with_all_defaults(api: Api) -> None:
    """LEAD-11, LEAD-12: contact and deal, and nothing that the caller has said."""
    bodies: tuple[dict[str, Any] | None, ...] = (None, {})
    for body in bodies:
        lead = await api.made("/leads")
        answer = await api("POST", f"/leads/{lead['id']}/conversion", body)
        assert answer.status_code == 202, answer.text
        assert answer.json()["targets"] == ["contact", "deal"]
    refused = await api("POST", f"/leads/{lead['id']}/conversion", {"target": ["deal"]})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "target")


async def test_a_refused_conversion_is_told(api: Api) -> None:
    """LEAD-22."""
    lead = await api.made("/leads")
    await api("POST", f"/leads/{lead['id']}/conversion", {"on_duplicate": "reject"})
    refusal = LeadClientRefused(
        **await asked(api, lead), code="duplicates_found", message="no", candidates=(contact_ref(),)
    )
    await deliver(api, lead["id"], refusal)
    told = [event.ce_type for event in await api.documents(Lead, "leads").said(lead["id"])]
    assert told == ["crm.lead.created.v1", "crm.lead.conversion_requested.v1", "crm.lead.conversion_refused.v1"]
