"""Clauses about contacts and companies that no other test shows, over the API (docs/requirements/clients.md)."""

from itertools import count
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from crm_contracts.leads import LeadCreated

from tests.builders.events import an_event, react
from tests.builders.leads import just_created_lead
from tests.builders.running import Api, wrong_fields
from tests.builders.values import a_phone, an_email
from tests.clients.office import Office

BODIES: dict[str, dict[str, Any]] = {"contacts": {"first_name": "Ada"}, "companies": {"title": "ACME"}}
PHONES = count(310_000)
UTM = {"source": "letter", "medium": "CPC", "campaign": "spring", "content": "blue", "term": "pumps"}
TOO_LONG = {"contacts": {"first_name": 101, "middle_name": 101, "last_name": 101}, "companies": {"title": 256}}
KINDS = {
    "phones": ["WORK", "MOBILE", "FAX", "HOME", "PAGER", "MAILING", "OTHER"],
    "emails": ["WORK", "HOME", "MAILING", "OTHER"],
    "websites": ["WORK", "HOME", "VK", "LIVEJOURNAL", "TWITTER", "OTHER"],
    "messengers": ["TELEGRAM", "VK", "SKYPE", "VIBER", "BITRIX24", "OPENLINE", "IMOL", "ICQ", "MSN", "JABBER", "OTHER"],
}
OURS = ["WHATSAPP", "FACEBOOK", "INSTAGRAM"]
"""Kinds of messengers that CONT-04 adds."""


def a_value(name: str) -> str:
    """Something that the list of this name takes, and that no other test has."""
    number = next(PHONES)
    return {"phones": f"030 4{number}", "emails": f"a{number}@acme.example"}.get(name, f"a{number}.example")


def as_given(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"kind": point["kind"], "value": point["value"]} for point in points]


async def found(api: Api, q: str, kind: str) -> dict[str, Any]:
    answer: dict[str, Any] = await api.read(f"/clients/search?{urlencode({'q': q, 'kind': kind})}")
    return answer


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("name", KINDS)
async def test_each_list_of_contact_points_keeps_several(api: Api, path: str, name: str) -> None:
    """CONT-03, COMP-01: in their order; another list replaces them."""
    many = [{"kind": "OTHER", "value": a_value(name)} for _ in range(3)]
    made = await api.made(f"/{path}", {**BODIES[path], name: many})
    assert as_given(made[name]) == many
    replaced = await api("PATCH", f"/{path}/{made['id']}", {name: many[1:2]})
    assert as_given(replaced.json()[name]) == many[1:2]


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    ("name", "kind"),
    [*((name, kind) for name in KINDS for kind in KINDS[name]), *(("messengers", kind) for kind in OURS)],
)
async def test_every_kind_of_contact_point_is_kept(api: Api, path: str, name: str, kind: str) -> None:
    """CONT-03, CONT-04."""
    point = {"kind": kind, "value": a_value(name)}
    made = await api.made(f"/{path}", {**BODIES[path], name: [point]})
    assert as_given(made[name]) == [point]


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("name", ["has_phone", "has_email"])
async def test_what_is_derived_cannot_be_written(api: Api, path: str, name: str) -> None:
    """CONT-03."""
    made = await api.made(f"/{path}", BODIES[path])
    assert made[name] is False
    for method, where in (("POST", f"/{path}"), ("PATCH", f"/{path}/{made['id']}")):
        assert wrong_fields(await api(method, where, {**BODIES[path], name: True})) == [name]


async def test_the_link_of_a_messenger_cannot_be_written(api: Api) -> None:
    """CONT-04."""
    point = {"kind": "TELEGRAM", "value": "ada", "url": "https://elsewhere.example"}
    assert wrong_fields(await api("POST", "/contacts", {"first_name": "Ada", "messengers": [point]})) == [
        "messengers.0.url"
    ]


@pytest.mark.parametrize(("path", "name"), [(path, name) for path in TOO_LONG for name in TOO_LONG[path]])
async def test_a_text_that_is_too_long_is_refused(api: Api, path: str, name: str) -> None:
    """CONT-01, COMP-01."""
    size = TOO_LONG[path][name]
    assert wrong_fields(await api("POST", f"/{path}", {**BODIES[path], name: "x" * size})) == [name]
    made = await api.made(f"/{path}", {**BODIES[path], name: "x" * (size - 1)})
    assert made[name] == "x" * (size - 1)


