"""Requisites of contacts and companies (REQ-01 to REQ-06): legal details by country, addresses, bank accounts."""

from itertools import count
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from crm_contracts.clients import RequisiteChanged, RequisiteCreated, RequisiteDeleted
from crm_contracts.requisites import Requisite

from services.clients.records.domain.errors import TooManyRequisites
from services.clients.records.domain.presets import PRESETS
from services.clients.records.domain.requisites import MAX_REQUISITES
from shared.kit.domain import NotFound
from tests.builders.causes import ANNA, NOON, later
from tests.builders.clients import a_contact
from tests.builders.running import Api, wrong_fields

SERIAL = count(1)
BODIES = {"contacts": {"first_name": "Ada"}, "companies": {"title": "ACME"}}
GOOD = [
    ("company-br", "RQ_CNPJ", "16.727.230/0001-97", "16727230000197"),
    ("contact-br", "RQ_CPF", "390.533.447-05", "39053344705"),
    ("company-de", "RQ_VAT_ID", "DE 136 695 976", "DE136695976"),
    ("company-de", "RQ_TAX_NUMBER", "181/815/0815 5", "18181508155"),
    ("contact-de", "RQ_IDNR", "36 574 261 809", "36574261809"),
    ("company-it", "RQ_VAT_ID", "IT 00743110157", "IT00743110157"),
    ("company-it", "RQ_CODICE_FISCALE", "00743110157", "00743110157"),
    ("contact-it", "RQ_CODICE_FISCALE", "rccmnl83s18d969h", "RCCMNL83S18D969H"),
    ("company-ru", "RQ_INN", "1234567894", "1234567894"),
    ("company-ru", "RQ_KPP", "7707 01 001", "770701001"),
    ("company-ru", "RQ_OGRN", "1022200525819", "1022200525819"),
    ("contact-ru", "RQ_INN", "123456789047", "123456789047"),
    ("company-us", "RQ_EIN", "91-1144442", "911144442"),
    ("contact-us", "RQ_SSN", "536-90-4399", "536904399"),
    ("contact-us", "RQ_ITIN", "912-90-3456", "912903456"),
]
BAD = [
    ("company-br", "RQ_CNPJ", "16.727.230/0001-98"),
    ("contact-br", "RQ_CPF", "390.533.447-06"),
    ("company-de", "RQ_VAT_ID", "DE136695977"),
    ("company-it", "RQ_VAT_ID", "00743110158"),
    ("company-ru", "RQ_INN", "123456789047"),
    ("contact-ru", "RQ_INN", "1234567894"),
    ("company-ru", "RQ_KPP", "77"),
    ("company-us", "RQ_EIN", "00-1144442"),
]


def owner_of(preset: str) -> str:
    return "contacts" if preset.startswith("contact") else "companies"


async def an_owner(api: Api, path: str = "companies") -> str:
    made = await api.made(f"/{path}", BODIES[path])
    return f"/{path}/{made['id']}"


