"""The rights that a conversion needs: to the lead, and to add what it is converted into (LEAD-11, PERM-01, PERM-02)."""

from dataclasses import asdict
from typing import Any, Final
from uuid import uuid4

import pytest
from crm_contracts.client_answers import LeadClientRefused, LeadClientResolved
from crm_contracts.conversions import LinkedClient
from crm_contracts.roles import Right
from crm_contracts.values import ElementRef

from services.leads.lead.domain.lead import Lead
from services.leads.lead.events import reactions
from shared.elements.domain.rights.accessed import Accessed
from shared.elements.store.client_names import CLIENT_NAMES, ClientNames
from tests.builders.events import an_event, react
from tests.builders.fakes import NobodyLeft
from tests.builders.granted import allow, as_seller
from tests.builders.running import Api
from tests.builders.values import contact_ref

ADD: Final = {"add": "all"}
LEADS: Final = Right(element="lead", levels={"read": "all", "update": "all"})
ALL_NEEDED: Final = (LEADS, *(Right(element=each, levels=ADD) for each in ("contact", "company", "deal")))
ALL_TARGETS: Final = {"targets": ["contact", "company", "deal"]}


async def a_lead(api: Api, **fields: Any) -> str:
    return str((await api.made("/leads", {"last_name": "Berg", "company_title": "ACME", **fields}))["id"])


async def converted(api: Api, lead_id: str, terms: dict[str, Any]) -> tuple[int, Any]:
    answer = await as_seller(api, "POST", f"/leads/{lead_id}/conversion", terms)
    return answer.status_code, answer.json()


def missing(problem: Any) -> list[tuple[str, str]]:
    """Type and action of every right that a problem names."""
    assert problem["code"] == "right_missing", problem
    return [(each["element"], each["action"]) for each in problem["missing"]]


@pytest.mark.parametrize("withheld", [("contact",), ("company",), ("deal",), ("contact", "deal")])
async def test_every_right_that_is_missing_is_named_and_nothing_is_changed(api: Api, withheld: tuple[str, ...]) -> None:
    """LEAD-11, PERM-01."""
    lead_id = await a_lead(api)
    await allow(api, *(right for right in ALL_NEEDED if right.element not in withheld))
    status, problem = await converted(api, lead_id, ALL_TARGETS)
    assert (status, missing(problem)) == (403, [(each, "add") for each in withheld])
    assert (await api.read(f"/leads/{lead_id}"))["version"] == 1
    await allow(api, *ALL_NEEDED)
    assert (await converted(api, lead_id, ALL_TARGETS))[0] == 202


async def test_a_token_with_scopes_converts_into_nothing_that_they_leave_out(api: Api) -> None:
    """PERM-09, LEAD-11: whatever the roles of its user give."""
    lead_id = await a_lead(api)
    await allow(api, *ALL_NEEDED)
    status, problem = await converted(api.claiming(scope="leads:write deals:write"), lead_id, ALL_TARGETS)
    assert (status, problem["code"], problem["permissions"]) == (403, "forbidden", ["clients:write"])
    assert (await api.read(f"/leads/{lead_id}"))["version"] == 1
    whole = api.claiming(scope="leads:write deals:write clients:write")
    await allow(api, LEADS)
    assert missing((await converted(whole, lead_id, ALL_TARGETS))[1]), "nor does it do what the roles leave out"
    await allow(api, *ALL_NEEDED)
    assert (await converted(whole, lead_id, ALL_TARGETS))[0] == 202


async def test_the_lead_itself_has_to_be_readable_and_changeable(api: Api) -> None:
    """LEAD-11, PERM-01: who may not read it is told of no other right."""
    lead_id = await a_lead(api, responsible_id="ben", open_to_all=False)
    await allow(api, Right(element="lead", levels={"read": "own", "update": "own"}))
    hidden, absent = await converted(api, lead_id, {}), await converted(api, str(uuid4()), {})
    assert hidden[0] == absent[0] == 404
    await allow(api, Right(element="lead", levels={"read": "all", "update": "own"}))
    status, problem = await converted(api, lead_id, {})
    assert (status, problem["element"], problem["action"]) == (403, "lead", "update")


async def test_what_is_added_is_judged_by_the_responsible_of_the_lead(api: Api) -> None:
    """LEAD-11, LEAD-12: the deal and the contact will be theirs."""
    own = [Right(element=each, levels={"add": "own"}) for each in ("contact", "deal")]
    await allow(api, LEADS, *own)
    of_ben = await a_lead(api, responsible_id="ben")
    status, problem = await converted(api, of_ben, {})
    assert (status, missing(problem)) == (403, [("contact", "add"), ("deal", "add")])
    assert (await converted(api, await a_lead(api, responsible_id="anna"), {}))[0] == 202


async def test_the_deal_is_judged_in_the_first_stage_of_its_pipeline(api: Api) -> None:
    """LEAD-11, PERM-02."""
    deal = {"element": "deal", "pipeline_id": "default"}
    lead_id, terms = await a_lead(api), {"targets": ["deal"]}
    await allow(api, LEADS, Right(element="deal", levels=ADD), Right(**deal, stage_id="NEW", levels={"add": "none"}))
    assert missing((await converted(api, lead_id, terms))[1]) == [("deal", "add")]
    await allow(api, LEADS, Right(element="deal", levels=ADD), Right(**deal, levels={"add": "none"}))
    assert missing((await converted(api, lead_id, terms))[1]) == [("deal", "add")]
    await allow(api, LEADS, Right(**deal, stage_id="NEW", levels=ADD))
    assert (await converted(api, lead_id, terms))[0] == 202


