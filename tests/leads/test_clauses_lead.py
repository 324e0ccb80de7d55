"""Clauses of requirements about leads that no other test shows, over the API (docs/requirements/leads.md)."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from crm_contracts.leads import LeadStageChanged

from services.leads.lead.domain.lead import Lead
from tests.builders.running import Api, wrong_fields

ADDRESS = {
    "type": "legal",
    "address_1": "Invalidenstr. 1",
    "address_2": "2nd floor",
    "city": "Berlin",
    "postal_code": "10115",
    "region": "Mitte",
    "province": "Brandenburg",
    "country": "Germany",
    "country_code": "DE",
}
UTM = {"source": "letter", "medium": "CPC", "campaign": "spring", "content": "blue", "term": "pumps"}
SEMANTICS = {"NEW": "P", "IN_PROCESS": "P", "PROCESSED": "P", "CONVERTED": "S", "JUNK": "F"}
TOO_LONG = {"title": 256, "first_name": 101, "middle_name": 101, "last_name": 101}


async def changed(api: Api, lead: dict[str, Any], method: str, path: str, body: Any, **headers: Any) -> dict[str, Any]:
    """The lead after a change that succeeds."""
    answer = await api(method, f"/leads/{lead['id']}{path}", body, **headers)
    assert answer.status_code in {200, 202}, answer.text
    found: dict[str, Any] = await api.read(f"/leads/{lead['id']}")
    return found


async def told_types(api: Api, id_: str) -> list[str]:
    """Types of the events of a lead, oldest first."""
    return [event.ce_type for event in await api.documents(Lead, "leads").said(id_)]


async def test_an_empty_title_is_replaced_by_the_number(api: Api) -> None:
    """LEAD-01, CMN-01."""
    for title in ("", "  "):
        lead, named = await api.made("/leads", {"title": title}), await api.made("/leads", {"title": "Pumps"})
        assert lead["title"] == f"Lead #{lead['number']}"
        assert (await changed(api, named, "PATCH", "", {"title": title}))["title"] == f"Lead #{named['number']}"


async def test_every_part_of_an_address_is_kept(api: Api) -> None:
    """LEAD-02, REQ-03."""
    lead = await api.made("/leads", {"address": ADDRESS})
    assert lead["address"] == ADDRESS
    moved = await changed(api, lead, "PATCH", "", {"address": {**ADDRESS, "city": "Bonn"}})
    assert moved["address"] == {**ADDRESS, "city": "Bonn"}


async def test_a_company_title_links_no_company(api: Api) -> None:
    """LEAD-02."""
    lead = await api.made("/leads", {"company_title": "ACME GmbH"})
    assert (lead["company_title"], lead["client"]["company"], lead["is_repeat"]) == ("ACME GmbH", None, False)


@pytest.mark.parametrize("name", TOO_LONG)
async def test_a_text_that_is_too_long_is_refused(api: Api, name: str) -> None:
    """LEAD-02."""
    assert wrong_fields(await api("POST", "/leads", {name: "x" * TOO_LONG[name]})) == [name]
    longest = "x" * (TOO_LONG[name] - 1)
    assert (await api.made("/leads", {name: longest}))[name] == longest


async def test_a_company_makes_a_repeat_lead(api: Api) -> None:
    """LEAD-03: when it is created with one, and when it gets one."""
    created = await api.made("/leads", {"company_id": "acme"})
    corrected = await changed(api, await api.made("/leads"), "PATCH", "", {"company_id": "acme"})
    for lead in (created, corrected):
        assert (lead["client"]["company"]["id"], lead["is_repeat"]) == ("acme", True)


async def test_a_repeat_lead_whose_client_is_emptied_stays_one(api: Api) -> None:
    """LEAD-03."""
    for body in ({"company_id": "acme"}, {"contacts": [{"contact_id": "ada"}]}):
        for method, path in (("PATCH", ""), ("PUT", "/client")):
            lead = await changed(
                api, await api.made("/leads", body), method, path, {"company_id": None, "contacts": []}
            )
            assert (lead["client"]["company"], lead["client"]["contacts"], lead["is_repeat"]) == (None, [], True)


@pytest.mark.parametrize("target", ["contact", "company"])
async def test_a_repeat_lead_makes_neither_contact_nor_company(api: Api, target: str) -> None:
    """LEAD-04."""
    lead = await api.made("/leads", {"contacts": [{"contact_id": "ada"}]})
    for targets in ([target], [target, "deal"]):
        refused = await api("POST", f"/leads/{lead['id']}/conversion", {"targets": targets})
        assert (refused.status_code, refused.json()["code"]) == (422, "repeat_lead_only_deal")
    assert await api.read(f"/leads/{lead['id']}") == lead


async def test_the_stages_of_a_lead_have_their_semantics(api: Api) -> None:
    """LEAD-06: in their order."""
    stages = (await api.read("/lead-stages"))["items"]
    assert [(stage["id"], stage["semantic"]) for stage in stages] == list(SEMANTICS.items())


@pytest.mark.parametrize("name", ["pipeline_id", "begin_date", "close_date"])
async def test_a_field_that_leads_do_not_have_is_refused(api: Api, name: str) -> None:
    """LEAD-06, LEAD-18, DEAL-12."""
    lead = await api.made("/leads")
    for method, path in (("POST", "/leads"), ("PATCH", f"/leads/{lead['id']}")):
        assert wrong_fields(await api(method, path, {name: "2026-01-01"})) == [name]
    assert name not in lead


async def test_a_move_is_told_with_from_to_and_semantic(api: Api) -> None:
    """LEAD-07."""
    lead = await api.made("/leads")
    moved = await changed(api, lead, "PUT", "/stage", {"stage_id": "JUNK"})
    _, told = await api.documents(Lead, "leads").said(lead["id"])
    assert isinstance(told, LeadStageChanged)
    assert (told.from_stage, told.to_stage, told.from_semantic, told.to_semantic) == ("NEW", "JUNK", "P", "F")
    assert moved["moved_at"] == moved["closed_at"] > lead["created_at"]
    assert told.moved_at == told.closed_at == datetime.fromisoformat(moved["moved_at"])


async def test_what_is_said_of_a_stage_stays_when_the_lead_moves(api: Api) -> None:
    """LEAD-08."""
    lead = await api.made("/leads", {"status_description": "waits for a budget"})
    moved = await changed(api, lead, "PUT", "/stage", {"stage_id": "PROCESSED"})
    assert (moved["stage_id"], moved["status_description"]) == ("PROCESSED", "waits for a budget")


async def test_who_changed_a_lead_last_and_when_is_told(api: Api) -> None:
    """LEAD-09, LEAD-10: who created it stays."""
    lead = await api.made("/leads")
    assert (lead["updated_at"], lead["updated_by"]) == (lead["created_at"], "user:anna")
    token = api._signer.token(sub="bob", roles=["user"])
    sent = {"roles": None, "authorization": f"Bearer {token}"}
    for method, path, body in (
        ("PATCH", "", {"comments": "called"}),
        ("PUT", "/stage", {"stage_id": "IN_PROCESS"}),
        ("PUT", "/rows", {"rows": [{"name": "Advice"}]}),
        ("PUT", "/client", {"contacts": [{"contact_id": "ada"}]}),
    ):
        other = await api.made("/leads")
        after = await changed(api, other, method, path, body, **sent)
        assert (after["updated_by"], after["updated_at"] > other["updated_at"]) == ("user:bob", True), (method, path)
        assert (after["created_at"], after["created_by"]) == (other["created_at"], "user:anna")


async def test_a_correction_of_nothing_is_not_told(api: Api) -> None:
    """LEAD-10."""
    lead = await api.made("/leads", {"comments": "call her"})
    same = await changed(api, lead, "PATCH", "", {"comments": "call her", "title": lead["title"]})
    assert same == lead
    assert await told_types(api, lead["id"]) == ["crm.lead.created.v1"]


@pytest.mark.parametrize("name", ["source", "medium", "campaign", "content", "term"])
async def test_the_five_utm_parameters_are_kept(api: Api, name: str) -> None:
    """LEAD-18, CMN-07."""
    lead = await api.made("/leads", {"utm": UTM})
    assert lead["utm"][name] == UTM[name]
    alone = await changed(api, lead, "PATCH", "", {"utm": {name: "other"}})
    assert alone["utm"] == {**dict.fromkeys(UTM), name: "other"}
    assert wrong_fields(await api("POST", "/leads", {"utm": {name: "x" * 256}})) == [f"utm.{name}"]


async def test_messengers_and_websites_are_kept(api: Api) -> None:
    """LEAD-18."""
    messengers = [{"kind": "TELEGRAM", "value": "@ada"}, {"kind": "SKYPE", "value": "live:ada"}]
    websites = [{"kind": "WORK", "value": "acme.example"}, {"kind": "HOME", "value": "ada.example"}]
    lead = await api.made("/leads", {"messengers": messengers, "websites": websites})
    for name, given in (("messengers", messengers), ("websites", websites)):
        assert [{"kind": point["kind"], "value": point["value"]} for point in lead[name]] == given


async def test_an_observer_stands_there_once(api: Api) -> None:
    """CMN-05."""
    lead = await api.made("/leads", {"observers": ["eve", "bob", "eve"]})
    assert lead["observers"] == ["eve", "bob"]
    assert (await changed(api, lead, "PATCH", "", {"observers": ["bob", "bob"]}))["observers"] == ["bob"]


async def test_a_new_lead_is_open_to_all(api: Api) -> None:
    """CMN-09."""
    assert (await api.made("/leads"))["open_to_all"] is True


async def test_ids_and_numbers_are_generated(api: Api) -> None:
    """CMN-03."""
    leads = [await api.made("/leads") for _ in range(5)]
    assert {UUID(lead["id"]).version for lead in leads} == {7}
    assert len({lead["number"] for lead in leads}) == len({lead["id"] for lead in leads}) == 5
    assert min(lead["number"] for lead in leads) > 0


async def test_what_happens_to_a_lead_is_told(api: Api) -> None:
    """LEAD-22: each fact once, in its order."""
    lead = await api.made("/leads")
    await changed(api, lead, "PATCH", "", {"comments": "called"})
    await changed(api, lead, "PUT", "/stage", {"stage_id": "IN_PROCESS"})
    await changed(api, lead, "PUT", "/client", {"contacts": [{"contact_id": str(uuid4())}]})
    await api("DELETE", f"/leads/{lead['id']}")
    assert await told_types(api, lead["id"]) == [
        "crm.lead.created.v1",
        "crm.lead.updated.v1",
        "crm.lead.stage_changed.v1",
        "crm.lead.client_changed.v1",
        "crm.lead.deleted.v1",
    ]


async def test_a_contact_that_is_linked_alone_fills_contact_id(api: Api) -> None:
    """LEAD-03, CLI-06: and it makes no repeat lead."""
    lead = await api.made("/leads")
    linked = await changed(api, lead, "POST", "/contacts", {"contact_id": "ada"})
    assert (linked["client"]["contact_id"], linked["is_repeat"]) == ("ada", False)
