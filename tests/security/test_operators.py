"""What callers write reaches MongoDB as text, whatever it looks like: never as an operator, a pattern or a script.

Every command that the driver sends is looked at, so a way in that nobody has thought of shows, too. What is hostile
holds a mark of its own: as a value it may travel, as the name of a field or an operator never.
"""

import base64
import json
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest

from deploy.local.services import SERVICES
from tests.security.conftest import Commands, System
from tests.security.test_every_route import FORMS, closed

MARK: Final = "hostile9c1f"
TEXTS: Final = (
    '{"$gt": ""}',
    f'{{"${MARK}": 1}}',
    f"${MARK}",
    f"$$ROOT.{MARK}",
    f"a.{MARK}",
    "$where",
    ".*",
    "^",
    "/.*/i",
    f"'; return true; var {MARK}='",
    "[$ne]",
    "\x00",
)
OBJECTS: Final[tuple[Any, ...]] = (
    {"$gt": ""},
    {f"${MARK}": 1},
    {"$where": f"{MARK}"},
    [{"$ne": MARK}],
    {f"a.{MARK}": 1},
)
OPERATORS: Final = {"$regex", "$where", "$function", "$accumulator", "$jsonSchema", "$text"}


def assert_text_alone(commands: Commands) -> None:
    assert commands.sent
    assert not [key for key in commands.names() if MARK in key]
    assert not commands.names() & OPERATORS
    assert commands.code() == []


def admin(system: System) -> dict[str, str]:
    return {"authorization": f"Bearer {system.signer.token(roles=['admin'])}"}


async def some(system: System) -> dict[str, str]:
    """Records that an operator would find: the place to make one, and its id."""
    made = {
        "leads": (
            "/leads",
            {"title": "Erna", "phones": [{"value": "+4930123456"}], "originator_id": "o", "origin_id": uuid4().hex},
        ),
        "deals": ("/deals", {"title": "Erna"}),
        "clients": ("/contacts", {"last_name": "Erna", "phones": [{"value": "+4930123456"}]}),
        "catalog": ("/products", {"name": "Erna", "external_id": uuid4().hex}),
    }
    ids = {}
    for service, (path, body) in made.items():
        answer = await system.apis[service].client.post(path, json=body, headers=admin(system))
        assert answer.status_code == 201, answer.text
        ids[service] = answer.json()["id"]
    return ids


@pytest.mark.parametrize("service", SERVICES)
async def test_a_filter_is_compared_as_the_text_it_is(system: System, service: str, commands: Commands) -> None:
    await some(system)
    client, asked = system.apis[service].client, 0
    for operation in system.operations(service):
        texts = [p["name"] for p in operation.parameters if p["in"] == "query" and p["name"] not in {"limit", "cursor"}]
        for name in texts if operation.method == "GET" else ():
            for text in TEXTS:
                answer = await client.get(
                    f"http://{service}{operation.address}", params={name: text}, headers=admin(system)
                )
                assert answer.status_code in {200, 404, 422}, f"{operation} {name}={text!r}: {answer.text}"
                if answer.status_code == 200:
                    of_types = answer.json() if operation.path == "/v1/search" else {"": answer.json()}
                    assert not any(found["items"] for found in of_types.values()), (
                        f"{operation} {name}={text!r} found something"
                    )
                asked += 1
    assert asked >= len(TEXTS)
    assert_text_alone(commands)


@pytest.mark.parametrize("service", SERVICES)
async def test_an_operator_in_the_name_of_a_parameter_is_no_filter(
    system: System, service: str, commands: Commands
) -> None:
    """Bracketed names, which some frameworks make objects of, are names that nobody knows."""
    client = system.apis[service].client
    for operation in system.operations(service):
        texts = [p["name"] for p in operation.parameters if p["in"] == "query"]
        for name in texts if operation.method == "GET" else ():
            params = {f"{name}[$ne]": MARK, f"{name}[${MARK}]": "1", f"${MARK}": "1"}
            answer = await client.get(f"http://{service}{operation.address}", params=params, headers=admin(system))
            assert (answer.status_code, answer.json()["code"]) == (422, "unknown_parameter"), f"{operation}"
    await client.get(f"http://{service}/v1/dead-letters", headers=admin(system))
    assert_text_alone(commands)


@pytest.mark.parametrize("service", SERVICES)
async def test_an_id_in_a_path_finds_what_has_that_id_and_nothing_else(
    system: System, service: str, commands: Commands
) -> None:
    await some(system)
    client = system.apis[service].client
    for operation in system.operations(service):
        if "{" not in operation.path:
            continue
        for text in TEXTS:
            path = operation.address.replace("/x", "/" + "".join(f"%{byte:02X}" for byte in text.encode()))
            body: dict[str, Any] = {} if operation.method in {"GET", "DELETE"} else {"json": {}}
            answer = await client.request(operation.method, f"http://{service}{path}", headers=admin(system), **body)
            assert answer.status_code < 500, f"{operation} {text!r}: {answer.text}"
            created = operation.method in {"GET", "PUT"} and "/external/" in operation.path
            expected = {401, 404} if str(operation) in FORMS else {200, 201, 404, 422} if created else {404, 409, 422}
            assert answer.status_code in expected, f"{operation} {text!r}"
    assert_text_alone(commands)


