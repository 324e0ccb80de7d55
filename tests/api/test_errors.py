"""Errors say in words what is wrong and what to do; their codes have pages, and their ids are found in the log."""

import json
from typing import Any

import httpx
import pytest

from deploy.local.services import SERVICES
from tests.security.conftest import System


async def a_deal(system: System) -> str:
    return str((await system.apis["deals"].call("POST", "/deals", {})).json()["id"])


async def refused(system: System, service: str, method: str, path: str, body: Any) -> dict[str, Any]:
    answer = await system.apis[service].call(method, path, body)
    assert answer.status_code == 422, answer.text
    problem: dict[str, Any] = answer.json()
    return problem


@pytest.mark.parametrize(
    ("service", "path", "body", "detail"),
    [
        ("leads", "/leads", {"titel": "Pumps"}, "titel: there is no such field; did you mean title?"),
        (
            "deals",
            "/deals",
            {"responsibleid": "anna"},
            "responsibleid: there is no such field; did you mean responsible_id?",
        ),
        (
            "leads",
            "/leads",
            {"phones": [{"valeu": "1", "value": "1"}]},
            "phones.0.valeu: there is no such field; did you mean value?",
        ),
        ("clients", "/contacts", {"last_name": "Berg", "zzz": 1}, "zzz: there is no such field."),
        (
            "leads",
            "/leads",
            {"phones": ["030 901820"]},
            'phones.0: an object is needed, such as {"value": "030 901820"}.',
        ),
        (
            "leads",
            "/leads",
            {"amount": 5},
            'amount: an object is needed, such as {"value": "12.50", "currency": "EUR"}.',
        ),
        (
            "clients",
            "/contacts",
            {"last_name": "Berg", "link_to": "lead:1"},
            'link_to: an object is needed, such as {"type": "lead", "id": "0199f2a4-7c1e-7a52-9f0b-3d1f6c2e8a10"}.',
        ),
        (
            "leads",
            "/leads/batch",
            [{"title": "Pumps"}],
            'body: an object is needed, such as {"items": [{"title": "Pumps for Berlin"}]}.',
        ),
        ("deals", "/deals", {"rows": {}}, 'rows: a list is needed, such as [{"name": "Pump"}].'),
        (
            "deals",
            "/deals/query",
            {"order": ["amount", "desc"]},
            'order: a list of pairs is needed, such as [["created_at", "desc"]].',
        ),
        ("leads", "/leads", {"title": 7}, "title: a text is needed."),
        ("leads", "/leads", {"observers": "anna"}, "observers: a list is needed, such as []."),
        ("deals", "/deals", {"title": "x" * 256}, "title: at most 255 characters are allowed."),
        ("clients", "/duplicates/find", {"kind": "phone"}, "values: this is needed."),
    ],
)
async def test_a_wrong_field_is_explained_in_plain_words(
    service: str, path: str, body: Any, detail: str, system: System
) -> None:
    problem = await refused(system, service, "POST", path, body)
    assert problem["detail"] == detail
    assert problem["title"] == "Invalid fields"


@pytest.mark.parametrize(
    ("field", "value", "operation"),
    [
        ("amount", {"value": "1", "currency": "EUR"}, "PUT /v1/deals/{deal_id}/rows"),
        ("rows", [], "PUT /v1/deals/{deal_id}/rows"),
        ("stage_id", "WON", "PUT /v1/deals/{deal_id}/stage"),
        ("requisite_id", "x", "PUT /v1/deals/{deal_id}/requisites"),
        ("currency", "EUR", "PUT /v1/deals/{deal_id}/rows, as amount.currency"),
    ],
)
async def test_a_field_that_another_request_changes_leads_there(
    field: str, value: Any, operation: str, system: System
) -> None:
    problem = await refused(system, "deals", "PATCH", f"/deals/{await a_deal(system)}", {field: value})
    assert problem["detail"] == f"{field} is changed by {operation}."


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("idempotency_key_reused", "compared byte for byte"),
        ("id_taken", "finds records by their origin (products by `external_id`), and not by their id"),
    ],
)
async def test_the_page_of_an_error_says_what_a_caller_would_not_guess(code: str, advice: str, system: System) -> None:
    """CMN-14."""
    answer = await system.apis["leads"].client.get(f"http://leads/errors/{code}")
    assert advice in answer.json()["advice"]


