"""The clients API, on the real app and a real MongoDB."""

import asyncio
from itertools import count
from typing import Any
from uuid import uuid4

import pytest

from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.store.views import ClientViews
from shared.kit.web.auth import Caller
from tests.builders.causes import ANNA
from tests.builders.fakes import Documents
from tests.builders.running import Api, Explained, wrong_fields

ADA = {"first_name": "Ada", "last_name": "Lovelace"}
ACME = {"title": "ACME GmbH"}
KINDS = {"contacts": ADA, "companies": ACME}
READ_ONLY = {
    "number": 7,
    "created_at": "2020-01-01T00:00:00Z",
    "created_by": "user:eve",
    "updated_at": "2020-01-01T00:00:00Z",
    "updated_by": "user:eve",
    "lead_id": "lead-1",
    "requisites": [],
    "version": 1,
}
ENDPOINTS = [
    *((("POST", f"/{kind}", body)) for kind, body in KINDS.items()),
    *((("PATCH", f"/{kind}/nobody", body)) for kind, body in KINDS.items()),
    *((("PUT", f"/{kind}/external/shop/1", body)) for kind, body in KINDS.items()),
    ("PUT", "/contacts/nobody/companies/nothing", {}),
    ("DELETE", "/contacts/nobody/companies/nothing", None),
]
QUESTIONS = [("POST", "/duplicates/find", {"kind": "email", "values": ["ada@acme.example"]})]
READS = [
    *("/contacts", "/contacts/nobody", "/companies", "/companies/nobody", "/companies/nobody/contacts"),
    *("/contacts/nobody/elements", "/companies/nobody/elements"),
    "/clients/search?q=ada&kind=contact",
]
EVERYBODY = Caller(actor=ANNA, roles=frozenset({"reader"}), scopes=frozenset())
PHONES = count(100_000)


def a_new_phone() -> str:
    return f"030 4{next(PHONES)}"


async def test_everything_that_is_said_of_a_contact_is_kept(api: Api) -> None:
    """CONT-01, CONT-03, CONT-08, CMN-02, CMN-04, CMN-05, CMN-06, CMN-07, CMN-09."""
    said = {
        **ADA,
        "salutation": "MS",
        "middle_name": "King",
        "birth_date": "1990-12-10",
        "position": "Engineer",
        "type_id": "CLIENT",
        "source_id": "WEB",
        "source_description": "fair",
        "comments": "likes tea",
        "observers": ["eve"],
        "open_to_all": False,
    }
    points = {
        "phones": [{"value": "030 901820"}, {"value": "0171 2345678", "kind": "MOBILE"}],
        "emails": [{"value": "Ada@ACME.example"}],
        "websites": [{"value": "acme.example"}],
        "messengers": [{"value": "@ada", "kind": "TELEGRAM"}],
    }
    contact = await api.made("/contacts", {**said, **points, "utm": {"source": "letter"}})
    assert {name: contact[name] for name in said} == said
    assert [point["normalized"] for point in contact["phones"]] == ["+4930901820", "+491712345678"]
    assert contact["emails"][0] == {
        "kind": "WORK",
        "value": "Ada@ACME.example",
        "normalized": "ada@acme.example",
        "extension": None,
        "url": None,
    }
    assert (contact["messengers"][0]["kind"], contact["responsible_id"]) == ("TELEGRAM", "anna")
    assert await api.read(f"/contacts/{contact['id']}") == contact


async def test_everything_that_is_said_of_a_company_is_kept(api: Api) -> None:
    """COMP-01, CMN-06."""
    said = {**ACME, "type_id": "CLIENT", "industry": "RETAIL", "employees": "EMPLOYEES_2", "comments": "pays late"}
    company = await api.made("/companies", {**said, "revenue": {"value": "1000.5", "currency": "EUR"}})
    assert {name: company[name] for name in said} == said
    assert company["revenue"] == {"value": "1000.5", "currency": "EUR"}
    assert await api.read(f"/companies/{company['id']}") == company


async def test_a_client_without_a_name_is_refused(api: Api) -> None:
    """CONT-01, COMP-01."""
    assert wrong_fields(await api("POST", "/contacts", {"position": "Engineer"})) == ["first_name", "last_name"]
    assert wrong_fields(await api("POST", "/companies", {"title": "  "})) == ["title"]
    for kind, body, named in (
        ("contacts", {"first_name": "", "last_name": None}, ["first_name", "last_name"]),
        ("companies", {"title": ""}, ["title"]),
    ):
        made = await api.made(f"/{kind}", KINDS[kind])
        assert wrong_fields(await api("PATCH", f"/{kind}/{made['id']}", body)) == named
        assert await api.read(f"/{kind}/{made['id']}") == made