def _is_refused(answer: httpx.Response) -> bool:
    """Whether the request was refused, or each item of its batch."""
    if answer.status_code == 207:
        found = answer.json()
        return bool(found["items"]) and found["refused"] == len(found["items"])
    return answer.status_code in {404, 409, 422}


@pytest.mark.parametrize("service", SERVICES)
async def test_an_object_in_a_body_where_a_text_belongs_is_refused(
    system: System, service: str, commands: Commands
) -> None:
    ids = await some(system)
    spec, client, asked = system.apps[service].openapi(), system.apis[service].client, 0
    for operation in closed(system, service):
        described = spec["paths"].get(operation.path, {}).get(operation.method.lower(), {})
        for name in _fields(spec, described):
            path = operation.address.replace("/x", f"/{ids.get(service, 'x')}", 1)
            for value in OBJECTS:
                answer = await client.request(
                    operation.method, f"http://{service}{path}", json={name: value}, headers=admin(system)
                )
                assert _is_refused(answer), f"{operation} {name}={value}: {answer.text}"
                asked += 1
        if "requestBody" in described:
            odd = {f"${MARK}": 1, f"a.{MARK}": 1, "$where": MARK}
            answer = await client.request(
                operation.method, f"http://{service}{operation.address}", json=odd, headers=admin(system)
            )
            assert answer.status_code == 422, f"{operation}: {answer.text}"
    assert asked
    assert_text_alone(commands)


def _fields(spec: Any, operation: Any) -> list[str]:
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return list(spec["components"]["schemas"].get(name, {}).get("properties", ()))


@pytest.mark.parametrize("text", [text for text in TEXTS if text.strip("\x00")])
async def test_a_text_of_a_record_comes_back_as_it_was_written(system: System, text: str, commands: Commands) -> None:
    leads, headers = system.apis["leads"].client, admin(system)
    origin = f"{text}-{uuid4().hex}"
    body = {"title": text, "comments": text, "stage_id": "NEW", "originator_id": text, "origin_id": origin}
    lead = (await leads.post("/leads", json=body, headers=headers)).json()
    assert (await leads.get(f"/leads/{lead['id']}", headers=headers)).json()["comments"] == text
    found = (await leads.get("/leads", params={"originator_id": text, "origin_id": origin}, headers=headers)).json()
    assert [item["id"] for item in found["items"]] == [lead["id"]]
    again = await leads.post("/leads", json={}, headers={**headers, "idempotency-key": f"{MARK}{len(text)}"})
    assert again.status_code == 201
    assert_text_alone(commands)


FORGED: Final[tuple[Any, ...]] = (
    ["2026-03-01T12:00:00+00:00", {"$gt": ""}],
    [{"$gt": ""}, "x"],
    ["2026-03-01T12:00:00+00:00", ["x"]],
    ["2026-03-01T12:00:00+00:00", 7],
    ["0001-01-01T00:00:00+23:59", "x"],
    ["9999-12-31T23:59:59-23:59", "x"],
    [["2026-03-01T12:00:00+00:00"], "x"],
    {"$where": "1"},
    {"2026-03-01T12:00:00+00:00": 1, "x": 2, "y": 3},
    [{"$gt": ""}, {"$gt": ""}, {"$gt": ""}],
    ["5", {"$gt": ""}, "x"],
    ["5", "x", ["y"]],
    [5.5, "x", "y"],
    [True, "x", "y"],
    "2026-03-01T12:00:00+00:00",
    None,
)


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def a_run(system: System, service: str) -> str:
    """The id of a change of a record that there is not: results of a run are a list as well."""
    plural = "contacts" if service == "clients" else service
    body = {"ids": ["nobody"], "action": {"type": "assign", "responsible_id": "bob"}}
    answer = await system.apis[service].client.post(f"/{plural}/bulk", json=body, headers=admin(system))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize(
    "cursor", [*map(encoded, FORGED), base64.urlsafe_b64encode(b"[" * 2_900).decode(), "é", "===="]
)
async def test_a_forged_cursor_is_refused_by_every_list(system: System, cursor: str, commands: Commands) -> None:
    asked = 0
    for service in SERVICES:
        for operation in system.operations(service):
            known = {parameter["name"] for parameter in operation.parameters}
            if "cursor" not in known:
                continue
            params = {"cursor": cursor, **({"element": "deal:x"} if "element" in known else {})}
            path = operation.path.replace(
                "{run_id}", await a_run(system, service) if "{run_id}" in operation.path else ""
            )
            answer = await system.apis[service].client.get(
                f"http://{service}{path}", params=params, headers=admin(system)
            )
            assert answer.status_code == 422, f"{operation}: {answer.text}"
            assert [wrong["field"] for wrong in answer.json()["errors"]] == ["cursor"], operation
            asked += 1
    assert asked >= 2 * len(SERVICES) - 1
    assert not [key for key in commands.names() if key in OPERATORS]
