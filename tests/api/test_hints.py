"""A refusal shows what is to be sent instead: another field, another request, or a text of the right form."""

from typing import Any

import pytest

from tests.api.test_errors import refused
from tests.security.conftest import System


@pytest.mark.parametrize(
    ("service", "path", "field", "hint"),
    [
        (
            "deals",
            "/deals",
            "client",
            "send company_id, contacts, auto_link_contacts, or use PUT /v1/deals/{deal_id}/client",
        ),
        ("leads", "/leads", "stage_semantic", "send stage_id, or use PUT /v1/leads/{lead_id}/stage"),
        ("deals", "/deals", "requisite_link", "use PUT /v1/deals/{deal_id}/requisites"),
        (
            "clients",
            "/contacts",
            "company_id",
            "send company_ids, or use PUT /v1/contacts/{contact_id}/companies/{company_id}",
        ),
        (
            "clients",
            "/contacts",
            "companies",
            "send company_ids, or use PUT /v1/contacts/{contact_id}/companies/{company_id}",
        ),
        ("clients", "/companies", "number", "the service sets it"),
        ("catalog", "/products", "created_at", "the service sets it"),
    ],
)
async def test_a_field_that_is_read_but_not_sent_leads_to_what_is_sent_instead(
    service: str, path: str, field: str, hint: str, system: System
) -> None:
    problem = await refused(system, service, "POST", path, {field: "x", "title": "ACME"})
    assert f"{field} is only shown: {hint}" in [each["message"] for each in problem["errors"]]


@pytest.mark.parametrize(
    ("service", "path"), [("clients", "/contacts"), ("clients", "/companies"), ("catalog", "/products")]
)
async def test_who_searches_in_a_list_that_is_not_searched_is_told_where_to_search(
    service: str, path: str, system: System
) -> None:
    """CLI-03."""
    problem = await refused(system, service, "GET", f"{path}?q=pump", None)
    (wrong,) = problem["errors"]
    assert (wrong["field"], wrong["code"]) == ("q", "unknown_parameter")
    for address in ("GET /v1/search of timeline", "GET /v1/clients/search"):
        assert address in wrong["message"]
    queried = await refused(system, service, "POST", f"{path}/query", {"q": "pump"})
    assert queried["errors"][0]["message"].partition("; ")[2] == wrong["message"].partition("; ")[2]


@pytest.mark.parametrize(
    ("parameter", "told"),
    [("sort=-amount", "`order`"), ("page=2", "`cursor`"), ("offset=50", "`cursor`"), ("fields=id", "`select`")],
)
async def test_a_parameter_that_other_systems_have_leads_to_ours(parameter: str, told: str, system: System) -> None:
    problem = await refused(system, "deals", "GET", f"/deals?{parameter}", None)
    assert problem["code"] == "unknown_parameter"
    assert told in problem["detail"]


@pytest.mark.parametrize(("service", "path", "field"), [("leads", "/leads", "phone"), ("deals", "/deals", "number")])
async def test_a_parameter_that_the_filter_has_leads_to_the_filter(
    service: str, path: str, field: str, system: System
) -> None:
    """DEAL-01."""
    (wrong,) = (await refused(system, service, "GET", f"{path}?{field}=1", None))["errors"]
    told = f'there is no such parameter; the filter has it: filter={{"{field}": ...}}'
    assert (wrong["field"], wrong["message"]) == (field, told)


async def test_what_has_to_be_one_of_few_values_names_them_where_it_is_missing(system: System) -> None:
    """CLI-03."""
    problem = await refused(system, "clients", "GET", "/clients/search?q=ada", None)
    message = "one of these is needed: 'contact' or 'company'"
    assert problem["errors"] == [{"field": "type", "code": "missing", "message": message}]


async def test_an_item_of_a_batch_gets_the_hints_of_a_single_record(system: System) -> None:
    body = {"items": [{"title": "Pumps"}, {"client": {}}, {"amount": 5}]}
    (_, shown, amount) = (await system.apis["deals"].call("POST", "/deals/batch", body)).json()["items"]
    assert shown["problem"]["detail"].startswith("client is only shown: send company_id")
    assert amount["problem"]["detail"].endswith('such as {"value": "12.50", "currency": "EUR"}.')


async def test_every_field_that_an_answer_shows_has_a_hint_where_it_cannot_be_sent(system: System) -> None:
    for service, path in (("leads", "/leads"), ("deals", "/deals"), ("clients", "/companies")):
        shown = (await system.apis[service].call("POST", path, {"title": "ACME"})).json()
        for method, at in (("POST", path), ("PATCH", f"{path}/{shown['id']}")):
            problem = (await system.apis[service].call(method, at, shown)).json()
            unknown = [each for each in problem["errors"] if each["code"] == "extra_forbidden"]
            assert unknown
            assert not [each for each in unknown if "no such field" in each["message"]]


@pytest.mark.parametrize(
    ("service", "request_line", "body", "message"),
    [
        ("timeline", "GET /timeline?element=0199f2a4", None, "such as `deal:0199f2a4-7c1e-7a52-9f0b-3d1f6c2e8a10`"),
        ("deals", "PATCH /deals/x", {}, 'such as `"3"`'),
        ("leads", "POST /leads", {"id": "mine"}, "such as `0199f2a4-7c1e-7a52-9f0b-3d1f6c2e8a10`"),
    ],
)
async def test_a_text_of_a_wrong_form_is_told_the_right_one(
    service: str, request_line: str, body: Any, message: str, system: System
) -> None:
    method, path = request_line.split()
    answer = await system.apis[service].call(method, path, body, **({"if_match": "abc"} if method == "PATCH" else {}))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"] == f"the text has not the form that is needed, {message}"