async def test_a_birth_date_in_the_future_is_refused(api: Api) -> None:
    """CONT-01."""
    body = {"first_name": "Ada", "birth_date": "2999-01-01"}
    assert wrong_fields(await api("POST", "/contacts", body)) == ["birth_date"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("contacts", "stage_id"),
        ("companies", "stage_id"),
        ("companies", "source_id"),
        ("companies", "source_description"),
    ],
)
async def test_a_field_that_clients_do_not_have_is_refused(api: Api, path: str, name: str) -> None:
    """PIPE-07, CMN-02."""
    made = await api.made(f"/{path}", BODIES[path])
    for method, where in (("POST", f"/{path}"), ("PATCH", f"/{path}/{made['id']}")):
        assert wrong_fields(await api(method, where, {**BODIES[path], name: "NEW"})) == [name]
    assert name not in made


@pytest.mark.parametrize("path", BODIES)
async def test_a_responsible_who_is_named_is_kept(api: Api, path: str) -> None:
    """CONT-08, CMN-04."""
    assert (await api.made(f"/{path}", BODIES[path]))["responsible_id"] == "anna"
    made = await api.made(f"/{path}", {**BODIES[path], "responsible_id": "bob"})
    assert made["responsible_id"] == "bob"
    changed = await api("PATCH", f"/{path}/{made['id']}", {"responsible_id": "eve"})
    assert changed.json()["responsible_id"] == "eve"


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("name", UTM)
async def test_the_five_utm_parameters_are_kept(api: Api, path: str, name: str) -> None:
    """CONT-08, CMN-07."""
    made = await api.made(f"/{path}", {**BODIES[path], "utm": UTM})
    assert made["utm"][name] == UTM[name]
    alone = await api("PATCH", f"/{path}/{made['id']}", {"utm": {name: "other"}})
    assert alone.json()["utm"] == {**dict.fromkeys(UTM), name: "other"}
    too_long = {**BODIES[path], "utm": {name: "x" * 256}}
    assert wrong_fields(await api("POST", f"/{path}", too_long)) == [f"utm.{name}"]


@pytest.mark.parametrize("path", BODIES)
async def test_a_new_client_is_open_to_all(api: Api, path: str) -> None:
    """CMN-09."""
    assert (await api.made(f"/{path}", BODIES[path]))["open_to_all"] is True


async def test_a_company_is_found_by_the_name_of_its_requisite(api: Api) -> None:
    """CLI-03."""
    company, name = await api.made("/companies", BODIES["companies"]), f"Legal{uuid4().hex[:8]}"
    body = {"name": "Legal", "preset_id": "company-de", "fields": {"RQ_COMPANY_NAME": f"{name} GmbH"}}
    added = await api("POST", f"/companies/{company['id']}/requisites", body)
    assert added.status_code == 201, added.text
    assert [match["client"]["id"] for match in (await found(api, name, "company"))["items"]] == [company["id"]]


async def test_of_25_companies_of_one_name_20_are_shown(api: Api) -> None:
    """CLI-04."""
    name = f"Same{uuid4().hex[:8]}"
    for _ in range(25):
        await api.made("/companies", {"title": name})
    answer = await found(api, name, "company")
    assert (len(answer["items"]), answer["has_more"]) == (20, True)


async def test_where_all_matches_are_shown_there_are_no_more(api: Api) -> None:
    """CLI-04."""
    name = f"Few{uuid4().hex[:8]}"
    for number in range(20):
        assert (await found(api, name, "contact"))["has_more"] is False
        await api.made("/contacts", {"first_name": name, "last_name": f"No{number}"})
    answer = await found(api, name, "contact")
    assert (len(answer["items"]), answer["has_more"]) == (20, False)


async def test_an_exact_phone_comes_first(api: Api) -> None:
    """CLI-04: before longer ones that end so."""
    digits = f"4{next(PHONES)}"
    longer = await api.made("/contacts", {"first_name": "Longer", "phones": [{"value": f"+49 171 0{digits}"}]})
    exact = await api.made("/contacts", {"first_name": "Exact", "phones": [{"value": f"+49 30 {digits}"}]})
    await api("PATCH", f"/contacts/{longer['id']}", {"comments": "changed last"})
    items = (await found(api, f"030 {digits}", "contact"))["items"]
    assert items[0]["client"]["id"] == exact["id"]


async def test_a_company_is_found_by_phone_and_e_mail(api: Api) -> None:
    """DUP-03."""
    phone, mail = f"+49 30 4{next(PHONES)}", f"{uuid4()}@acme.example"
    made = await api.made("/companies", {"title": "ACME", "phones": [{"value": phone}], "emails": [{"value": mail}]})
    for card, by in (({"phones": [phone]}, ["phone"]), ({"emails": [mail.upper()]}, ["email"])):
        answer = (await api("POST", "/duplicates/search", card)).json()
        assert [(item["ref"]["id"], item["by"]) for item in answer["company"]["items"]] == [(made["id"], by)]