@pytest.mark.parametrize("kind", KINDS)
async def test_every_phone_and_e_mail_that_is_not_valid_is_named(api: Api, kind: str) -> None:
    """CONT-03."""
    wrong = {"phones": [{"value": "030 901820"}, {"value": "call me"}], "emails": [{"value": "at home"}]}
    named = ["phones.1.value", "emails.0.value"]
    made = await api.made(f"/{kind}", KINDS[kind])
    for method, path in (("POST", f"/{kind}"), ("PATCH", f"/{kind}/{made['id']}"), ("PUT", f"/{kind}/external/x/1")):
        assert wrong_fields(await api(method, path, {**KINDS[kind], **wrong})) == named


@pytest.mark.parametrize("kind", KINDS)
async def test_every_wrong_field_is_named(api: Api, kind: str) -> None:
    """CMN-10."""
    wrong: dict[str, Any] = {"phones": [{"number": "1"}], "observers": "eve", "nonsense": True}
    named = sorted(wrong_fields(await api("POST", f"/{kind}", {**KINDS[kind], **wrong})))
    assert named == ["nonsense", "observers", "phones.0.number", "phones.0.value"]
    assert wrong_fields(await api("POST", f"/{kind}", {**KINDS[kind], "origin_id": "1"})) == ["originator_id"]


@pytest.mark.parametrize("name", READ_ONLY)
@pytest.mark.parametrize("kind", KINDS)
async def test_what_the_system_writes_cannot_be_written(api: Api, kind: str, name: str) -> None:
    """CMN-10."""
    for method, path in (("POST", f"/{kind}"), ("PATCH", f"/{kind}/nobody"), ("PUT", f"/{kind}/external/x/1")):
        assert wrong_fields(await api(method, path, {**KINDS[kind], name: READ_ONLY[name]})) == [name]


async def test_the_companies_of_a_contact_are_not_a_field(api: Api) -> None:
    """COMP-04."""
    assert wrong_fields(await api("POST", "/contacts", {**ADA, "companies": []})) == ["companies"]


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
async def test_nobody_writes_without_the_permission(api: Api, method: str, path: str, body: Any) -> None:
    assert (await api(method, path, body, roles=None)).status_code == 401
    assert (await api(method, path, body, roles=["reader"])).status_code == 403


@pytest.mark.parametrize(("method", "path", "body"), [*(("GET", path, None) for path in READS), *QUESTIONS])
async def test_nobody_reads_without_the_permission(api: Api, method: str, path: str, body: Any) -> None:
    assert (await api(method, path, body, roles=None)).status_code == 401
    assert (await api(method, path, body, roles=[])).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [*(e for e in ENDPOINTS if "nobody" in e[1]), *(("GET", path, None) for path in READS if "nobody" in path)],
)
async def test_who_is_not_there_is_not_found(api: Api, method: str, path: str, body: Any) -> None:
    assert (await api(method, path, body)).status_code == 404


@pytest.mark.parametrize("kind", KINDS)
async def test_a_request_that_is_repeated_with_its_key_makes_one_record(api: Api, kind: str) -> None:
    key, body = str(uuid4()), KINDS[kind]
    first = await api("POST", f"/{kind}", body, idempotency_key=key)
    again = await api("POST", f"/{kind}", body, idempotency_key=key)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert (await api("POST", f"/{kind}", {**body, "comments": "x"}, idempotency_key=key)).status_code == 409