async def test_a_client_that_is_there_already_is_updated_and_not_added(api: Api) -> None:
    """LEAD-11: it takes what it lacks of the lead."""
    lead_id, terms = await a_lead(api), {"targets": ["contact"], "contact_id": str(uuid4())}
    await allow(api, LEADS, Right(element="contact", levels=ADD))
    assert missing((await converted(api, lead_id, terms))[1]) == [("contact", "update")]
    await allow(api, LEADS, Right(element="contact", levels={"update": "own"}))
    assert (await converted(api, lead_id, terms))[0] == 202


async def seen_and_hidden(api: Api) -> tuple[ElementRef, ElementRef]:
    """A contact that the seller may read, and one that he may not."""
    seen, hidden = (contact_ref(str(uuid4()), name) for name in ("Seen", "Hidden"))
    names = ClientNames(api.database.collection(CLIENT_NAMES))
    for ref, user in ((seen, "anna"), (hidden, "ben")):
        await names.keep(ref, asdict(Accessed(responsible_id=user)), sequence=1)
    await allow(api, LEADS, Right(element="contact", levels={"read": "own", "add": "all"}))
    return seen, hidden


async def answer_to(api: Api, lead_id: str, kind: type[LeadClientResolved | LeadClientRefused], **said: Any) -> None:
    """What clients answers to the conversion that runs."""
    running = await api.read(f"/leads/{lead_id}/conversion")
    asked = {"conversion_id": running["conversion_id"], "attempt": running["attempt"]}
    event = kind(lead=ElementRef(type="lead", id=lead_id), **asked, **said)
    leads = api.documents(Lead, "leads")
    await react(
        reactions(leads=leads, removed_clients=NobodyLeft()), an_event(event, id_=str(uuid4()), subject=lead_id)
    )


async def test_duplicates_that_may_not_be_read_are_left_out_of_a_conversion(api: Api) -> None:
    """LEAD-12, PERM-01, PERM-08: so is what was taken of the lead; the client that the lead has now is its id alone."""
    (seen, hidden), lead_id = await seen_and_hidden(api), await a_lead(api)
    terms = {"targets": ["contact"]}
    await converted(api, lead_id, terms)
    linked = [LinkedClient(client=hidden, left_out=("position",))]
    await answer_to(api, lead_id, LeadClientResolved, contact=hidden, duplicates=[seen, hidden], linked=linked)
    of_many = await as_seller(api, "POST", "/conversions", {**terms, "lead_ids": [lead_id]})
    for shown in (
        (await as_seller(api, "GET", f"/leads/{lead_id}/conversion")).json(),
        (await as_seller(api, "POST", f"/leads/{lead_id}/conversion", terms)).json(),
        of_many.json()["items"][0]["conversion"],
    ):
        assert shown["state"] == "done"
        assert [each["id"] for each in shown["duplicates"]] == [seen.id]
        assert (shown["linked"], shown["contact"]) == ([], {"type": "contact", "id": hidden.id, "title": None})
    every = (await api("GET", f"/leads/{lead_id}/conversion", roles=["admin"])).json()
    assert [each["id"] for each in every["duplicates"]] == [seen.id, hidden.id]
    assert [each["client"]["title"] for each in every["linked"]] == ["Hidden"]


async def test_candidates_that_may_not_be_read_are_left_out_of_a_refusal(api: Api) -> None:
    """LEAD-12, PERM-01, PERM-08."""
    (seen, hidden), lead_id, key = await seen_and_hidden(api), await a_lead(api), str(uuid4())
    path, terms = f"/leads/{lead_id}/conversion", {"targets": ["contact"]}
    await as_seller(api, "POST", path, terms, idempotency_key=key)
    refused = {"code": "duplicates_found", "message": "no", "candidates": [seen, hidden]}
    await answer_to(api, lead_id, LeadClientRefused, **refused)
    for answer in (await as_seller(api, "GET", path), await as_seller(api, "POST", path, terms, idempotency_key=key)):
        assert [each["id"] for each in answer.json()["candidates"]] == [seen.id]
        assert hidden.id not in answer.text
    every = (await api("GET", path, roles=["admin"])).json()
    assert [each["id"] for each in every["candidates"]] == [seen.id, hidden.id]


async def test_each_lead_of_many_is_judged_by_itself(api: Api) -> None:
    """LEAD-11, LEAD-13, PERM-01."""
    mine, of_ben = await a_lead(api, responsible_id="anna"), await a_lead(api, responsible_id="ben", open_to_all=False)
    seen = await a_lead(api, responsible_id="ben", observers=["anna"])
    leads = Right(element="lead", levels={"read": "own", "update": "own"})
    await allow(api, leads, Right(element="deal", levels=ADD))
    body = {"lead_ids": [mine, of_ben, seen, "unknown"], "targets": ["deal"]}
    answer = await as_seller(api, "POST", "/conversions", body, prefer="wait=1")
    assert [item["status"] for item in answer.json()["items"]] == [202, 404, 403, 404]
    problems = [item["problem"] for item in answer.json()["items"]]
    assert problems[1]["detail"].replace(of_ben, "ID") == problems[3]["detail"].replace("unknown", "ID")