@pytest.mark.parametrize("path", BODIES)
async def test_an_address_belongs_to_a_requisite(api: Api, path: str) -> None:
    """LEAD-02: contacts and companies own none directly, as leads do."""
    made = await api.made(f"/{path}", BODIES[path])
    for method, where in (("POST", f"/{path}"), ("PATCH", f"/{path}/{made['id']}")):
        assert wrong_fields(await api(method, where, {**BODIES[path], "address": {"city": "Berlin"}})) == ["address"]
    assert "address" not in made


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    ("name", "value"),
    [("emails", "ada"), ("emails", "ada berg@acme.example"), ("emails", "ada@acme example"), ("phones", "call me")],
)
async def test_what_is_no_address_at_all_is_refused(api: Api, path: str, name: str, value: str) -> None:
    """CONT-03: an e-mail without an @ or with a blank within, a phone without a digit."""
    answer = await api("POST", f"/{path}", {**BODIES[path], name: [{"value": value}]})
    assert wrong_fields(answer) == [f"{name}.0.value"]


async def test_companies_are_found_by_phone_and_e_mail(api: Api) -> None:
    """CLI-03: in any notation, by the last digits, and by the beginning."""
    digits, mail = f"4{next(PHONES)}", f"info{next(PHONES)}@acme.example"
    body = {"title": "ACME", "phones": [{"value": f"+49 30 {digits} ext. 12"}], "emails": [{"value": mail}]}
    made = await api.made("/companies", body)
    for typed in (f"030 {digits}", f"+49 (30) {digits}", digits[-4:], digits, mail, mail[:9], mail.upper()):
        assert made["id"] in [match["client"]["id"] for match in (await found(api, typed, "company"))["items"]], typed


@pytest.mark.parametrize("path", BODIES)
async def test_a_trace_keeps_time_address_referrer_and_marks(api: Api, path: str) -> None:
    """CMN-08."""
    touch = {
        "at": "2026-03-02T12:00:00Z",
        "url": "https://acme.example/pumps",
        "referrer": "https://search.example/",
        "utm": UTM,
    }
    made = await api.made(f"/{path}", {**BODIES[path], "traces": [touch]})
    assert made["traces"] == [touch]


@pytest.mark.parametrize(
    ("kind", "value", "url"),
    [
        ("TELEGRAM", "@ada_l", "https://t.me/ada_l"),
        ("WHATSAPP", "+49 171 2345678", "https://wa.me/491712345678"),
        ("VIBER", "+49 171 2345678", "viber://chat?number=%2B491712345678"),
        ("SKYPE", "live:ada", "skype:live%3Aada?chat"),
        ("VK", "id42", "https://vk.com/id42"),
        ("FACEBOOK", "ada.lovelace", "https://m.me/ada.lovelace"),
    ],
)
@pytest.mark.parametrize("path", BODIES)
async def test_each_messenger_has_its_link(api: Api, path: str, kind: str, value: str, url: str) -> None:
    """CONT-04."""
    made = await api.made(f"/{path}", {**BODIES[path], "messengers": [{"kind": kind, "value": value}]})
    assert [point["url"] for point in made["messengers"]] == [url]


async def test_a_lead_is_found_by_phone_and_e_mail(api: Api) -> None:
    """DUP-03: in any notation."""
    id_, digits, mail = str(uuid4()), f"4{next(PHONES)}", f"{uuid4()}@acme.example"
    phones, emails = (a_phone(normalized=f"+4930{digits}"),), (an_email(normalized=mail),)
    created = LeadCreated(lead=just_created_lead(id_, phones=phones, emails=emails).state)
    for _ in range(2):
        await react(Office(api.database).reactions, an_event(created, id_=f"created-{id_}", subject=id_))
    for card, by in (({"phones": [f"030 {digits}"]}, ["phone"]), ({"emails": [mail.upper()]}, ["email"])):
        answer = (await api("POST", "/duplicates/search", card)).json()
        assert [(item["ref"]["id"], item["by"]) for item in answer["lead"]["items"]] == [(id_, by)]


async def test_a_revenue_is_in_a_currency_that_exists(api: Api) -> None:
    """CURR-01, COMP-03."""
    revenue = {"value": "5", "currency": "ZZZ"}
    assert wrong_fields(await api("POST", "/companies", {"title": "ACME", "revenue": revenue})) == ["revenue.currency"]
