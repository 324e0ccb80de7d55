"""Clauses about requisites that no other test shows, over the API (docs/requirements/clients.md)."""

from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.clients import RequisiteChanged, RequisiteCreated, RequisiteDeleted
from crm_contracts.envelope import Event

from services.clients.records.domain.company import Company
from tests.builders.running import Api, wrong_fields

BODIES = {"contacts": {"first_name": "Ada"}, "companies": {"title": "ACME"}}
OFFICE = {"name": "Office", "preset_id": "company-de"}
ADDRESS = {
    "address_1": "Invalidenstr. 1",
    "address_2": "2nd floor",
    "city": "Berlin",
    "postal_code": "10115",
    "region": "Mitte",
    "province": "Brandenburg",
    "country": "Germany",
    "country_code": "DE",
}
ACCOUNT = {
    "RQ_BANK_NAME": "ACME Bank",
    "RQ_BANK_ADDR": "Berlin",
    "RQ_BIK": "044525225",
    "RQ_ACC_NAME": "ACME GmbH",
    "RQ_ACC_NUM": "4711",
    "RQ_ACC_CURRENCY": "EUR",
    "RQ_COR_ACC_NUM": "4712",
    "RQ_IBAN": "DE89370400440532013000",
    "RQ_SWIFT": "DEUTDEFF",
    "RQ_BIC": "DEUTDEFF",
}
TYPES = ["physical", "registered", "legal", "mailing", "beneficiary", "shipping"]


async def an_owner(api: Api, path: str = "companies") -> str:
    return str((await api.made(f"/{path}", BODIES[path]))["id"])


async def added(api: Api, owner: str, body: dict[str, Any], path: str = "companies") -> dict[str, Any]:
    """A new requisite, as it is read from then on."""
    answer = await api("POST", f"/{path}/{owner}/requisites", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = await api.read(f"/{path}/{owner}/requisites/{answer.json()['id']}")
    return found


async def told(api: Api, owner: str) -> list[Event]:
    """What was said of a company after its creation."""
    return (await api.documents(Company, "companies").said(owner))[1:]


async def test_a_contact_has_several_requisites(api: Api) -> None:
    """REQ-01."""
    owner = await an_owner(api, "contacts")
    for name in ("Home", "Office"):
        await added(api, owner, {"name": name, "preset_id": "contact-de"}, "contacts")
    kept = (await api.read(f"/contacts/{owner}/requisites"))["items"]
    assert sorted(each["name"] for each in kept) == ["Home", "Office"]
    assert {each["preset_id"] for each in kept} == {"contact-de"}


async def test_a_requisite_is_active_and_sorted_by_default(api: Api) -> None:
    """REQ-01."""
    owner = await an_owner(api)
    made = await added(api, owner, OFFICE)
    assert (made["active"], made["address_only"], made["sort"]) == (True, False, 500)
    other = await added(api, owner, {**OFFICE, "active": False, "sort": 7})
    assert (other["active"], other["sort"]) == (False, 7)


@pytest.mark.parametrize("type_", TYPES)
async def test_every_part_of_an_address_is_kept_under_every_type(api: Api, type_: str) -> None:
    """REQ-03, COMP-05."""
    address = {"type": type_, **ADDRESS}
    made = await added(api, await an_owner(api), {**OFFICE, "addresses": [address]})
    assert made["addresses"] == [address]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"type": "home"}, "type"),
        ({"type": "legal", "country_code": "DEU"}, "country_code"),
        ({"town": "Bonn"}, "town"),
    ],
)
async def test_another_type_of_address_is_refused(api: Api, wrong: dict[str, str], field: str) -> None:
    """REQ-03: as is a country that is not two letters, and a part that addresses do not have."""
    answer = await api("POST", f"/companies/{await an_owner(api)}/requisites", {**OFFICE, "addresses": [wrong]})
    assert wrong_fields(answer) == [f"addresses.0.{field}"]


async def test_contact_data_of_a_requisite_are_kept(api: Api) -> None:
    """COMP-05."""
    presets = {preset["id"]: preset for preset in (await api.read("/requisite-presets"))["items"]}
    codes = {field["code"] for field in presets["company-de"]["fields"]}
    data = {"RQ_EMAIL": "office@acme.example", "RQ_PHONE": "+49 30 901820"}
    assert data.keys() <= codes
    made = await added(api, await an_owner(api), {**OFFICE, "fields": data})
    assert made["fields"] == data