@pytest.mark.parametrize("field", ["id", "originator_id"])
async def test_a_field_that_only_a_new_record_takes_is_not_called_unknown(field: str, system: System) -> None:
    problem = await refused(system, "deals", "PATCH", f"/deals/{await a_deal(system)}", {field: "x"})
    assert problem["detail"] == f"{field} is taken only where a record is created."


async def test_the_pipeline_of_a_deal_is_changed_by_the_route_of_its_stage(system: System) -> None:
    """PIPE-05."""
    problem = await refused(system, "deals", "PATCH", f"/deals/{await a_deal(system)}", {"pipeline_id": "x"})
    assert problem["detail"] == "pipeline_id is changed by PUT /v1/deals/{deal_id}/stage."


@pytest.mark.parametrize("field", ["name", "active", "external_id"])
async def test_a_field_of_another_resource_below_is_no_field_of_this_one(field: str, system: System) -> None:
    """Requisites have a name, and nobody means that of the requisites who sends that of a company."""
    clients = system.apis["clients"]
    company = (await clients.call("POST", "/companies", {"title": "ACME"})).json()["id"]
    problem = await refused(system, "clients", "PATCH", f"/companies/{company}", {field: "ACME"})
    assert problem["detail"].startswith(f"{field}: there is no such field")


async def test_several_wrong_fields_are_named_in_the_sentence(system: System) -> None:
    problem = await refused(system, "leads", "POST", "/leads", {"title": 7, "observers": "anna"})
    assert problem["detail"] == "2 fields are wrong, see `errors`: title, observers."


async def asked(system: System, method: str, path: str, **options: Any) -> httpx.Response:
    api = system.apis["leads"]
    headers = {"authorization": f"Bearer {api.signer.token()}", **options.pop("headers", {})}
    return await api.client.request(method, path, headers=headers, **options)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"title": }', "line 1, column 11"),
        ('{\n "title": "a",\n "x"\n}', "line 4, column 1"),
        ("{", "line 1, column 2"),
    ],
)
async def test_broken_json_is_shown_by_line_and_column(text: str, place: str, system: System) -> None:
    answer = await asked(system, "POST", "/leads", content=text, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert f"no JSON at {place}" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body", [b"\xff", b'{"title": "M\xfcller"}', b"[" * 100_000, b'{"opportunity": ' + b"9" * 5_000 + b"}"]
)
async def test_a_body_that_the_parser_gives_up_has_a_code_with_a_page(body: bytes, system: System) -> None:
    answer = await asked(system, "POST", "/leads", content=body, headers={"content-type": "application/json"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "unreadable_body")
    assert "not UTF-8" in problem["detail"]
    page = (await system.apis["leads"].client.get(f"http://leads{problem['type']}")).json()
    assert (page["code"], page["status"]) == ("unreadable_body", 400)


@pytest.mark.parametrize("type_", ["application/x-www-form-urlencoded", "text/plain", "application/xml", ""])
async def test_a_body_of_another_type_is_told_which_is_needed(type_: str, system: System) -> None:
    answer = await asked(system, "POST", "/leads", content='{"title": "a"}', headers={"content-type": type_})
    assert (answer.status_code, answer.json()["code"]) == (415, "wrong_content_type")
    assert "application/json" in answer.json()["detail"]


@pytest.mark.parametrize(
    "type_", ["application/json", "application/json; charset=utf-8", "application/merge-patch+json"]
)
async def test_json_is_taken_by_each_of_its_names(type_: str, system: System) -> None:
    answer = await asked(system, "POST", "/leads", content='{"title": "a"}', headers={"content-type": type_})
    assert answer.status_code == 201, answer.text


async def test_an_address_or_a_method_that_is_not_there_has_a_code_of_its_own(system: System) -> None:
    nowhere = await asked(system, "GET", "/lids")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "no_such_address")
    wrong = await asked(system, "PUT", "/leads")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET, HEAD, POST"
    assert "GET, HEAD, POST" in wrong.json()["detail"]