async def added(api: Api, owner: str, **fields: Any) -> dict[str, Any]:
    answer = await api("POST", f"{owner}/requisites", {"name": "Office", "preset_id": "company-de", **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1{owner}/requisites/{made['id']}"
    return made


@pytest.mark.parametrize(("preset", "code", "typed", "kept"), GOOD)
async def test_a_tax_number_is_checked_and_kept_without_punctuation(
    api: Api, preset: str, code: str, typed: str, kept: str
) -> None:
    """REQ-02."""
    owner = await an_owner(api, owner_of(preset))
    made = await added(api, owner, preset_id=preset, fields={code: typed})
    assert (made["fields"], made["country_code"]) == ({code: kept}, preset[-2:].upper())
    assert await api.read(f"{owner}/requisites/{made['id']}") == made
    assert (await api.read(owner))["requisites"] == [made]


@pytest.mark.parametrize(("preset", "code", "typed"), BAD)
async def test_a_wrong_tax_number_is_refused_and_nothing_is_kept(api: Api, preset: str, code: str, typed: str) -> None:
    """REQ-02."""
    owner = await an_owner(api, owner_of(preset))
    body = {"name": "Office", "preset_id": preset, "fields": {code: typed}}
    assert wrong_fields(await api("POST", f"{owner}/requisites", body)) == [f"fields.{code}"]
    assert (await api.read(f"{owner}/requisites"))["items"] == []


async def test_every_wrong_field_of_a_requisite_is_named(api: Api) -> None:
    """REQ-01, REQ-02, REQ-03, REQ-04."""
    owner = await an_owner(api)
    body = {
        "name": "Office",
        "preset_id": "company-de",
        "fields": {"RQ_INN": "1234567894", "RQ_VAT_ID": "DE1"},
        "addresses": [{"type": "legal"}, {"type": "mailing"}, {"type": "legal"}],
        "bank_details": [
            {"name": "A", "fields": {"RQ_IBAN": "DE89370400440532013001", "RQ_BIC": "X"}},
            {"name": "B", "country_code": "RU", "fields": {"RQ_BIK": "04452522", "RQ_VAT_ID": "DE136695976"}},
            {"name": "C", "fields": {"RQ_ACC_CURRENCY": "ZZZ"}},
        ],
    }
    assert wrong_fields(await api("POST", f"{owner}/requisites", body)) == [
        "fields.RQ_INN",
        "fields.RQ_VAT_ID",
        "bank_details.0.fields.RQ_IBAN",
        "bank_details.0.fields.RQ_BIC",
        "bank_details.1.country_code",
        "bank_details.1.fields.RQ_BIK",
        "bank_details.1.fields.RQ_VAT_ID",
        "bank_details.2.fields.RQ_ACC_CURRENCY",
        "addresses.0.type",
        "addresses.2.type",
    ]
    for preset in (None, "contact-de", "company-xx"):
        wrong = await api("POST", f"{owner}/requisites", {"name": "Office", "preset_id": preset})
        assert wrong_fields(wrong) == ["preset_id"]
    shape = await api("POST", f"{owner}/requisites", {"name": "", "fields": {"$where": "1"}, "sort": -1})
    assert set(wrong_fields(shape)) >= {"name", "sort"}


async def test_a_carrier_of_addresses_needs_no_preset(api: Api) -> None:
    """REQ-03."""
    owner = await an_owner(api)
    made = await added(
        api, owner, preset_id=None, address_only=True, addresses=[{"type": "shipping", "city": "Berlin"}]
    )
    assert (made["address_only"], made["addresses"][0]["city"]) == (True, "Berlin")


async def test_bank_details_are_checked_and_belong_to_the_country_of_the_preset(api: Api) -> None:
    """REQ-04: several of them."""
    owner = await an_owner(api)
    accounts = [
        {"name": "Main", "fields": {"RQ_IBAN": "de89 3704 0044 0532 0130 00", "RQ_BIC": "DEUTDEFF"}},
        {"name": "Second", "country_code": "DE", "fields": {"RQ_ACC_CURRENCY": "eur", "RQ_BIK": "044525225"}},
    ]
    made = await added(api, owner, bank_details=accounts)
    assert [(each["country_code"], each["fields"]) for each in made["bank_details"]] == [
        ("DE", {"RQ_IBAN": "DE89370400440532013000", "RQ_BIC": "DEUTDEFF"}),
        ("DE", {"RQ_ACC_CURRENCY": "EUR", "RQ_BIK": "044525225"}),
    ]
    assert len({each["id"] for each in made["bank_details"]}) == 2


def account(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "fields": {"RQ_ACC_NUM": f"47 11 {name}"}, **more}


async def accounts(api: Api, url: str, *sent: dict[str, Any]) -> dict[str, str]:
    """The id of each account by its name, after the whole list was sent."""
    answer = await api("PUT", url, {"name": "Office", "preset_id": "company-de", "bank_details": list(sent)})
    assert answer.status_code == 200, answer.text
    return {each["name"]: each["id"] for each in answer.json()["bank_details"]}


async def test_an_account_keeps_its_id_in_whatever_order_all_are_sent(api: Api) -> None:
    """REQ-04: a deal has chosen it by its id."""
    owner = await an_owner(api)
    made = await added(api, owner, bank_details=[account("Main"), account("Escrow")])
    ids, url = {each["name"]: each["id"] for each in made["bank_details"]}, f"{owner}/requisites/{made['id']}"
    assert await accounts(api, url, account("Escrow"), account("Main")) == ids
    assert await accounts(api, url, account("Escrow", id=ids["Escrow"], comments="x"), account("Main")) == ids
    three = await accounts(api, url, account("New"), account("Main"), account("Escrow", comments="x"))
    assert {name: three[name] for name in ids} == ids
    assert three["New"] not in ids.values()
    assert await accounts(api, url, account("Main")) == {"Main": ids["Main"]}
    again = await accounts(api, url, account("Escrow", comments="x"), account("Main"))
    assert again["Main"] == ids["Main"]
    assert again["Escrow"] not in {*three.values()}, "an id is never used again"
    renamed = await accounts(api, url, account("Main", comments="other"))
    assert renamed["Main"] != ids["Main"], "without its id, and with another content, it is another one"


async def test_accounts_that_are_equal_are_told_apart_where_all_of_them_are_sent(api: Api) -> None:
    """REQ-04."""
    owner = await an_owner(api)
    made = await added(api, owner, bank_details=[account("Twin"), account("Twin")])
    body = {"name": "Office", "preset_id": "company-de", "bank_details": [account("Twin"), account("Twin")]}
    again = await api("PUT", f"{owner}/requisites/{made['id']}", body)
    assert again.json() == made
    one = await api("PUT", f"{owner}/requisites/{made['id']}", {**body, "bank_details": [account("Twin")]})
    assert one.json()["bank_details"][0]["id"] not in [each["id"] for each in made["bank_details"]]


async def test_two_accounts_of_one_id_are_refused_and_both_places_named(api: Api) -> None:
    """REQ-04."""
    owner = await an_owner(api)
    body = {"name": "Office", "bank_details": [account("A", id="x"), account("B"), account("C", id="x")]}
    for method, path in (
        ("POST", f"{owner}/requisites"),
        ("PUT", f"{owner}/requisites/{(await added(api, owner))['id']}"),
    ):
        assert wrong_fields(await api(method, path, body)) == ["bank_details.0.id", "bank_details.2.id"]


async def test_other_requisites_of_a_known_id_are_a_conflict(api: Api) -> None:
    """REQ-01: nothing that is sent is ignored."""
    owner = await an_owner(api)
    body = {"id": str(uuid4()), "name": "Office", "bank_details": [account("Main")]}
    first = await api("POST", f"{owner}/requisites", body)
    again = await api("POST", f"{owner}/requisites", body)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await api("POST", f"{owner}/requisites", {**body, "name": "Home"})
    assert (other.status_code, other.json()["code"]) == (409, "requisite_id_taken")
    assert (await api.read(f"{owner}/requisites"))["items"] == [first.json()]


async def test_requisites_have_the_preset_of_their_owner_here_unless_they_name_another(api: Api) -> None:
    """REQ-01: of a person or of an organisation, by country."""
    for path, owner_type in (("contacts", "contact"), ("companies", "company")):
        owner = await an_owner(api, path)
        for body, preset in (
            ({}, f"{owner_type}-de"),
            ({"country_code": "BR"}, f"{owner_type}-br"),
            ({"preset_id": f"{owner_type}-it", "country_code": "IT"}, f"{owner_type}-it"),
        ):
            made = (await api("POST", f"{owner}/requisites", {"name": "Office", **body})).json()
            assert (made["preset_id"], made["country_code"]) == (preset, preset[-2:].upper())
            assert (made["sort"], made["active"], made["address_only"]) == (500, True, False)
        unknown = await api("POST", f"{owner}/requisites", {"name": "Office", "country_code": "FR"})
        assert wrong_fields(unknown) == ["preset_id", "country_code"]
        other = {"name": "Office", "country_code": "IT", "preset_id": f"{owner_type}-de"}
        assert wrong_fields(await api("POST", f"{owner}/requisites", other)) == ["country_code"]


async def test_requisites_say_what_other_systems_know_them_by(api: Api) -> None:
    """REQ-01, REQ-04."""
    owner = await an_owner(api)
    marks = {"code": "HQ", "external_id": "4711", "originator_id": "erp"}
    mine = {"code": "MAIN", "external_id": "4712"}
    made = await added(api, owner, **marks, bank_details=[account("Main", **mine)])
    assert {name: made[name] for name in marks} == marks
    assert {name: made["bank_details"][0][name] for name in mine} == mine


async def test_a_client_has_several_requisites_in_their_order(api: Api) -> None:
    """REQ-01, COMP-05: changed and removed one by one."""
    owner = await an_owner(api)
    late, early = await added(api, owner, name="Late", sort=600), await added(api, owner, name="Early", sort=100)
    assert [each["name"] for each in (await api.read(f"{owner}/requisites"))["items"]] == ["Early", "Late"]
    body = {"name": "Later", "preset_id": "company-it", "sort": 50}
    changed = await api("PUT", f"{owner}/requisites/{late['id']}", body)
    assert (changed.json()["name"], changed.json()["country_code"], changed.json()["id"]) == ("Later", "IT", late["id"])
    assert [each["name"] for each in (await api.read(f"{owner}/requisites"))["items"]] == ["Later", "Early"]
    left = await api("DELETE", f"{owner}/requisites/{late['id']}")
    assert [each["id"] for each in left.json()["items"]] == [early["id"]]
    for method, given in (("GET", None), ("PUT", body), ("DELETE", None)):
        assert (await api(method, f"{owner}/requisites/{late['id']}", given)).status_code == 404


async def test_requisites_are_changed_with_the_version_of_their_owner(api: Api) -> None:
    """REQ-01."""
    owner = await an_owner(api)
    made = await added(api, owner)
    body = {"name": "Other", "preset_id": "company-de"}
    stale = await api("PUT", f"{owner}/requisites/{made['id']}", body, if_match='"1"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    fresh = await api("PUT", f"{owner}/requisites/{made['id']}", body, if_match='"2"')
    assert (fresh.status_code, fresh.headers["etag"]) == (200, '"3"')


async def test_an_added_requisite_that_is_sent_again_is_there_once(api: Api) -> None:
    """REQ-01."""
    owner, key = await an_owner(api), str(uuid4())
    body = {"name": "Office", "preset_id": "company-de"}
    first = await api("POST", f"{owner}/requisites", body, idempotency_key=key)
    again = await api("POST", f"{owner}/requisites", body, idempotency_key=key)
    assert (first.status_code, again.json()) == (201, first.json())
    chosen = {**body, "id": str(uuid4())}
    assert [(await api("POST", f"{owner}/requisites", chosen)).status_code for _ in range(2)] == [201, 201]
    assert len((await api.read(f"{owner}/requisites"))["items"]) == 2


async def test_a_client_is_found_by_its_tax_number_and_its_legal_name(api: Api) -> None:
    """REQ-02, CLI-03: and no longer when they are gone."""
    name = f"Legal{next(SERIAL)}{uuid4().hex[:6]}"
    owner = await an_owner(api)
    fields = {"RQ_TAX_NUMBER": "181/815/0815 5", "RQ_COMPANY_FULL_NAME": f"{name} Gesellschaft mbH"}
    made = await added(api, owner, fields=fields)

    async def found(typed: str) -> set[str]:
        answer = await api.read(f"/clients/search?{urlencode({'q': typed, 'kind': 'company'})}")
        return {match["client"]["id"] for match in answer["items"]}

    id_ = owner.rpartition("/")[2]
    for typed in (name, f"{name} ges", "181/815/0815 5", "1818150"):
        assert id_ in await found(typed), typed
    await api("DELETE", f"{owner}/requisites/{made['id']}")
    assert id_ not in await found(name)
    assert id_ not in await found("181/815/0815 5")


async def test_every_country_has_a_preset_for_people_and_one_for_organisations(api: Api) -> None:
    """REQ-01."""
    presets = (await api.read("/requisite-presets"))["items"]
    assert {preset["id"] for preset in presets} == set(PRESETS)
    assert {(preset["country_code"], preset["owner_type"]) for preset in presets} == {
        (country, owner) for country in ("BR", "DE", "IT", "RU", "US") for owner in ("contact", "company")
    }
    assert all(any(field["is_tax_number"] for field in preset["fields"]) for preset in presets)


@pytest.mark.parametrize("path", BODIES)
async def test_nobody_touches_requisites_without_the_permission(api: Api, path: str) -> None:
    body = {"name": "Office", "preset_id": "company-de"}
    writes = [("POST", "", body), ("PUT", "/r", body), ("DELETE", "/r", None)]
    for method, tail, given in writes:
        url = f"/{path}/nobody/requisites{tail}"
        assert (await api(method, url, given, roles=None)).status_code == 401
        assert (await api(method, url, given, roles=["reader"])).status_code == 403
        assert (await api(method, url, given)).status_code == 404
    for url in (f"/{path}/nobody/requisites", f"/{path}/nobody/requisites/r", "/requisite-presets"):
        assert (await api("GET", url, roles=[])).status_code == 403


def test_each_change_is_an_event_with_before_and_after() -> None:
    """REQ-06."""
    contact = a_contact()
    office = Requisite(id="r1", name="Office", preset_id="contact-br", address_only=False)
    contact.add_requisite(office, key="1", by=ANNA, at=NOON)
    contact.add_requisite(office, key="1", by=ANNA, at=later(1))
    (kept,) = contact.requisites
    moved = kept.model_copy(update={"name": "Home"})
    contact.change_requisite(moved, key="2", by=ANNA, at=later(2))
    contact.change_requisite(moved, key="2", by=ANNA, at=later(3))
    contact.remove_requisite("r1", by=ANNA, at=later(4))
    assert contact.recorded == (
        RequisiteCreated(owner=contact.ref, requisite=kept, requisites=(kept,)),
        RequisiteChanged(owner=contact.ref, before=kept, after=moved, requisites=(moved,)),
        RequisiteDeleted(owner=contact.ref, before=moved, requisites=()),
    )
    with pytest.raises(NotFound):
        contact.remove_requisite("r1", by=ANNA, at=later(5))


def test_there_is_an_end_to_requisites() -> None:
    """REQ-01."""
    contact = a_contact()
    for number in range(MAX_REQUISITES):
        contact.add_requisite(Requisite(id=f"r{number}", name="x", address_only=True), key="1", by=ANNA, at=NOON)
    with pytest.raises(TooManyRequisites):
        contact.add_requisite(Requisite(id="one more", name="x", address_only=True), key="1", by=ANNA, at=NOON)
