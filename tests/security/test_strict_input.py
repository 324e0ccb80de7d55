"""Every route of every service refuses what it does not know, and writes nothing of such a request.

The routes are the apps' own, and what each knows is what its OpenAPI says.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest

from deploy.local.services import SERVICES
from tests.security.conftest import Operation, System
from tests.security.test_every_route import closed

HEADERS: Final = {"if-match": '"1"', "idempotency-key": "k-1", "prefer": "wait=1"}
PRECONDITIONS: Final = {"if-none-match": "*", "if-unmodified-since": "Sun, 06 Nov 1994 08:49:37 GMT"}
WITH_BODY: Final = {"POST", "PUT", "PATCH"}
STALE: Final = '"99"'

BODIES: Final[Mapping[str, Any]] = {
    "PUT /v1/leads/{lead_id}/stage": {"stage_id": "NEW"},
    "PUT /v1/deals/{deal_id}/stage": {"stage_id": "NEW"},
    "PUT /v1/deals/{deal_id}/rank": {"before": "nobody"},
    "PUT /v1/leads/{lead_id}/contacts": [],
    "PUT /v1/deals/{deal_id}/contacts": [],
    "POST /v1/leads/{lead_id}/contacts": {"contact_id": "ada"},
    "POST /v1/deals/{deal_id}/contacts": {"contact_id": "ada"},
    "POST /v1/contacts/{contact_id}/merge": {"others": ["{other_contact_id}"]},
    "POST /v1/companies/{company_id}/merge": {"others": ["{other_company_id}"]},
    "POST /v1/contacts/{contact_id}/requisites": {"name": "Ours", "address_only": True},
    "POST /v1/companies/{company_id}/requisites": {"name": "Ours", "address_only": True},
    "PUT /v1/contacts/{contact_id}/requisites/{requisite_id}": {"name": "Ours", "address_only": True},
    "PUT /v1/companies/{company_id}/requisites/{requisite_id}": {"name": "Ours", "address_only": True},
    "PUT /v1/departments/{department}": {"name": "x"},
    "PUT /v1/roles/{role}": {"name": "x"},
    "POST /v1/pipelines/{pipeline_id}/stages": {"id": "TALKS", "name": "Talks"},
    "PUT /v1/settings/mode": {"mode": "classic"},
    "PUT /v1/forms/{form}": {"name": "Contact us", "responsible_id": "anna"},
    "PUT /v1/settings/leads": {"repeat_leads_enabled": True},
    "POST /v1/lead-stages": {"id": "TALKS", "name": "Talks"},
    "POST /v1/dictionaries/{code}/values": {"code": "RIVAL", "name": "Rival"},
}
"""Valid bodies of the conditional routes for which `{}` is none."""


def admin(system: System, **more: str) -> dict[str, str]:
    return {"authorization": f"Bearer {system.signer.token(roles=['admin'])}", **more}


async def sent(
    system: System,
    operation: Operation,
    address: str = "",
    *,
    body: Any = None,
    headers: Sequence[tuple[str, str]] = (),
    params: Sequence[tuple[str, str]] = (),
) -> httpx.Response:
    json = {} if body is None and operation.method in WITH_BODY else body
    return await system.apis[operation.service].client.request(
        operation.method,
        f"http://{operation.service}{address or operation.address}",
        json=json,
        params=list(params),
        headers=[*admin(system).items(), *headers],
    )


def names(operation: Operation, place: str) -> list[str]:
    return [parameter["name"] for parameter in operation.parameters if parameter["in"] == place]


def assert_refused(answer: httpx.Response, operation: Operation, code: str, *fields: str) -> None:
    assert answer.status_code == 422, f"{operation}: {answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    wrong = [(error["field"], error["code"]) for error in answer.json()["errors"]]
    assert wrong == [(field, code) for field in fields], f"{operation}: {answer.text}"
    assert answer.json()["code"] == code


async def contents(system: System, service: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Everything in the service's database; `due` is moved by the sweeper."""
    inner = system.apis[service].database._inner
    found = {}
    for name in sorted(await inner.list_collection_names()):
        found[name] = await inner[name].find({}, {"due": 0}).sort("_id", 1).to_list(length=None)
    return found