@pytest.mark.parametrize("service", SERVICES)
async def test_every_code_has_a_page_that_says_what_it_means_and_what_to_do(service: str, system: System) -> None:
    client = system.apis[service].client
    listed = (await client.get(f"http://{service}/errors")).json()["items"]
    assert len(listed) > 20
    for page in listed:
        assert (await client.get(f"http://{service}/errors/{page['code']}")).json() == page
        assert len(page["meaning"].split()) > 2, page
        assert len(page["advice"].split()) > 3, page
    unknown = await client.get(f"http://{service}/errors/nada")
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("service", "field", "told"),
    [
        ("deals", "stage_id", ["NEW", "PREPARATION", "WON"]),
        ("leads", "stage_id", ["NEW", "IN_PROCESS", "JUNK"]),
        ("deals", "pipeline_id", ["default"]),
    ],
)
async def test_a_wrong_name_is_answered_with_those_that_there_are(
    service: str, field: str, told: list[str], system: System
) -> None:
    """LEAD-06, DEAL-06."""
    problem = await refused(system, service, "POST", f"/{service}", {field: "NADA"})
    (wrong,) = problem["errors"]
    assert wrong["field"] == field
    for text in (wrong["message"], problem["detail"]):
        assert all(name in text for name in told), text


@pytest.mark.parametrize(
    "reason",
    [
        *("duplicates_found", "client_busy", "client_failed", "no_answer", "id_taken"),
        *("contact_not_found", "company_not_found", "pipeline_not_found"),
    ],
)
async def test_every_reason_of_a_refused_conversion_has_a_page(reason: str, system: System) -> None:
    """LEAD-13."""
    client = system.apis["leads"].client
    page = await client.get(f"http://leads/errors/{reason}")
    assert page.status_code == 200, page.text
    for kind in ("refused", "invalid"):
        assert page.json()["advice"] != (await client.get(f"http://leads/errors/{kind}")).json()["advice"]


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/deals/nada", None, "not_found"),
        ("POST", "/deals", {"stage_id": "NADA"}, "stage_not_in_pipeline"),
        ("POST", "/deals", {"company_id": ["a", "b"]}, "only_one_company"),
        ("POST", "/deals", {"titel": 1}, "invalid_fields"),
        ("GET", "/deals?status=NEW", None, "unknown_parameter"),
    ],
)
async def test_the_type_of_a_problem_leads_to_the_page_of_its_code(
    method: str, path: str, body: Any, code: str, system: System
) -> None:
    api = system.apis["deals"]
    problem = (await api.call(method, path, body)).json()
    assert problem["code"] == code
    page = (await api.client.get(f"http://deals{problem['type']}")).json()
    assert (page["code"], page["title"], page["status"]) == (code, problem["title"], problem["status"])
    assert not problem["title"][1:].islower() or " " in problem["title"]


async def test_a_refused_write_is_found_in_the_log_by_the_correlation_id_that_its_caller_was_given(
    system: System, capfd: pytest.CaptureFixture[str]
) -> None:
    deal = await a_deal(system)
    capfd.readouterr()
    path, body = f"/deals/{deal}/stage", {"stage_id": "Carla-Berg-030901820"}
    answer = await system.apis["deals"].call("PUT", path, body, x_correlation_id="ticket-1")
    assert answer.status_code == 422
    (line,) = [each for each in "".join(capfd.readouterr()).splitlines() if "ticket-1" in each]
    for word in ("write refused", "PUT", "/v1/deals/{deal_id}/stage", "422", "stage_not_in_pipeline", deal):
        assert word in line, json.dumps(line)
    assert "030901820" not in line


async def test_a_refused_read_and_a_done_write_leave_no_line(system: System, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    await system.apis["deals"].call("GET", "/deals/nada", x_correlation_id="ticket-2")
    await system.apis["deals"].call("POST", "/deals", {}, x_correlation_id="ticket-2")
    assert "ticket-2" not in "".join(capfd.readouterr())