async def test_an_account_needs_a_name(api: Api) -> None:
    """REQ-04."""
    owner = await an_owner(api)
    for account in ({}, {"name": ""}):
        answer = await api("POST", f"/companies/{owner}/requisites", {**OFFICE, "bank_details": [account]})
        assert wrong_fields(answer) == ["bank_details.0.name"]


async def test_an_account_keeps_its_comments_and_its_place(api: Api) -> None:
    """REQ-04."""
    account = {"name": "Main", "comments": "for invoices", "active": False, "sort": 7}
    made = await added(api, await an_owner(api), {**OFFICE, "bank_details": [account, {"name": "Other"}]})
    (main,) = [each for each in made["bank_details"] if each["name"] == "Main"]
    (other,) = [each for each in made["bank_details"] if each["name"] == "Other"]
    assert {name: main[name] for name in account} == account
    assert (other["comments"], other["active"], other["sort"]) == (None, True, 500)


async def test_each_change_of_a_requisite_is_told(api: Api) -> None:
    """REQ-06, COMP-10: with what was before."""
    owner = await an_owner(api)
    made = await added(api, owner, OFFICE)
    url = f"/companies/{owner}/requisites/{made['id']}"
    for _ in range(2):
        assert (await api("PUT", url, {**OFFICE, "name": "Branch"})).status_code == 200
    assert (await api("DELETE", url)).status_code == 200
    created, changed, deleted = await told(api, owner)
    assert isinstance(created, RequisiteCreated)
    assert isinstance(changed, RequisiteChanged)
    assert isinstance(deleted, RequisiteDeleted)
    assert (created.owner.id, created.requisite.name) == (owner, "Office")
    assert (changed.before.name, changed.after.name) == ("Office", "Branch")
    assert (deleted.before.name, deleted.requisites) == ("Branch", ())


async def test_a_change_of_accounts_and_addresses_is_told_with_the_requisite(api: Api) -> None:
    """REQ-06: added, changed and removed."""
    owner = await an_owner(api)
    made = await added(api, owner, OFFICE)
    url, account = f"/companies/{owner}/requisites/{made['id']}", {"id": str(uuid4()), "name": "Main"}
    steps: list[tuple[list[dict[str, Any]], list[dict[str, Any]]]] = [
        ([account], [{"type": "legal", "city": "Berlin"}]),
        ([{**account, "name": "Second"}], [{"type": "legal", "city": "Bonn"}]),
        ([], []),
    ]
    for accounts, addresses in steps:
        answer = await api("PUT", url, {**OFFICE, "bank_details": accounts, "addresses": addresses})
        assert answer.status_code == 200, answer.text
    changes = [event for event in await told(api, owner) if isinstance(event, RequisiteChanged)]
    assert [
        ([each.name for each in change.after.bank_details], [each.city for each in change.after.addresses])
        for change in changes
    ] == [(["Main"], ["Berlin"]), (["Second"], ["Bonn"]), ([], [])]
    assert [change.before for change in changes[1:]] == [change.after for change in changes[:-1]]


async def test_a_contact_is_found_by_its_requisites_and_its_accounts(api: Api) -> None:
    """DUP-03."""
    owner, account = await an_owner(api, "contacts"), f"DE-{uuid4().hex[:10].upper()}"
    body = {
        "name": "Home",
        "preset_id": "contact-de",
        "fields": {"RQ_IDNR": "36574261809"},
        "bank_details": [{"name": "Main", "fields": {"RQ_ACC_NUM": account}}],
    }
    await added(api, owner, body, "contacts")
    for card, by in (
        ({"requisites": {"RQ_IDNR": "36 574 261 809"}}, "requisite"),
        ({"bank_details": {"RQ_ACC_NUM": account}}, "bank_detail"),
    ):
        answer = (await api("POST", "/duplicates/search", card)).json()
        assert (owner, [by]) in [(item["ref"]["id"], item["by"]) for item in answer["contact"]["items"]]


@pytest.mark.parametrize("code", sorted(ACCOUNT))
async def test_every_field_of_an_account_is_kept(api: Api, code: str) -> None:
    """REQ-04."""
    account = {"name": "Main", "fields": {code: ACCOUNT[code]}}
    made = await added(api, await an_owner(api), {**OFFICE, "bank_details": [account]})
    assert made["bank_details"][0]["fields"] == account["fields"]