@pytest.fixture
async def unchanged(system: System, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Whatever the test sends, nothing is written."""
    service = request.getfixturevalue("service")
    before = await contents(system, service)
    yield
    assert await contents(system, service) == before


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.usefixtures("unchanged")
async def test_an_unknown_parameter_is_refused_by_every_route(system: System, service: str) -> None:
    for operation in closed(system, service):
        answer = await sent(system, operation, params=[("nonsense", "1"), ("stage_ix", "")])
        assert_refused(answer, operation, "unknown_parameter", "nonsense", "stage_ix")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.usefixtures("unchanged")
async def test_a_parameter_that_is_given_twice_is_refused_by_every_route(system: System, service: str) -> None:
    asked = 0
    for operation in closed(system, service):
        for name in names(operation, "query"):
            answer = await sent(system, operation, params=[(name, "1"), (name, "1")])
            assert_refused(answer, operation, "repeated_parameter", name)
            asked += 1
    assert asked


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.usefixtures("unchanged")
async def test_a_header_that_a_route_does_not_act_on_is_refused(system: System, service: str) -> None:
    for operation in closed(system, service):
        known = [name for name in names(operation, "header") if name not in PRECONDITIONS]
        assert set(known) <= HEADERS.keys(), operation
        others = [name for name in HEADERS if name not in known]
        for name in others:
            answer = await sent(system, operation, headers=[(name, HEADERS[name])])
            assert_refused(answer, operation, "header_not_applicable", name)
        for name in known:
            answer = await sent(system, operation, headers=[(name, HEADERS[name])] * 2)
            assert_refused(answer, operation, "repeated_header", name)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.usefixtures("unchanged")
async def test_a_precondition_that_no_route_checks_stops_every_write(system: System, service: str) -> None:
    """`If-None-Match: *` means "only where there is none": ignored, an upsert would overwrite."""
    for operation in closed(system, service):
        if operation.method != "GET":
            for name, value in PRECONDITIONS.items():
                answer = await sent(system, operation, headers=[(name, value)])
                assert_refused(answer, operation, "header_not_applicable", name)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_cache_may_ask_whether_an_answer_has_changed(system: System, service: str) -> None:
    for operation in closed(system, service):
        if operation.method == "GET":
            plain = await sent(system, operation)
            conditional = await sent(system, operation, headers=[("if-none-match", STALE)])
            assert conditional.status_code == plain.status_code, operation


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.usefixtures("unchanged")
async def test_a_field_that_is_given_twice_is_refused_by_every_route(system: System, service: str) -> None:
    """However deep, and whatever the name: one of both values would be ignored."""
    described = system.apps[service].openapi()["paths"]
    for operation in closed(system, service):
        if "requestBody" in described.get(operation.path, {}).get(operation.method.lower(), {}):
            answer = await system.apis[service].client.request(
                operation.method,
                f"http://{service}{operation.address}",
                content=b'{"a": [{"title": "A", "title": "B"}], "n\\ud800": 1, "n\\ud800": 1}',
                headers=admin(system, **{"content-type": "application/json"}),
            )
            assert_refused(answer, operation, "repeated_field", "title", "n?")


def test_a_key_is_for_every_post_and_for_nothing_else(system: System) -> None:
    operations = [operation for service in SERVICES for operation in closed(system, service)]
    with_key = {str(each) for each in operations if "idempotency-key" in names(each, "header")}
    assert with_key == {str(each) for each in operations if each.method == "POST"}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.usefixtures("unchanged")
async def test_a_body_is_refused_where_nothing_is_read_from_it(system: System, service: str) -> None:
    described = system.apps[service].openapi()["paths"]
    for operation in closed(system, service):
        if "requestBody" not in described.get(operation.path, {}).get(operation.method.lower(), {}):
            answer = await sent(system, operation, body={"nonsense": 1})
            assert_refused(answer, operation, "body_not_applicable", "body")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.usefixtures("unchanged")
async def test_an_unknown_field_of_a_body_is_refused_by_every_route(system: System, service: str) -> None:
    described = system.apps[service].openapi()["paths"]
    for operation in closed(system, service):
        body = described.get(operation.path, {}).get(operation.method.lower(), {}).get("requestBody")
        if body is None:
            continue
        is_list = body["content"]["application/json"]["schema"].get("type") == "array"
        answer = await sent(system, operation, body=[{"nonsense": 1}] if is_list else {"nonsense": 1})
        assert answer.status_code == 422, f"{operation}: {answer.text}"
        wrong = {(error["field"], error["code"]) for error in answer.json()["errors"]}
        assert (f"{'0.' if is_list else ''}nonsense", "extra_forbidden") in wrong, f"{operation}: {answer.text}"


@pytest.mark.parametrize("service", ["leads", "deals", "clients", "catalog"])
@pytest.mark.usefixtures("unchanged")
async def test_an_origin_in_an_address_has_the_bounds_of_one_in_a_body(system: System, service: str) -> None:
    """CMN-14: neither empty nor longer than 255 characters, or no list would find the record by it."""
    asked = 0
    for operation in closed(system, service):
        for part in ("originator", "origin", "external_id"):
            if operation.method == "PUT" and f"{{{part}}}" in operation.path:
                for value in ("x" * 256, *([""] if part != "originator" else [])):
                    address = operation.path.format_map({"originator": "shop", "origin": "1", part: value})
                    answer = await sent(system, operation, address)
                    wrong = {error["field"]: error["code"] for error in answer.json().get("errors", [])}
                    assert wrong.get(part) in {"string_too_long", "string_too_short"}, f"{operation}: {answer.text}"
                    asked += 1
    assert asked


async def some(system: System) -> dict[str, str]:
    """The ids of records that exist, by the parameters of paths."""
    made = {
        "lead_id": ("leads", "/leads", {"contacts": [{"contact_id": "bob"}]}),
        "deal_id": ("deals", "/deals", {"contacts": [{"contact_id": "bob"}]}),
        "contact_id": ("clients", "/contacts", {"last_name": "Berg"}),
        "other_contact_id": ("clients", "/contacts", {"last_name": "Berg"}),
        "company_id": ("clients", "/companies", {"title": "ACME"}),
        "other_company_id": ("clients", "/companies", {"title": "ACME"}),
        "product_id": ("catalog", "/products", {"name": "Advice"}),
        "pipeline_id": ("deals", "/pipelines", {"name": "Partners"}),
    }
    ids = {"code": "industry", "value": "IT", "originator": "shop", "origin": uuid4().hex, "external_id": uuid4().hex}
    ids |= {"requisite_id": str(uuid4()), "role": "guest", "department": "sales", "stage_id": "NEW"}
    ids["form"] = "contact"
    form = {"name": "Contact us", "responsible_id": "anna"}
    assert (await system.apis["leads"].client.put("/forms/contact", json=form, headers=admin(system))).is_success
    put = await system.apis["catalog"].client.put("/departments/sales", json={"name": "Sales"}, headers=admin(system))
    assert put.is_success, put.text
    for name, (service, path, body) in made.items():
        answer = await system.apis[service].client.post(path, json=body, headers=admin(system))
        assert answer.status_code == 201, answer.text
        ids[name] = answer.json()["id"]
    for plural, owner in (("contacts", "contact_id"), ("companies", "company_id")):
        body = {"id": ids["requisite_id"], "name": "Ours", "address_only": True}
        path = f"/{plural}/{ids[owner]}/requisites"
        assert (await system.apis["clients"].client.post(path, json=body, headers=admin(system))).status_code == 201
    return ids


def filled(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return ids.get(value.strip("{}"), value)
    if isinstance(value, list):
        return [filled(each, ids) for each in value]
    return {name: filled(each, ids) for name, each in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("service", SERVICES)
async def test_a_stale_copy_is_refused_by_every_route_that_knows_versions(system: System, service: str) -> None:
    ids = await some(system)
    before = await contents(system, service)
    for operation in closed(system, service):
        if "if-match" in names(operation, "header"):
            body = BODIES.get(str(operation)) if operation.method in WITH_BODY else None
            answer = await sent(
                system,
                operation,
                operation.path.format_map(ids),
                body=None if body is None else filled(body, ids),
                headers=[("if-match", STALE)],
            )
            assert (answer.status_code, answer.json()["code"]) == (412, "version_mismatch"), f"{operation}"
    assert await contents(system, service) == before


@pytest.mark.parametrize("service", SERVICES)
async def test_no_route_sends_a_caller_to_the_host_that_the_caller_named(system: System, service: str) -> None:
    for operation in system.operations(service):
        for address in (f"{operation.address}/", operation.address.rstrip("x").rstrip("/"), "/static-offline-docs"):
            answer = await sent(system, operation, address or "/", headers=[("host", "evil.example")])
            assert not 300 <= answer.status_code < 400, f"{operation}: {answer.headers.get('location')}"
            assert "evil.example" not in answer.text
