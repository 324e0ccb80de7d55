"""The switch from Classic to Simple (LEAD-17, MODE-07), over HTTP on the real MongoDB; tests play clients and deals."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts.client_answers import LeadClientRefused
from crm_contracts.conversions import ConversionRef, LeadConversionRequested, ResolvedClient
from crm_contracts.deals import DealCreated
from crm_contracts.envelope import Event
from crm_contracts.roles import Right, RoleState
from crm_contracts.settings import MODE
from crm_contracts.values import ElementRef

from deploy.local.mongo import Mongo
from services.leads.app import build
from services.leads.lead.domain.lead import Lead
from services.leads.lead.events import reactions
from services.leads.lead.http import switching
from services.leads.mode.domain import CrmMode, Switched
from services.leads.mode.store import SETTINGS
from tests.builders.causes import a_cause
from tests.builders.deals import just_created_deal
from tests.builders.events import an_event, react
from tests.builders.fakes import NobodyLeft
from tests.builders.granted import SELLER, as_seller, store
from tests.builders.running import Api, running
from tests.builders.values import contact_ref
from tests.kit.topics import Record
from tests.kit.waiting import eventually

ADMIN: Final = ("admin",)
PATH: Final = "/settings/mode"


@pytest_asyncio.fixture(loop_scope="session")
async def classic(
    mongo: Mongo, dictionaries: Sequence[Record], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Api]:
    """An installation in Classic mode, for one test: the switch is about all of its leads."""
    async with running("leads", build, mongo, tmp_path_factory.mktemp("classic"), told=dictionaries) as api:
        yield api


async def lead(api: Api, **fields: Any) -> str:
    return str((await api.made("/leads", {"last_name": "Berg", **fields}))["id"])


async def switch(api: Api, status: int = 202, **conversion: str) -> dict[str, Any]:
    answer = await api("PUT", PATH, {"mode": "simple", "conversion": conversion}, roles=ADMIN)
    assert answer.status_code == status, answer.text
    chosen: dict[str, Any] = answer.json()
    if status == 202:
        assert answer.headers["location"] == f"/v1/runs/{chosen['run_id']}"
    return chosen


async def requests(api: Api, id_: str) -> list[LeadConversionRequested]:
    said = await api.documents(Lead, "leads").said(id_)
    return [event for event in said if isinstance(event, LeadConversionRequested)]


async def begun(api: Api, *ids: str) -> None:
    """Returns when the conversions of these leads run."""

    async def run() -> bool:
        states = [(await api.read(f"/leads/{id_}"))["conversion_state"] for id_ in ids]
        return set(states) == {"running"}

    await eventually(run, "the conversions run")


async def deliver(api: Api, id_: str, event: Event) -> None:
    leads = api.documents(Lead, "leads")
    await react(reactions(leads=leads, removed_clients=NobodyLeft()), an_event(event, id_=str(uuid4()), subject=id_))


async def asked(api: Api, id_: str) -> Mapping[str, Any]:
    conversion = await api.read(f"/leads/{id_}/conversion")
    return {"conversion_id": conversion["conversion_id"], "attempt": conversion["attempt"]}


async def end(api: Api, id_: str) -> None:
    """What deals answers in the end, with what clients has made."""
    ref = ConversionRef(lead_id=id_, **await asked(api, id_), resolved=ResolvedClient(contact=contact_ref(id_)))
    deal = just_created_deal(f"deal-of-{id_}", conversion=ref)
    await deliver(api, id_, DealCreated(deal=deal.state, conversion=ref))


async def refuse(api: Api, id_: str) -> None:
    """What clients answers where there are duplicates to decide."""
    ref, its = ElementRef(type="lead", id=id_, title="Berg"), await asked(api, id_)
    refusal = LeadClientRefused(lead=ref, **its, code="duplicates_found", message="no", candidates=(contact_ref(),))
    await deliver(api, id_, refusal)


async def results(api: Api, run_id: str) -> dict[str, tuple[str, str | None]]:
    """What became of each lead, once the run is done."""

    async def is_done() -> bool:
        return bool((await api("GET", f"/runs/{run_id}", roles=ADMIN)).json()["state"] == "done")

    await eventually(is_done, "the run is done")
    page = (await api("GET", f"/runs/{run_id}/results", roles=ADMIN)).json()
    return {each["id"]: (each["status"], each["code"]) for each in page["items"]}


async def test_the_switch_converts_the_leads_that_are_active_and_tells_how_each_ended(classic: Api) -> None:
    """LEAD-17, MODE-06 to MODE-08: each once; a repeat lead a deal alone; those that are over are left alone."""
    new, twice = [await lead(classic) for _ in range(2)]
    known = await lead(classic, contacts=[{"contact_id": str(uuid4())}])
    over = [await lead(classic, stage_id="JUNK"), await lead(classic, converted_elsewhere=True)]
    chosen = await switch(classic, activities="keep_open")
    assert chosen["mode"] == "simple"
    await begun(classic, new, twice, known)
    going_on = (await classic("GET", f"/runs/{chosen['run_id']}", roles=ADMIN)).json()
    assert (going_on["state"], going_on["handled"]) == ("running", 0), "none is done before its conversion has ended"
    late = (await classic("POST", "/leads", {})).json()
    assert late["conversion_state"] == "running", "new leads go the Simple way at once"
    await end(classic, new)
    await refuse(classic, twice)
    await end(classic, known)
    await end(classic, late["id"])
    found = await results(classic, chosen["run_id"])
    found.pop(late["id"], None)  # within the time that clocks may be apart it is looked at, and left alone
    assert found == {new: ("ok", None), twice: ("refused", "duplicates_found"), known: ("ok", None)}
    told = {id_: [event.targets for event in await requests(classic, id_)] for id_ in (new, twice, known)}
    everything = [("contact", "deal")]
    assert told == {new: everything, twice: everything, known: [("deal",)]}
    assert [await requests(classic, id_) for id_ in over] == [[], []]
    assert (await classic.documents(Lead, "leads").get(new)).conversion.activities == "keep_open"
    back = await classic("PUT", PATH, {"mode": "classic"}, roles=ADMIN)
    assert (back.status_code, back.json()["run_id"]) == (200, None)
    assert (await classic.read(f"/leads/{new}"))["deal_ids"] == [f"deal-of-{new}"]


async def test_a_run_that_looks_again_converts_each_lead_once(classic: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """MODE-07: also where it begins anew because a conversion takes longer than it waits, or its replica died."""
    monkeypatch.setattr(switching, "WAIT_S", 0)
    ids = [await lead(classic) for _ in range(3)]
    run_id = (await switch(classic))["run_id"]
    await begun(classic, *ids)
    for id_ in ids:
        await classic.documents(Lead, "leads").forget_causes(id_)
        await end(classic, id_)
    assert set((await results(classic, run_id)).values()) == {("ok", None)}
    assert [len(await requests(classic, id_)) for id_ in ids] == [1, 1, 1]


async def test_a_switch_whose_request_died_before_its_run_was_there_is_carried_out(classic: Api) -> None:
    """MODE-07: by the job, once."""
    found = await classic.made("/leads")
    id_, cause = found["id"], a_cause(f"switch-{uuid4()}", at=datetime.fromisoformat(found["created_at"]))
    switched = Switched.by(cause, run_id=str(uuid4()), is_restricted=False)
    modes = classic.documents(CrmMode, SETTINGS)
    await modes.change(MODE, lambda mode: mode.switch("simple", None, switched, allows_classic=True), cause)
    await begun(classic, id_)
    await end(classic, id_)
    assert (await results(classic, switched.run_id))[id_] == ("ok", None)
    assert (await classic("PUT", PATH, {"mode": "simple"}, roles=ADMIN)).json()["run_id"] == switched.run_id


async def test_a_preview_tells_what_the_switch_would_do_and_changes_nothing(classic: Api) -> None:
    """MODE-07."""
    active, over = await lead(classic), await lead(classic, stage_id="JUNK")
    answer = await classic("POST", f"{PATH}/preview", {"conversion": {"client": "company"}}, roles=ADMIN)
    assert answer.status_code == 202, answer.text
    run = answer.json()
    assert (run["dry_run"], run["action"]["client"]) == (True, "company")
    assert await results(classic, run["id"]) == {active: ("ok", None)}
    assert [(await classic.read(f"/leads/{each}"))["version"] for each in (active, over)] == [1, 1]
    assert (await classic.read(PATH))["mode"] == "classic"
    assert (await classic("POST", f"{PATH}/preview", {})).status_code == 403
    wrong = await classic("POST", f"{PATH}/preview", {"conversion": {"client": "all"}}, roles=ADMIN)
    assert wrong.status_code == 422


async def test_the_run_acts_with_the_rights_of_who_switches(classic: Api) -> None:
    """PERM-01: who may add nothing that leads become switches nothing; of each lead its own rights decide."""
    theirs, own = await lead(classic, responsible_id="ben"), await lead(classic, responsible_id="anna")
    leads = Right(element="lead", levels={"read": "all", "update": "all"})
    body = {"mode": "simple"}
    await store(classic, RoleState(id=SELLER, modify_settings=True, rights=(leads,)))
    refused = await as_seller(classic, "PUT", PATH, body)
    assert (refused.status_code, refused.json()["code"]) == (403, "right_missing")
    assert (await classic.read(PATH))["mode"] == "classic"
    added = [Right(element=each, levels={"add": "own"}) for each in ("contact", "deal")]
    await store(classic, RoleState(id=SELLER, modify_settings=True, rights=(leads, *added)))
    switched = await as_seller(classic, "PUT", PATH, body)
    assert switched.status_code == 202, switched.text
    await begun(classic, own)
    await end(classic, own)
    found = await results(classic, switched.json()["run_id"])
    assert found == {theirs: ("denied", "right_missing"), own: ("ok", None)}


async def test_a_switch_without_active_leads_ends_at_once(classic: Api) -> None:
    """MODE-06, MODE-07."""
    assert await results(classic, (await switch(classic))["run_id"]) == {}
    again = await switch(classic, 200)
    assert again["mode"] == "simple"
