"""Deals of clients who have been here before, over the service's API (DEAL-17).

Kafka is away: what leads publishes, a test hands to the service's own reactions.
"""

from typing import Any, Final
from uuid import uuid4

import pytest
from crm_contracts.client_field import Client
from crm_contracts.leads import LeadClientChanged, LeadCreated, LeadDeleted, LeadStageChanged
from crm_contracts.values import ElementRef

from services.deals.history.events import lead_history_reactions
from services.deals.history.store import LEADS_OF_CLIENTS, LeadsOfClients
from tests.builders.events import an_event, react
from tests.builders.leads import a_lead
from tests.builders.running import Api, wrong_fields
from tests.builders.values import a_link, company_ref

MARKERS: Final = ("is_return_customer", "is_repeated_approach")


def markers(deal: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(deal[name] for name in MARKERS)


async def a_template_of(api: Api, deal: dict[str, Any]) -> dict[str, Any]:
    every = {"number": 1, "unit": "month"}
    return await api.made("/recurring-deals", {"based_on_id": deal["id"], "start_date": "2090-01-01", "every": every})


async def a_deal_of(api: Api, client: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return await api.made("/deals", {**client, **fields})


def contacts(*ids: str) -> dict[str, Any]:
    return {"contacts": [{"contact_id": id_} for id_ in ids]}


@pytest.fixture(params=["company", "contact", "the second of two contacts"])
def client(request: pytest.FixtureRequest) -> dict[str, Any]:
    id_ = str(uuid4())
    if request.param == "company":
        return {"company_id": id_}
    return contacts(id_) if request.param == "contact" else contacts(str(uuid4()), id_)


class Leads:
    """One lead of a client, as leads tells of it."""

    def __init__(self, api: Api, id_: str) -> None:
        self._view, self._id = LeadsOfClients(api.database.collection(LEADS_OF_CLIENTS)), id_
        self._ref = ElementRef(type="lead", id=id_)

    async def hear(self, event: Any, sequence: int) -> None:
        await react(lead_history_reactions(self._view), an_event(event, sequence=sequence, subject=self._id))

    async def created(self, client: Client) -> None:
        state = a_lead(self._id).state.model_copy(update={"id": self._id, "client": client})
        await self.hear(LeadCreated(lead=state), 1)

    async def moved(self, semantic: Any, sequence: int) -> None:
        lead = a_lead(self._id)
        move = {"from_stage": "NEW", "from_semantic": "P", "to_stage": "CONVERTED", "to_semantic": semantic}
        at = {"moved_at": lead.created_at, "moved_by": "user:anna"}
        await self.hear(LeadStageChanged.model_validate({"lead": self._ref, **move, **at}), sequence)

    async def client_changed(self, client: Client, sequence: int) -> None:
        await self.hear(LeadClientChanged(lead=self._ref, before=Client(), after=client, is_repeat=True), sequence)

    async def deleted(self, sequence: int) -> None:
        await self.hear(LeadDeleted(lead=self._ref, before=a_lead(self._id).state), sequence)


async def test_a_deal_of_a_client_with_a_won_deal_is_of_a_return_customer(api: Api, client: dict[str, Any]) -> None:
    await a_deal_of(api, client, stage_id="WON")
    assert markers(await a_deal_of(api, client)) == (True, False)


@pytest.mark.parametrize("stage", ["NEW", "EXECUTING", "LOSE"])
async def test_a_deal_of_a_client_with_deals_none_of_them_won_is_a_repeated_approach(
    api: Api, client: dict[str, Any], stage: str
) -> None:
    await a_deal_of(api, client, stage_id=stage)
    assert markers(await a_deal_of(api, client)) == (False, True)


async def test_a_deal_of_a_new_client_is_neither(api: Api, client: dict[str, Any]) -> None:
    assert markers(await a_deal_of(api, client)) == (False, False)
    assert markers(await api.made("/deals")) == (False, False)
    upserted = await api("PUT", f"/deals/external/shop/{uuid4()}", {"company_id": str(uuid4())})
    assert markers(upserted.json()) == (False, False)


async def test_a_template_and_a_deleted_deal_are_no_earlier_deals(api: Api, client: dict[str, Any]) -> None:
    won = await a_deal_of(api, client, stage_id="WON")
    await a_template_of(api, won)
    assert (await api("DELETE", f"/deals/{won['id']}")).status_code == 204
    assert markers(await a_deal_of(api, client)) == (False, False)


async def test_a_deal_from_a_template_is_marked_by_what_its_client_had_until_then(api: Api) -> None:
    client = contacts(str(uuid4()))
    source = await a_deal_of(api, client)
    template = await a_template_of(api, source)
    exposed = (await api("POST", f"/recurring-deals/{template['id']}/expose")).json()
    assert markers(exposed) == (False, True)
    await api("PUT", f"/deals/{exposed['id']}/stage", {"stage_id": "WON"})
    assert markers((await api("POST", f"/recurring-deals/{template['id']}/expose")).json()) == (True, False)


@pytest.mark.parametrize("given", [(True, False), (False, True), (False, False), (True, True)], ids=str)
async def test_what_is_given_wins(api: Api, client: dict[str, Any], given: tuple[bool, bool]) -> None:
    fields = dict(zip(MARKERS, given, strict=True))
    assert markers(await a_deal_of(api, client, **fields)) == given
    await a_deal_of(api, client, stage_id="WON")
    assert markers(await a_deal_of(api, client, **fields)) == given


async def test_null_is_not_given_and_the_other_one_is_found_out(api: Api, client: dict[str, Any]) -> None:
    await a_deal_of(api, client, stage_id="WON")
    deal = await a_deal_of(api, client, is_return_customer=None, is_repeated_approach=True)
    assert markers(deal) == (True, True)


async def test_the_markers_are_corrected_filtered_by_and_nothing_but_yes_and_no(api: Api) -> None:
    deal = await a_deal_of(api, contacts(str(uuid4())))
    path = f"/deals/{deal['id']}"
    assert markers((await api("PATCH", path, {"is_return_customer": True})).json()) == (True, False)
    asked = {"filter": {"is_return_customer": True, "id": {"in": [deal["id"]]}}}
    assert [each["id"] for each in (await api("POST", "/deals/query", asked)).json()["items"]] == [deal["id"]]
    wrong: Any
    for wrong in ("yes", 1, "true", []):
        refused = await api("PATCH", path, dict.fromkeys(MARKERS, wrong))
        assert sorted(wrong_fields(refused)) == sorted(MARKERS)
    assert markers(await api.read(path)) == (True, False)


@pytest.mark.parametrize(("semantic", "expected"), [("P", (False, True)), ("F", (False, True)), ("S", (False, False))])
async def test_an_earlier_lead_makes_a_repeated_approach_unless_it_was_converted(
    api: Api, semantic: str, expected: tuple[bool, bool]
) -> None:
    id_, lead = str(uuid4()), Leads(api, str(uuid4()))
    await lead.created(Client(contacts=(a_link(id_),)))
    await lead.moved(semantic, 2)
    assert markers(await a_deal_of(api, contacts(id_))) == expected


async def test_what_leads_tells_again_or_late_changes_nothing(api: Api) -> None:
    company, lead = str(uuid4()), Leads(api, str(uuid4()))
    client = Client(company=company_ref(company))
    await lead.client_changed(client, 2)
    await lead.created(Client())
    await lead.client_changed(client, 2)
    assert markers(await a_deal_of(api, {"company_id": company})) == (False, True)
    other, gone = str(uuid4()), Leads(api, str(uuid4()))
    await gone.deleted(3)
    await gone.created(Client(company=company_ref(other)))
    await gone.client_changed(Client(company=company_ref(other)), 2)
    assert markers(await a_deal_of(api, {"company_id": other})) == (False, False)