@pytest.mark.parametrize("kind", KINDS)
async def test_a_correction_changes_what_it_says_and_a_correction_of_nothing_changes_nothing(
    api: Api, kind: str
) -> None:
    """CONT-01, COMP-01."""
    made = await api.made(f"/{kind}", KINDS[kind])
    path = f"/{kind}/{made['id']}"
    stale = await api("PATCH", path, {"comments": "called"}, if_match='"99"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    changed = await api("PATCH", path, {"comments": "called"}, if_match='"1"')
    assert (changed.json()["comments"], changed.json()["version"], changed.headers["etag"]) == ("called", 2, '"2"')
    assert (await api("PATCH", path, {**KINDS[kind], "comments": "called"})).json() == changed.json()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_record_of_another_system_is_created_once_and_then_corrected(api: Api, kind: str) -> None:
    """CMN-14."""
    path, body = f"/{kind}/external/shop/{uuid4()}", KINDS[kind]
    first, again = await api("PUT", path, body), await api("PUT", path, body)
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    changed = (await api("PUT", path, {**body, "comments": "called"})).json()
    assert (changed["id"], changed["comments"], changed["version"]) == (first.json()["id"], "called", 2)
    origin = {"originator_id": "shop", "origin_id": first.json()["origin_id"]}
    taken = await api("POST", f"/{kind}", {**body, **origin})
    assert (taken.status_code, taken.json()["code"]) == (409, "origin_taken")
    assert taken.json()["existing_id"] == first.json()["id"]


@pytest.mark.parametrize("kind", KINDS)
async def test_one_origin_put_ten_times_at_once_is_one_record(api: Api, kind: str) -> None:
    """CMN-14."""
    path = f"/{kind}/external/shop/{uuid4()}"
    answers = await asyncio.gather(*(api("PUT", path, KINDS[kind]) for _ in range(10)))
    assert sorted({answer.status_code for answer in answers}) == [200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_an_old_copy_of_another_system_s_record_is_refused(api: Api, kind: str) -> None:
    """CMN-14."""
    path = f"/{kind}/external/shop/{uuid4()}"
    await api("PUT", path, KINDS[kind])
    assert (await api("PUT", path, {**KINDS[kind], "comments": "second"}, if_match='"1"')).status_code == 200
    stale = await api("PUT", path, {**KINDS[kind], "comments": "third"}, if_match='"1"')
    assert (stale.status_code, stale.json().get("code")) == (412, "version_mismatch")


async def test_the_links_of_a_contact_are_left_alone_by_the_other_system(api: Api) -> None:
    """CMN-14, COMP-04."""
    path = f"/contacts/external/shop/{uuid4()}"
    contact, company = (await api("PUT", path, ADA)).json(), await api.made("/companies", ACME)
    linked = (await api("PUT", f"/contacts/{contact['id']}/companies/{company['id']}", {})).json()
    assert (await api("PUT", path, ADA)).json() == linked


async def test_a_contact_works_for_companies_and_a_company_lists_its_contacts_in_order(api: Api) -> None:
    """COMP-04, CLI-06."""
    acme, bell = await api.made("/companies", ACME), await api.made("/companies", {"title": "Bell"})
    ada, bob = await api.made("/contacts", ADA), await api.made("/contacts", {"first_name": "Bob"})
    for contact in (bob, ada, bob):
        answer = await api("PUT", f"/contacts/{contact['id']}/companies/{acme['id']}", {})
        assert answer.status_code == 200
    people = (await api.read(f"/companies/{acme['id']}/contacts"))["items"]
    assert [(person["id"], person["companies"][0]["position"]) for person in people] == [
        (bob["id"], 10),
        (ada["id"], 20),
    ]
    path = f"/contacts/{ada['id']}/companies/{bell['id']}"
    both = (await api("PUT", path, {"is_primary": True, "role_id": 3})).json()
    assert [(link["title"], link["is_primary"], link["role_id"]) for link in both["companies"]] == [
        ("ACME GmbH", False, 0),
        ("Bell", True, 3),
    ]
    assert (await api("PUT", path, {"is_primary": True})).json() == both
    left = (await api("DELETE", path)).json()
    assert [(link["company_id"], link["is_primary"]) for link in left["companies"]] == [(acme["id"], True)]
    assert (await api("DELETE", path)).json() == left
    assert (await api("PUT", f"/contacts/{ada['id']}/companies/nothing", {})).status_code == 409
    assert wrong_fields(await api("PUT", path, {"company": "x"})) == ["company"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_link_on_an_old_copy_is_refused(api: Api, method: str) -> None:
    """COMP-04."""
    company, contact = await api.made("/companies", ACME), await api.made("/contacts", ADA)
    path = f"/contacts/{contact['id']}/companies/{company['id']}"
    body: dict[str, Any] | None = {} if method == "PUT" else None
    assert (await api(method, path, body, if_match='"99"')).status_code == 412
    assert (await api(method, path, body, if_match='"1"')).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
async def test_clients_are_found_by_phone_in_any_notation_by_e_mail_and_by_origin(api: Api, kind: str) -> None:
    """CONT-03, CMN-14."""
    phone, mail, origin = a_new_phone(), f"{uuid4()}@Acme.example", str(uuid4())
    reach = {"phones": [{"value": phone}], "emails": [{"value": mail}]}
    made = await api.made(f"/{kind}", {**KINDS[kind], **reach, "originator_id": origin, "origin_id": origin})
    international = "%2B49 30" + phone.removeprefix("030").replace(" ", "")
    for query in (
        f"phone={phone}",
        f"phone={international}",
        f"email={mail.upper()}",
        f"originator_id={origin}",
        f"origin_id={origin}",
        f"originator_id={origin}&origin_id={origin}&email={mail}",
    ):
        assert await api.ids(f"/{kind}?{query}") == [made["id"]], query


@pytest.mark.parametrize(
    ("kind", "names"), [("contacts", {"first_name": "", "last_name": ""}), ("companies", {"title": ""})]
)
async def test_everything_that_is_wrong_with_a_client_is_named_at_once(
    api: Api, kind: str, names: dict[str, str]
) -> None:
    """CONT-01, CONT-03, COMP-01, DICT-01: whichever way it is written; what is right alone changes nothing."""
    record = await api.made(f"/{kind}", KINDS[kind])
    points = {"phones": [{"value": "call me"}], "emails": [{"value": "nobody"}]}
    wrong = {**points, "type_id": "NOPE", **names, "comments": "good"}
    expected = ["phones.0.value", "emails.0.value", "type_id", *names]
    for method, path in (("POST", ""), ("PATCH", f"/{record['id']}"), ("PUT", f"/external/shop/{uuid4()}")):
        refused = await api(method, f"/{kind}{path}", wrong)
        assert wrong_fields(refused) == expected, (method, refused.text)
        assert all(field in refused.json()["detail"] for field in expected)
    batch = await api("POST", f"/{kind}/batch", {"items": [wrong]})
    assert [error["field"] for error in batch.json()["items"][0]["problem"]["errors"]] == expected
    assert await api.read(f"/{kind}/{record['id']}") == record
    path = f"/{kind}/external/shop/{uuid4()}"
    assert (await api("PUT", path, KINDS[kind])).status_code == 201
    assert wrong_fields(await api("PUT", path, wrong)) == expected


async def test_everything_that_is_wrong_with_the_contacts_of_a_new_company_is_named_at_once(api: Api) -> None:
    """COMP-04."""
    people = [{"phones": [{"value": "call me"}]}, {"last_name": "Berg"}, {"last_name": "Amsel", "type_id": "NOPE"}]
    refused = await api("POST", "/companies", {"title": f"ACME {uuid4()}", "contacts": people})
    named = ["0.phones.0.value", "0.first_name", "0.last_name", "2.type_id"]
    assert wrong_fields(refused) == [f"contacts.{field}" for field in named]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_text_that_is_no_phone_or_e_mail_lists_nothing_and_says_so(api: Api, kind: str) -> None:
    """CONT-03: as the filter does; one that the list is not read by would be found by nobody."""
    refused = await api("GET", f"/{kind}?phone=nothing&email=nobody&responsible_id=anna")
    assert wrong_fields(refused) == ["phone", "email"]
    for wrong in refused.json()["errors"]:
        assert (wrong["code"], "/v1/duplicates/find" in wrong["message"]) == ("wrong_operand", True)
    filtered = await api("POST", f"/{kind}/query", {"filter": {"phone": "nothing"}})
    assert filtered.json()["errors"][0]["message"] == refused.json()["errors"][0]["message"]


async def test_contacts_are_listed_by_company_page_by_page_newest_first(api: Api) -> None:
    """COMP-04."""
    company = await api.made("/companies", ACME)
    made = [(await api.made("/contacts", ADA))["id"] for _ in range(3)]
    for id_ in made:
        await api("PUT", f"/contacts/{id_}/companies/{company['id']}", {})
    first = await api.read(f"/contacts?company_id={company['id']}&limit=2")
    rest = await api.read(f"/contacts?company_id={company['id']}&limit=2&cursor={first['next_cursor']}")
    assert [item["id"] for item in (*first["items"], *rest["items"])] == made[::-1]
    assert rest["next_cursor"] is None
    assert wrong_fields(await api("GET", "/contacts?cursor=nonsense")) == ["cursor"]
    assert wrong_fields(await api("GET", "/companies?limit=201")) == ["limit"]


async def test_the_contacts_of_a_company_are_found_by_an_index(api: Api) -> None:
    contacts = Explained(api.database.collection("contacts"))
    companies = Documents(Company, api.database.collection("companies"))
    await ClientViews(Documents(Contact, contacts), companies).contacts_of("x")
    contacts.assert_served_by_indexes()


async def test_duplicates_are_searched_by_indexes(api: Api) -> None:
    """LEAD-12."""
    contacts = Explained(api.database.collection("contacts"))
    companies = Explained(api.database.collection("companies"))
    views = ClientViews(Documents(Contact, contacts), Documents(Company, companies))
    assert await views.matches(["+4915"], ["nobody@acme.example"]) == ([], [])
    for plan in (*contacts.plans, *companies.plans):
        assert "IXSCAN" in plan.stages, plan
        assert ("COLLSCAN" in plan.stages, plan.read_in_vain) == (False, 0), plan


@pytest.mark.parametrize("path", ["contacts", "companies"])
async def test_a_record_is_read_by_its_origin(api: Api, path: str) -> None:
    """CMN-14: an origin may hold slashes."""
    origin = f"/{path}/external/shop/a/{uuid4()}"
    assert (await api("GET", origin)).json()["code"] == "not_found"
    made = (await api("PUT", origin, {"first_name": "Ada"} if path == "contacts" else {"title": "ACME"})).json()
    assert await api.read(origin) == made
    assert (await api("GET", origin, roles=None)).status_code == 401


@pytest.mark.parametrize("given", ["0", "0.0", "86400", "2026-02-30", "2026-01-01T00:00:00", 0])
async def test_a_birth_date_is_a_date_in_iso_8601_or_refused(api: Api, given: Any) -> None:
    """CONT-01."""
    for method, path in (("POST", "/contacts"), ("PUT", "/contacts/external/shop/dated")):
        assert wrong_fields(await api(method, path, {"last_name": "Berg", "birth_date": given})) == ["birth_date"]


@pytest.mark.parametrize("given", ["0", "86400", "2026-03-01", "2026-03-01 12:00:00Z", "2026-03-01T12:00:00", 86400])
async def test_the_time_of_a_visit_is_in_iso_8601_with_its_offset_or_refused(api: Api, given: Any) -> None:
    """CMN-08."""
    touch = {"at": given, "url": "https://example.com"}
    assert wrong_fields(await api("POST", "/contacts", {"last_name": "Berg", "traces": [touch]})) == ["traces.0.at"]


@pytest.mark.parametrize("plural", ["contacts", "companies"])
async def test_an_unknown_type_of_element_is_refused_and_not_an_empty_list(api: Api, plural: str) -> None:
    """CLI-01."""
    body = {"last_name": "Berg"} if plural == "contacts" else {"title": "ACME"}
    record = await api.made(f"/{plural}", body)
    assert wrong_fields(await api("GET", f"/{plural}/{record['id']}/elements?type=led")) == ["type"]


async def test_how_a_contact_works_for_a_company_can_be_changed(api: Api) -> None:
    """CLI-06, CONT-07: what is not given stays."""
    contact = await api.made("/contacts", {"first_name": "Ada"})
    acme, bell = [await api.made("/companies", {"title": title}) for title in ("ACME", "Bell")]
    path = f"/contacts/{contact['id']}/companies"
    await api("PUT", f"{path}/{acme['id']}", {"role_id": 3})
    await api("PUT", f"{path}/{bell['id']}", {})
    for body, expected in (
        ({"role_id": 4}, [(4, True), (0, False)]),
        ({}, [(4, True), (0, False)]),
        ({"is_primary": True}, [(4, True), (0, False)]),
    ):
        answer = await api("PUT", f"{path}/{acme['id']}", body)
        links = answer.json()["companies"]
        assert [(link["role_id"], link["is_primary"]) for link in links] == expected, body


async def test_a_contact_works_for_fifty_companies_at_most(api: Api) -> None:
    """CONT-07: so that the event about it has room."""
    contact = await api.made("/contacts", {"first_name": "Ada"})
    companies = [(await api.made("/companies", {"title": "ACME"}))["id"] for _ in range(51)]
    answers = [await api("PUT", f"/contacts/{contact['id']}/companies/{id_}", {}) for id_ in companies]
    assert {answer.status_code for answer in answers[:-1]} == {200}
    assert wrong_fields(answers[-1]) == ["company_id"]
    assert (await api("PUT", f"/contacts/{contact['id']}/companies/{companies[0]}", {"role_id": 1})).status_code == 200
