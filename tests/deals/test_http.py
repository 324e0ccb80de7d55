"""The deals API, on the real app and a real MongoDB."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.client_answers import ElementCompanyRefused, ElementContactsResolved
from crm_contracts.envelope import Event
from crm_contracts.values import ElementRef

from services.deals.deal.domain.deal import Deal
from shared.elements.events.client_field import client_answer_reactions
from shared.kit.web.auth import Caller
from tests.builders.causes import ANNA, a_cause
from tests.builders.deals import ASKED_BY, just_created_deal
from tests.builders.events import an_event, react
from tests.builders.fakes import NobodyLeft
from tests.builders.running import Api, wrong_fields
from tests.builders.values import company_ref, contact_ref
from tests.kit.waiting import eventually

READ_ONLY = {
    "number": 7,
    "created_at": "2020-01-01T00:00:00Z",
    "created_by": "user:eve",
    "updated_at": "2020-01-01T00:00:00Z",
    "updated_by": "user:eve",
    "moved_at": "2020-01-01T00:00:00Z",
    "closed": True,
    "closed_at": "2020-01-01T00:00:00Z",
    "stage_semantic": "S",
    "lead_id": "lead-1",
    "quote_id": "quote-1",
    "requisite_link": {"requisite_id": "r1", "state": "done"},
    "version": 1,
}
WRITES = [
    ("PATCH", "", {"title": "Changed"}),
    ("PUT", "/stage", {"stage_id": "WON"}),
    ("PUT", "/rows", {"rows": [{"name": "Advice"}]}),
    ("PUT", "/client", {"contacts": [{"contact_id": "ada"}]}),
    ("PUT", "/contacts", [{"contact_id": "ada"}]),
    ("POST", "/contacts", {"contact_id": "ada"}),
    ("DELETE", "/contacts/ada", None),
    ("PUT", "/requisites", {}),
]
ENDPOINTS = [("POST", "/deals", {}), *((method, f"/deals/deal-1{path}", body) for method, path, body in WRITES)]
EVERYBODY = Caller(actor=ANNA, roles=frozenset({"reader"}), scopes=frozenset())


async def test_a_deal_needs_nothing(api: Api) -> None:
    """DEAL-01, DEAL-12, CMN-01, CMN-04."""
    deal = await api.made("/deals")
    assert deal["title"] == f"Deal #{deal['number']}"
    assert (deal["pipeline_id"], deal["stage_id"], deal["closed"]) == ("default", "NEW", False)
    assert (deal["responsible_id"], deal["created_by"]) == ("anna", "user:anna")
    assert deal["begin_date"] < deal["close_date"]
    assert await api.read(f"/deals/{deal['id']}") == deal


async def test_everything_that_is_said_of_a_deal_is_kept(api: Api) -> None:
    """DEAL-01."""
    said = {
        "title": "Pumps for ACME",
        "begin_date": "2026-01-01",
        "close_date": "2026-02-01",
        "additional_info": "by the end of the month",
        "comments": "asked for a discount",
        "source_id": "WEB",
        "source_description": "fair",
        "responsible_id": "bob",
        "observers": ["eve"],
        "open_to_all": False,
        "stage_id": "EXECUTING",
    }
    rows = [{"name": "Pump", "price": "495.00", "quantity": "2"}]
    deal = await api.made("/deals", {**said, "rows": rows, "utm": {"source": "letter"}})
    assert {name: deal[name] for name in said} == said
    assert (deal["amount"], deal["utm"]["source"]) == ({"value": "990.00", "currency": "EUR"}, "letter")


async def test_every_wrong_field_is_named(api: Api) -> None:
    body = {
        "title": 7,
        "begin_date": "soon",
        "observers": "eve",
        "contacts": [{"contact_id": ""}],
        "rows": [{"price": "-1"}],
        "nonsense": True,
    }
    named = ["begin_date", "contacts.0.contact_id", "nonsense", "observers", "rows.0.price", "title"]
    assert sorted(wrong_fields(await api("POST", "/deals", body))) == named


async def test_an_unknown_stage_pipeline_or_product_is_named(api: Api) -> None:
    """DEAL-06, ROW-01."""
    assert wrong_fields(await api("POST", "/deals", {"stage_id": "JUNK"})) == ["stage_id"]
    assert wrong_fields(await api("POST", "/deals", {"pipeline_id": "nowhere"})) == ["pipeline_id"]
    assert wrong_fields(await api("POST", "/deals", {"rows": [{"product_id": "x"}, {}]})) == [
        "rows.0.product_id",
        "rows.1.name",
    ]
    assert wrong_fields(await api("POST", "/deals", {"origin_id": "1"})) == ["originator_id"]


@pytest.mark.parametrize("name", READ_ONLY)
async def test_what_the_system_writes_cannot_be_written(api: Api, name: str) -> None:
    """CMN-10, DEAL-08, DEAL-10."""
    deal = await api.made("/deals")
    for method, path in (("POST", "/deals"), ("PATCH", f"/deals/{deal['id']}")):
        assert wrong_fields(await api(method, path, {name: READ_ONLY[name]})) == [name]
    assert await api.read(f"/deals/{deal['id']}") == deal


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
async def test_nobody_writes_without_the_permission(api: Api, method: str, path: str, body: Any) -> None:
    assert (await api(method, path, body, roles=None)).status_code == 401
    assert (await api(method, path, body, roles=["reader"])).status_code == 403


@pytest.mark.parametrize("path", ["/deals", "/deals/deal-1", "/deal-stages"])
async def test_nobody_reads_without_the_permission(api: Api, path: str) -> None:
    assert (await api("GET", path, roles=None)).status_code == 401
    assert (await api("GET", path, roles=[])).status_code == 403


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS[1:])
async def test_a_deal_that_is_not_there_is_not_found(api: Api, method: str, path: str, body: Any) -> None:
    assert (await api(method, path.replace("deal-1", "nobody"), body)).status_code == 404


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_a_change_of_an_old_copy_is_refused(api: Api, method: str, path: str, body: Any) -> None:
    deal = await api.made("/deals", {"contacts": [{"contact_id": "bob"}]})
    refused = await api(method, f"/deals/{deal['id']}{path}", body, if_match='"99"')
    assert (refused.status_code, refused.json()["code"]) == (412, "version_mismatch")
    assert await api.read(f"/deals/{deal['id']}") == deal
    assert (await api(method, f"/deals/{deal['id']}{path}", body, if_match='"1"')).status_code in {200, 202}


async def test_a_request_that_is_repeated_with_its_key_makes_one_deal(api: Api) -> None:
    key = str(uuid4())
    first = await api("POST", "/deals", {"title": "Once"}, idempotency_key=key)
    again = await api("POST", "/deals", {"title": "Once"}, idempotency_key=key)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert (await api("POST", "/deals", {"title": "Twice"}, idempotency_key=key)).status_code == 409


async def test_an_origin_belongs_to_one_deal(api: Api) -> None:
    """CMN-14."""
    body = {"originator_id": "shop", "origin_id": str(uuid4())}
    deal = await api.made("/deals", body)
    taken = await api("POST", "/deals", body)
    assert (taken.status_code, taken.json()["code"]) == (409, "origin_taken")
    assert (taken.json()["existing_id"], deal["id"] in taken.json()["detail"]) == (deal["id"], True)


async def test_a_correction_changes_what_it_says_and_a_correction_of_nothing_changes_nothing(api: Api) -> None:
    """DEAL-01."""
    deal = await api.made("/deals", {"comments": "first"})
    path = f"/deals/{deal['id']}"
    changed = await api("PATCH", path, {"comments": "second", "contacts": [{"contact_id": "ada"}]})
    assert (changed.json()["comments"], changed.json()["version"], changed.headers["etag"]) == ("second", 2, '"2"')
    assert changed.json()["client"]["contacts"][0]["contact_id"] == "ada"
    assert (await api("PATCH", path, {"comments": "second"})).json() == changed.json()
    two = await api("PATCH", path, {"comments": "third", "company_id": ["acme", "bell"]})
    assert (wrong_fields(two), two.json()["code"]) == (["company_id"], "only_one_company")
    assert await api.read(path) == changed.json()


async def test_a_deal_moves_and_being_there_already_changes_nothing(api: Api) -> None:
    """DEAL-06, DEAL-08."""
    deal = await api.made("/deals")
    path = f"/deals/{deal['id']}/stage"
    won = (await api("PUT", path, {"stage_id": "WON"})).json()
    assert (won["closed"], won["stage_semantic"], won["closed_at"]) == (True, "S", won["moved_at"])
    assert (await api("PUT", path, {"stage_id": "WON"})).json() == won
    back = (await api("PUT", path, {"stage_id": "NEW"})).json()
    assert (back["closed"], back["closed_at"]) == (False, None)
    assert wrong_fields(await api("PUT", path, {"stage_id": "JUNK"})) == ["stage_id"]


async def test_the_stages_of_a_pipeline_are_listed_in_their_order(api: Api) -> None:
    """DEAL-07."""
    stages = (await api.read("/deal-stages"))["items"]
    assert [stage["id"] for stage in stages][:3] == ["NEW", "PREPARATION", "PREPAYMENT_INVOICE"]
    assert wrong_fields(await api("GET", "/deal-stages?pipeline_id=nowhere")) == ["pipeline_id"]


async def test_products_make_the_amount_of_a_deal(api: Api) -> None:
    """ROW-01, ROW-02."""
    deal = await api.made("/deals")
    path = f"/deals/{deal['id']}/rows"
    sold = (await api("PUT", path, {"rows": [{"name": "Pump", "price": "0.005"}]})).json()
    assert (sold["amount"]["value"], sold["is_manual_amount"]) == ("0.01", False)
    assert wrong_fields(await api("PUT", path, {"amount": {"value": "5", "currency": "EUR"}})) == ["amount"]
    same = {"rows": [{"id": sold["rows"][0]["id"], "name": "Pump", "price": "0.005"}]}
    assert (await api("PUT", path, same)).json() == sold


async def test_a_contact_is_linked_once_and_unlinked(api: Api) -> None:
    """CLI-06."""
    deal = await api.made("/deals")
    path = f"/deals/{deal['id']}/contacts"
    first, again = await api("POST", path, {"contact_id": "ada"}), await api("POST", path, {"contact_id": "ada"})
    assert (first.json()["added"], again.json()["added"]) == (True, False)
    both = (await api("PUT", path, [{"contact_id": "bob"}, {"contact_id": "ada", "is_primary": True}])).json()
    assert [(link["contact_id"], link["is_primary"]) for link in both["client"]["contacts"]] == [
        ("bob", False),
        ("ada", True),
    ]
    left = (await api("DELETE", f"{path}/ada")).json()
    assert [(link["contact_id"], link["is_primary"]) for link in left["client"]["contacts"]] == [("bob", True)]


@pytest.mark.parametrize("path", ["POST /deals", "PUT client"])
async def test_two_companies_are_one_too_many(api: Api, path: str) -> None:
    """CLI-06."""
    deal, body = await api.made("/deals"), {"company_id": ["acme", "bell"]}
    call = {"POST /deals": ("POST", "/deals"), "PUT client": ("PUT", f"/deals/{deal['id']}/client")}[path]
    answer = await api(*call, body)
    assert (wrong_fields(answer), answer.json()["code"]) == (["company_id"], "only_one_company")
    assert (await api("POST", "/deals", {"company_id": ["acme"]})).json()["client"]["company"]["id"] == "acme"


@pytest.mark.parametrize("is_there", [True, False])
async def test_whoever_waits_for_a_company_sees_its_contacts_or_that_it_is_not_there(
    api: Api, *, is_there: bool
) -> None:
    """CLI-07."""
    deal = await api.made("/deals")
    path = f"/deals/{deal['id']}"
    accepted = await api("PUT", f"{path}/client", {"company_id": "bell"})
    assert (accepted.status_code, accepted.json()["client"]["link_state"]) == (202, "pending")
    call = asyncio.create_task(api("PUT", f"{path}/client", {"company_id": "acme"}, prefer="wait=20"))

    async def is_asked() -> bool:
        return bool((await api.read(path))["client"]["link_no"] == 2)

    await eventually(is_asked, "the company is asked for")
    element = ElementRef(type="deal", id=deal["id"])
    late = ElementContactsResolved(
        element=element, link_no=1, company=company_ref("bell"), contacts=(contact_ref("dan"),)
    )
    found = ElementContactsResolved(element=element, link_no=2, company=company_ref(), contacts=(contact_ref(),))
    refusal = ElementCompanyRefused(element=element, link_no=2, company=company_ref(), code="company_not_found")
    said: list[Event] = [late, found if is_there else refusal]
    for event in said:
        envelope = an_event(event, id_=str(uuid4()))
        owners = {"deal": api.documents(Deal, "deals")}
        await react(client_answer_reactions(owners, removed_clients=NobodyLeft()), envelope)
    answer = await call
    client = answer.json()["client"]
    assert [link["contact_id"] for link in client["contacts"]] == (["ada"] if is_there else [])
    assert (answer.status_code, client["link_state"]) == ((200, "done") if is_there else (409, "refused"))


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("stage_id=NWE", "stage_not_in_pipeline", "there is no stage NWE; did you mean NEW?"),
        ("stage_id=won", "stage_not_in_pipeline", "there is no stage won; there are APOLOGY, EXECUTING"),
        ("stage_id=JUNK", "stage_not_in_pipeline", "there is no stage JUNK; there are APOLOGY, EXECUTING"),
        ("stage_id=", "stage_not_in_pipeline", "there is no stage ; there are APOLOGY"),
        (
            "stage_id=NEW,WON",
            "stage_not_in_pipeline",
            'several are for POST /v1/deals/query: {"filter": {"stage_id": {"in": ["NEW", "WON"]}}}',
        ),
        ("pipeline_id=defualt", "pipeline_not_found", "there is no pipeline defualt; did you mean default?"),
        ("pipeline_id=nowhere", "pipeline_not_found", "there is no pipeline nowhere; there are default"),
    ],
)
async def test_a_list_by_a_stage_or_pipeline_that_does_not_exist_is_refused_with_those_that_do(
    api: Api, query: str, code: str, message: str
) -> None:
    """DEAL-01, DEAL-06, DEAL-07: nobody takes an empty page for the answer."""
    refused = await api("GET", f"/deals?{query}")
    assert wrong_fields(refused) == [query.partition("=")[0]]
    (wrong,) = refused.json()["errors"]
    assert (wrong["code"], message in wrong["message"]) == (code, True), wrong


async def test_deals_are_listed_by_equality_newest_first(api: Api) -> None:
    """DEAL-01."""
    mine = f"user-{uuid4()}"
    first = await api.made("/deals", {"responsible_id": mine, "company_id": mine, "contacts": [{"contact_id": mine}]})
    second = await api.made("/deals", {"responsible_id": mine, "stage_id": "WON"})
    from_lead = just_created_deal(f"deal-of-{mine}", conversion=ASKED_BY.model_copy(update={"lead_id": mine}))
    from_lead.number = 10**6
    await api.documents(Deal, "deals").add(from_lead, a_cause())
    for query, expected in (
        (f"responsible_id={mine}", [second["id"], first["id"]]),
        (f"responsible_id={mine}&stage_id=WON&pipeline_id=default", [second["id"]]),
        (f"company_id={mine}", [first["id"]]),
        (f"contact_id={mine}", [first["id"]]),
        (f"lead_id={mine}", [from_lead.id]),
    ):
        assert await api.ids(f"/deals?{query}") == expected
    page = await api.read(f"/deals?responsible_id={mine}&limit=1")
    rest = await api.read(f"/deals?responsible_id={mine}&limit=1&cursor={page['next_cursor']}")
    assert ([page["items"][0]["id"], rest["items"][0]["id"]], rest["next_cursor"]) == (
        [second["id"], first["id"]],
        None,
    )
    assert wrong_fields(await api("GET", "/deals?limit=0")) == ["limit"]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_whoever_creates_or_corrects_a_deal_may_wait_for_its_company(api: Api, method: str) -> None:
    """CLI-07: as `PUT .../client` does."""
    id_ = str(uuid4()) if method == "POST" else (await api.made("/deals"))["id"]
    path, named = ("/deals", {"id": id_}) if method == "POST" else (f"/deals/{id_}", {})
    call = asyncio.create_task(api(method, path, {"company_id": "acme", **named}, prefer="wait=20"))

    async def is_asked() -> bool:
        found = await api("GET", f"/deals/{id_}")
        return found.status_code == 200 and found.json()["client"]["link_state"] == "pending"

    await eventually(is_asked, "the company is asked for")
    element = ElementRef(type="deal", id=id_)
    found = ElementContactsResolved(element=element, link_no=1, company=company_ref(), contacts=(contact_ref(),))
    owners = {"deal": api.documents(Deal, "deals")}
    await react(client_answer_reactions(owners, removed_clients=NobodyLeft()), an_event(found, id_=str(uuid4())))
    answer = await call
    assert (answer.status_code, answer.json()["client"]["link_state"]) == (201 if method == "POST" else 200, "done")
    assert [link["contact_id"] for link in answer.json()["client"]["contacts"]] == ["ada"]
    assert answer.headers["preference-applied"] == "wait=20"


@pytest.mark.parametrize("given", ["0", "0.0", "86400", "2026-02-30", "2026-01-01T00:00:00", 0])
async def test_the_dates_of_a_deal_are_dates_in_iso_8601_or_refused(api: Api, given: Any) -> None:
    """DEAL-01."""
    deal = await api.made("/deals")
    for method, path in (("POST", "/deals"), ("PATCH", f"/deals/{deal['id']}")):
        answer = await api(method, path, {"begin_date": given, "close_date": given})
        assert wrong_fields(answer) == ["begin_date", "close_date"]
    assert await api.read(f"/deals/{deal['id']}") == deal


async def test_two_currencies_of_one_deal_are_refused_by_name(api: Api) -> None:
    body = {"currency": "USD", "amount": {"value": "10", "currency": "EUR"}, "is_manual_amount": True}
    refused = await api("POST", "/deals", body)
    assert (wrong_fields(refused), refused.json()["code"]) == (["currency", "amount.currency"], "currency_mismatch")


async def test_a_linked_contact_is_not_added_differently_and_each_difference_is_named(api: Api) -> None:
    """CLI-06: the list is set to change how it is linked."""
    deal = await api.made("/deals", {"contacts": [{"contact_id": "bob"}, {"contact_id": "ada"}]})
    path = f"/deals/{deal['id']}/contacts"
    refused = await api("POST", path, {"contact_id": "ada", "sort": 5, "is_primary": True, "role_id": 3})
    assert (refused.status_code, refused.json()["code"]) == (409, "linked_differently")
    assert [error["field"] for error in refused.json()["errors"]] == ["sort", "is_primary", "role_id"]
    assert await api.read(f"/deals/{deal['id']}") == deal
    changed = (await api("PUT", path, [{"contact_id": "bob"}, {"contact_id": "ada", "role_id": 3}])).json()
    assert [(link["contact_id"], link["role_id"]) for link in changed["client"]["contacts"]] == [("bob", 0), ("ada", 3)]


async def test_the_first_flagged_contact_in_the_order_passed_is_primary_whatever_its_sort(api: Api) -> None:
    """CLI-06: without a flag it is the first one passed."""
    flagged = [
        {"contact_id": "ada", "sort": 90, "is_primary": True},
        {"contact_id": "bob", "sort": 1, "is_primary": True},
    ]
    deal = await api.made("/deals", {"contacts": flagged})
    assert [(link["contact_id"], link["is_primary"]) for link in deal["client"]["contacts"]] == [
        ("bob", False),
        ("ada", True),
    ]
    plain = await api.made(
        "/deals", {"contacts": [{"contact_id": "ada", "sort": 90}, {"contact_id": "bob", "sort": 1}]}
    )
    assert [link["contact_id"] for link in plain["client"]["contacts"] if link["is_primary"]] == ["ada"]


async def test_what_an_event_cannot_carry_is_refused_and_named(api: Api) -> None:
    """CLI-06, ROW-01, DEAL-01: on a new deal and on one that is there."""
    contacts = [{"contact_id": f"{number:03d}{chr(1) * 97}"} for number in range(500)]
    rows = [{"name": "\x01" * 255} for _ in range(500)]
    texts = {"comments": "€" * 19_000, "additional_info": "\x01" * 20_000}
    deal = await api.made("/deals")
    path = f"/deals/{deal['id']}"
    for create, (method, of, change), field in (
        ({"contacts": contacts}, ("PUT", "/contacts", contacts), "contacts"),
        ({"rows": rows}, ("PUT", "/rows", {"rows": rows}), "rows"),
        (texts, ("PATCH", "", texts), "additional_info"),
    ):
        for answer in (await api("POST", "/deals", create), await api(method, f"{path}{of}", change)):
            assert (wrong_fields(answer), answer.json()["code"]) == ([field], "too_large")
    assert await api.read(path) == deal
    full = await api.made("/deals", {"contacts": [{"contact_id": str(number)} for number in range(500)]})
    more = await api("POST", f"/deals/{full['id']}/contacts", {"contact_id": "one-more"})
    assert (wrong_fields(more), more.json()["errors"][0]["code"]) == (["contact_id"], "too_many_contacts")


async def test_everything_that_is_wrong_with_a_new_deal_is_named_at_once(api: Api) -> None:
    """DEAL-01, DEAL-06, ROW-01, DICT-01: stage, products and codes of dictionaries."""
    rows = [{"product_id": "none", "quantity": "1"}, {"name": "Pump", "price": "1"}]
    wrong = {"stage_id": "NWE", "source_id": "NOPE", "rows": rows}
    for method, path in (("POST", "/deals"), ("PUT", f"/deals/external/shop/{uuid4()}")):
        refused = await api(method, path, wrong)
        assert wrong_fields(refused) == ["rows.0.product_id", "source_id", "stage_id"], refused.text
        codes = [each["code"] for each in refused.json()["errors"]]
        assert codes == ["product_not_found", "unknown_value", "stage_not_in_pipeline"]
    assert (await api("POST", "/deals", {"rows": rows[1:]})).status_code == 201
