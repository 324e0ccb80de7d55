"""Leads that do not stay (LEAD-16, MODE-05), over HTTP on the real MongoDB; the tests play clients and deals."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts.client_answers import LeadClientRefused
from crm_contracts.conversions import ConversionRef, LeadConversionRequested, LeadDealRequested, ResolvedClient
from crm_contracts.deals import DealCreated
from crm_contracts.envelope import Event
from crm_contracts.leads import LeadCreated
from crm_contracts.roles import Right
from crm_contracts.settings import MODE
from crm_contracts.values import ElementRef

from deploy.local.mongo import Mongo
from services.leads.app import build
from services.leads.lead.domain.lead import Lead
from services.leads.lead.events import reactions
from services.leads.mode.store import SETTINGS
from tests.builders.deals import just_created_deal
from tests.builders.events import an_event, react
from tests.builders.fakes import NobodyLeft
from tests.builders.granted import allow, as_seller
from tests.builders.pipelines import tell_leads
from tests.builders.running import Api, running
from tests.builders.values import contact_ref
from tests.kit.topics import Record

ADMIN: Final = ("admin",)
WAYS: Final = ["created", "upserted", "in a batch"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def simple(
    mongo: Mongo, dictionaries: Sequence[Record], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Api]:
    """A service in Simple mode, which each test leaves as a fresh installation is."""
    directory = tmp_path_factory.mktemp("simple")
    async with running("leads", build, mongo, directory, told=dictionaries, CRM_INITIAL_MODE="simple") as api:
        yield api


async def choose(api: Api, mode: str = "simple", **conversion: str) -> None:
    answer = await api("PUT", "/settings/mode", {"mode": mode, "conversion": conversion}, roles=ADMIN)
    assert answer.is_success, answer.text


async def enquiry(api: Api, way: str = "created", **fields: Any) -> str:
    """A lead that comes in one of the ways; its id."""
    if way == "created":
        return str((await api.made("/leads", fields))["id"])
    if way == "upserted":
        answer = await api("PUT", f"/leads/external/shop/{uuid4()}", fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])
    answer = await api("POST", "/leads/batch", {"items": [fields]})
    (item,) = answer.json()["items"]
    assert item["status"] == 201, item
    return str(item["id"])


async def said(api: Api, id_: str) -> list[Event]:
    return list(await api.documents(Lead, "leads").said(id_))


async def deliver(api: Api, id_: str, event: Event) -> None:
    leads = api.documents(Lead, "leads")
    await react(reactions(leads=leads, removed_clients=NobodyLeft()), an_event(event, id_=str(uuid4()), subject=id_))


async def asked_by(api: Api, id_: str) -> Mapping[str, Any]:
    conversion = await api.read(f"/leads/{id_}/conversion")
    return {"conversion_id": conversion["conversion_id"], "attempt": conversion["attempt"]}


async def end(api: Api, id_: str) -> None:
    """What deals answers in the end, with what clients has made."""
    contact = contact_ref(str(uuid4()))
    asked = ConversionRef(lead_id=id_, **await asked_by(api, id_), resolved=ResolvedClient(contact=contact))
    deal = just_created_deal(f"deal-of-{id_}", conversion=asked)
    await deliver(api, id_, DealCreated(deal=deal.state, conversion=asked))


@pytest.mark.parametrize("way", WAYS)
async def test_a_lead_is_converted_in_the_write_that_creates_it(simple: Api, way: str) -> None:
    """LEAD-16, MODE-05: however it comes, and whatever names it has."""
    id_ = await enquiry(simple, way)
    lead = await simple.read(f"/leads/{id_}")
    assert (lead["conversion_state"], lead["version"]) == ("running", 1)
    created, asked = await said(simple, id_)
    assert isinstance(created, LeadCreated)
    assert isinstance(asked, LeadConversionRequested)
    assert (asked.targets, asked.on_duplicate) == (("contact", "deal"), "link")
    assert asked.deal is not None
    assert asked.deal.draft.pipeline_id == "default"


@pytest.mark.parametrize(
    ("client", "targets"), [("company", ("company", "deal")), ("both", ("contact", "company", "deal"))]
)
async def test_the_kind_of_client_is_that_of_the_mode(simple: Api, client: str, targets: tuple[str, ...]) -> None:
    """MODE-05, MODE-08."""
    await choose(simple, client=client, activities="keep_open")
    id_ = await enquiry(simple)
    (_, asked) = await said(simple, id_)
    assert isinstance(asked, LeadConversionRequested)
    assert asked.targets == targets
    stored = await simple.documents(Lead, "leads").get(id_)
    assert stored.conversion.activities == "keep_open"
    await choose(simple)


async def test_the_deal_is_opened_in_the_pipeline_of_the_mode_as_long_as_there_is_one(simple: Api) -> None:
    """MODE-05, MODE-09: where it was deleted since, in the default one, so that no enquiry is lost."""
    pipeline = f"p{uuid4().hex[:8]}"
    await tell_leads(simple, pipeline)
    await choose(simple, pipeline_id=pipeline)
    there = await simple.documents(Lead, "leads").get(await enquiry(simple))
    await tell_leads(simple, pipeline, is_there=False)
    simple_pipelines = await simple("PUT", "/settings/mode", {"mode": "simple"}, roles=ADMIN)
    assert simple_pipelines.status_code == 200
    gone = there
    for _ in range(200):  # the view of pipelines is kept for half a second
        gone = await simple.documents(Lead, "leads").get(await enquiry(simple))
        if gone.conversion.pipeline_id == "default":
            break
    assert (there.conversion.pipeline_id, gone.conversion.pipeline_id) == (pipeline, "default")
    await choose(simple)


async def test_what_comes_in_by_a_form_is_converted_at_once(simple: Api) -> None:
    """MODE-05: a form has no rights of its own; an administrator answers for it."""
    form = {"name": "Contact us", "responsible_id": "ben", "fields": {"your-name": "last_name"}}
    made = await simple("PUT", "/forms/contact", form, roles=ADMIN)
    assert made.status_code == 201, made.text
    key = (await simple("POST", "/forms/contact/secret", {}, roles=ADMIN)).json()["secret"]
    sent = await simple("POST", "/leads/inbound/contact", {"your-name": "Berg"}, roles=None, x_form_key=key)
    assert sent.status_code == 202, sent.text
    (lead,) = (await simple.read("/leads?originator_id=contact"))["items"]
    assert (lead["last_name"], lead["conversion_state"]) == ("Berg", "running")


async def test_a_known_caller_becomes_a_deal_alone(simple: Api) -> None:
    """MODE-05, LEAD-04."""
    id_ = await enquiry(simple, contacts=[{"contact_id": str(uuid4())}])
    asked = [event for event in await said(simple, id_) if isinstance(event, LeadConversionRequested)]
    deal = [event for event in await said(simple, id_) if isinstance(event, LeadDealRequested)]
    assert [(event.targets, event.client_targets) for event in asked] == [(("deal",), ())]
    assert len(deal) == 1


async def test_a_repeated_request_creates_and_converts_once(simple: Api) -> None:
    """LEAD-13, LEAD-16: also where the inbox has forgotten it."""
    key, body = f"key-{uuid4()}", {"last_name": "Berg"}
    first = await simple("POST", "/leads", body, idempotency_key=key)
    await simple.documents(Lead, "leads").forget_causes(first.json()["id"])
    again = await simple("POST", "/leads", body, idempotency_key=key)
    assert (first.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert len(await said(simple, first.json()["id"])) == 2


async def test_a_lead_that_is_over_is_not_converted(simple: Api) -> None:
    """LEAD-11: an import of leads that failed, or that were converted elsewhere, opens no deals."""
    junk = await simple.made("/leads", {"stage_id": "JUNK"})
    elsewhere = await simple.made("/leads", {"converted_elsewhere": True})
    assert [each["conversion_state"] for each in (junk, elsewhere)] == ["none", "none"]
    assert [len(await said(simple, each["id"])) for each in (junk, elsewhere)] == [1, 1]


@pytest.mark.parametrize("way", ["created", "upserted"])
async def test_who_may_not_add_what_a_lead_becomes_creates_nothing(simple: Api, way: str) -> None:
    """PERM-01: all that is missing is named."""
    leads = Right(element="lead", levels={"read": "all", "add": "all", "update": "all"})
    await allow(simple, leads)
    before = await simple.ids("/leads")
    path = ("POST", "/leads") if way == "created" else ("PUT", f"/leads/external/shop/{uuid4()}")
    answer = await as_seller(simple, *path, {"last_name": "Berg"})
    assert (answer.status_code, answer.json()["code"]) == (403, "right_missing")
    assert [(each["element"], each["action"]) for each in answer.json()["missing"]] == [
        ("contact", "add"),
        ("deal", "add"),
    ]
    assert await simple.ids("/leads") == before
    await allow(simple, leads, *(Right(element=each, levels={"add": "all"}) for each in ("contact", "deal")))
    assert (await as_seller(simple, *path, {"last_name": "Berg"})).status_code == 201


async def test_a_converted_lead_is_kept_and_hidden_from_lists_that_name_no_stage(simple: Api) -> None:
    """MODE-05: also in searches and counts; in Classic mode it is listed as before."""
    word = f"Pumps{uuid4().hex[:8]}"
    done, refused = [await enquiry(simple, title=f"{word} {number}") for number in range(2)]
    await end(simple, done)
    lead, asked = ElementRef(type="lead", id=refused, title=word), await asked_by(simple, refused)
    refusal = LeadClientRefused(lead=lead, **asked, code="duplicates_found", message="no", candidates=(contact_ref(),))
    await deliver(simple, refused, refusal)
    kept = await simple.read(f"/leads/{done}")
    assert (kept["stage_id"], kept["deal_ids"], kept["conversion_state"]) == ("CONVERTED", [f"deal-of-{done}"], "done")
    listed = await simple.read(f"/leads?q={word}&total=true")
    assert [(each["id"], each["conversion_state"]) for each in listed["items"]] == [(refused, "refused")]
    assert listed["total"]["value"] == 1
    found = await simple("POST", "/leads/query", {"q": word, "filter": {"converted": False}})
    assert [each["id"] for each in found.json()["items"]] == [refused]
    assert await simple.ids(f"/leads?q={word}&stage_id=CONVERTED") == [done]
    everything = await simple("POST", "/leads/query", {"q": word, "filter": {"stage_id": {"in": ["NEW", "CONVERTED"]}}})
    assert [each["id"] for each in everything.json()["items"]] == [refused, done]
    await choose(simple, "classic")
    assert await simple.ids(f"/leads?q={word}") == [refused, done]
    await choose(simple)


async def test_a_lead_that_was_to_stay_is_converted_if_the_mode_has_changed_meanwhile(
    api: Api, mongo: Mongo, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """LEAD-17, MODE-07: a replica that has kept the former mode for a moment leaves no lead behind."""
    async with running("leads", build, mongo, tmp_path_factory.mktemp("other"), beside=api) as other:
        assert (await other.made("/leads"))["conversion_state"] == "none"
        stored = api.database.collection(SETTINGS)
        await stored.update({"_id": MODE}, {"$set": {"mode": "simple"}})  # as another replica would
        late = (await other("POST", "/leads", {})).json()
        assert late["conversion_state"] == "running"
        await stored.update({"_id": MODE}, {"$set": {"mode": "classic"}})
        await choose(api, "classic")
