"""Lists of contacts and companies by filter, order and columns, over the API: the mechanism is the one of deals."""

import json
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.builders.running import Api, wrong_fields


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def office(api: Api) -> dict[str, str]:
    """Ids of contacts and companies of one user, whose id is that of `user`; one contact is deleted."""
    user = f"user-{uuid4()}"
    made = {"user": user}
    companies: dict[str, dict[str, Any]] = {
        "acme": {"title": "ACME", "revenue": {"value": "5000", "currency": "EUR"}},
        "zoo": {"title": "zoo", "emails": [{"value": "zoo@example.com"}]},
        "ours": {"title": "Äpfel & Co", "is_my_company": True},
    }
    for name, body in companies.items():
        made[name] = (await api.made("/companies", {"responsible_id": user, **body}))["id"]
    contacts: dict[str, dict[str, Any]] = {
        "ada": {"last_name": "Lovelace", "phones": [{"value": "+4930901820"}, {"value": "+4930901821"}]},
        "bob": {"first_name": "Bob", "emails": [{"value": "bob@example.com"}], "company_ids": [made["acme"]]},
        "cem": {"last_name": "özil", "company_ids": [made["zoo"], made["acme"]]},
        "dan": {"last_name": "Zuse", "phones": [{"value": "extension 12"}]},
        "eva": {"first_name": "Eva"},
    }
    for name, body in contacts.items():
        made[name] = (await api.made("/contacts", {"responsible_id": user, **body}))["id"]
    deleted = (await api.made("/contacts", {"responsible_id": user, "last_name": "Gone"}))["id"]
    assert (await api("DELETE", f"/contacts/{deleted}")).status_code == 204
    return {**made, "deleted": deleted}


async def found(api: Api, office: dict[str, str], plural: str, **body: Any) -> list[str]:
    """The names of what is found on all pages."""
    names, ids, cursor = {id_: name for name, id_ in office.items()}, list[str](), None
    mine = {"responsible_id": office["user"], **body.pop("filter", {})}
    while True:
        answer = await api("POST", f"/{plural}/query", {"filter": mine, "limit": 2, **body, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        ids += [item["id"] for item in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return [names[id_] for id_ in ids]


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ({"phone": "+4930901821"}, ["ada"]),
        ({"phone": "030 901821"}, ["ada"]),
        ({"phone": {"in": ["0049 30 901820", "+49 (30) 901899"]}}, ["ada"]),
        ({"phone": {"!=": "(030) 901820"}}, ["eva", "dan", "cem", "bob"]),
        ({"email": "BOB@Example.com"}, ["bob"]),
        ({"phone": {"empty": False}}, ["dan", "ada"]),
        ({"email": {"like": "%@EXAMPLE.com"}}, ["bob"]),
        ({"company_id": "acme"}, ["cem", "bob"]),
        ({"company_id": {"empty": True}}, ["eva", "dan", "ada"]),
        ({"last_name": {"like": "%z%"}}, ["dan", "cem"]),
        ({"or": [{"first_name": "Bob"}, {"last_name": "Zuse"}]}, ["dan", "bob"]),
        ({"not": {"last_name": {"empty": False}}}, ["eva", "bob"]),
        ({"export": True}, ["eva", "dan", "cem", "bob", "ada"]),
    ],
)
async def test_contacts_are_filtered_without_the_deleted_ones(
    api: Api, office: dict[str, str], filter_: Any, expected: list[str]
) -> None:
    """CONT-01, COMP-10: newest first."""
    named = json.loads(json.dumps(filter_).replace('"acme"', f'"{office["acme"]}"'))
    assert await found(api, office, "contacts", filter=named) == expected


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ({"is_my_company": True}, ["ours"]),
        ({"is_my_company": {"!=": True}}, ["zoo", "acme"]),
        ({"revenue": {">=": "5000"}, "revenue_currency": "EUR"}, ["acme"]),
        ({"email": "zoo@example.com"}, ["zoo"]),
        ({"title": {"like": "ä%"}}, ["ours"]),
    ],
)
async def test_companies_are_filtered(api: Api, office: dict[str, str], filter_: Any, expected: list[str]) -> None:
    """COMP-01, COMP-08: newest first."""
    assert await found(api, office, "companies", filter=filter_) == expected


async def test_clients_are_listed_by_name_as_people_sort(api: Api, office: dict[str, str]) -> None:
    """CONT-01, COMP-01: those without a last name first, by their first name."""
    by_name = ["bob", "eva", "ada", "cem", "dan"]
    assert await found(api, office, "contacts", order=[["last_name", "asc"]]) == by_name
    assert await found(api, office, "contacts", order=[["last_name", "desc"]]) == by_name[::-1]
    by_title = ["acme", "ours", "zoo"]
    assert await found(api, office, "companies", order=[["title", "asc"]]) == by_title
    assert await found(api, office, "companies", order=[["title", "desc"]], limit=1) == by_title[::-1]


async def test_a_filter_goes_into_the_address_of_both_lists(api: Api, office: dict[str, str]) -> None:
    """CONT-01, COMP-01: with equality beside it, of which a phone has any notation."""
    filter_ = json.dumps({"last_name": {"empty": False}})
    query = urlencode({"filter": filter_, "responsible_id": office["user"], "phone": "030 901820"})
    assert await api.ids(f"/contacts?{query}") == [office["ada"]]
    query = urlencode({"filter": json.dumps({"title": "ACME"}), "responsible_id": office["user"]})
    assert await api.ids(f"/companies?{query}") == [office["acme"]]
    assert wrong_fields(await api("GET", "/companies?filter=x")) == ["filter"]


async def test_a_list_of_clients_shows_selected_columns_with_current_names(api: Api, office: dict[str, str]) -> None:
    """CLI-01."""
    body = {"filter": {"id": office["bob"]}, "select": ["id", "companies"], "count": "capped"}
    answer = (await api("POST", "/contacts/query", body)).json()
    (item,) = answer["items"]
    assert item.keys() == {"id", "companies"}
    assert [company["title"] for company in item["companies"]] == ["ACME"]
    assert answer["count"] == {"value": 1, "is_exact": True}


async def test_a_list_of_clients_takes_its_own_fields_alone(api: Api) -> None:
    for plural in ("contacts", "companies"):
        path = f"/{plural}/query"
        assert wrong_fields(await api("POST", path, {"filter": {"stage_id": "NEW"}})) == ["filter.stage_id"]
        assert wrong_fields(await api("POST", path, {"filter": {"deleted_at": {"empty": False}}})) == [
            "filter.deleted_at"
        ]
        assert (await api("POST", path, {}, roles=[])).status_code == 403


async def test_a_phone_or_an_email_that_can_be_compared_in_no_notation_is_refused(api: Api) -> None:
    """DEAL-01: an empty list would say that none has it, while some keep it as it was typed."""
    wrong = {"or": [{"phone": "extension 12"}, {"email": {"in": ["ada@example.com", "ada at example"]}}]}
    answer = await api("POST", "/contacts/query", {"filter": wrong})
    assert wrong_fields(answer) == ["filter.or.0.phone", "filter.or.1.email.in.1"]
    assert {each["code"] for each in answer.json()["errors"]} == {"wrong_operand"}
