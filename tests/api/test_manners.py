"""HTTP as its users expect it: HEAD, conditional reads, gzip, waiting, and an entrance."""

from typing import Any

import httpx
import pytest

from deploy.local.services import SERVICES
from tests.api.documents import operations
from tests.security.conftest import System


async def asked(system: System, method: str, path: str, service: str = "leads", **headers: Any) -> httpx.Response:
    return await system.apis[service].call(method, path, None, **headers)


async def a_lead(system: System) -> tuple[str, str]:
    """The address of a new lead, and its ETag."""
    answer = await system.apis["leads"].call("POST", "/leads", {"title": "Pumps"})
    return answer.headers["location"].removeprefix("/v1"), answer.headers["etag"]


@pytest.mark.parametrize("given", ["{}", "W/{}", '"0", {}', "*"])
async def test_a_reader_who_has_the_version_gets_no_body(given: str, system: System) -> None:
    path, etag = await a_lead(system)
    answer = await asked(system, "GET", path, if_none_match=given.format(etag))
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)


async def test_versions_that_a_reader_has_may_stand_in_several_headers(system: System) -> None:
    path, etag = await a_lead(system)
    api = system.apis["leads"]
    given = [("authorization", f"Bearer {api.signer.token()}"), ("if-none-match", '"0"'), ("if-none-match", etag)]
    assert (await api.client.get(path, headers=given)).status_code == 304


async def test_a_reader_who_has_another_version_gets_the_newest(system: System) -> None:
    path, etag = await a_lead(system)
    answer = await asked(system, "GET", path, if_none_match='"999"')
    assert (answer.status_code, answer.headers["etag"]) == (200, etag)
    assert answer.json()["title"] == "Pumps"


@pytest.mark.parametrize("path", ["/leads", "/lead-stages"])
async def test_head_is_get_without_the_body(path: str, system: System) -> None:
    head, get = await asked(system, "HEAD", path), await asked(system, "GET", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]
    assert (await asked(system, "HEAD", "/leads/nada")).status_code == 404
    assert (await asked(system, "HEAD", "/leads", token=None)).status_code == 401


async def test_long_answers_are_packed_where_the_caller_takes_gzip(system: System) -> None:
    await a_lead(system)
    packed = await asked(system, "GET", "/leads", accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json()["items"]
    plain = await asked(system, "GET", "/leads", accept_encoding="identity")
    assert "content-encoding" not in plain.headers
    short = await asked(system, "GET", "/leads/nada", accept_encoding="gzip")
    assert "content-encoding" not in short.headers


async def test_what_goes_on_says_when_to_look_again_and_what_was_waited(system: System) -> None:
    api = system.apis["leads"]
    path = (await api.call("POST", "/leads", {"last_name": "Berg"})).headers["location"].removeprefix("/v1")
    answer = await api.call("POST", f"{path}/conversion", {}, prefer="wait=1")
    assert (answer.status_code, answer.headers["retry-after"]) == (202, "1")
    assert answer.headers["preference-applied"] == "wait=1"


@pytest.mark.parametrize("service", SERVICES)
async def test_the_entrance_lists_what_there_is(service: str, system: System) -> None:
    client = system.apis[service].client
    entrance = (await client.get(f"http://{service}/")).json()
    assert entrance["service"] == service
    assert entrance["resources"]
    described: dict[str, list[str]] = {}
    for method, path, _ in operations(service):
        described.setdefault(path, []).append(method)
    assert entrance["routes"] == {path: sorted(methods) for path, methods in described.items()}
    for address in entrance["documents"].values():
        assert (await client.get(f"http://{service}{address}")).status_code == 200, address


@pytest.mark.parametrize("service", SERVICES)
def test_every_list_comes_in_the_same_envelope(service: str) -> None:
    bare = [
        f"{method} {path}"
        for method, path, operation in operations(service)
        for status, answer in operation["responses"].items()
        if answer.get("content", {}).get("application/json", {}).get("schema", {}).get("type") == "array"
        if status.startswith("2")
    ]
    assert bare == []
    for _, path, operation in operations(service):
        if operation["operationId"].startswith("list") and not path.endswith("/bindings"):
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            kind, _, _ = schema["$ref"].removeprefix("#/components/schemas/").partition("_")
            assert kind in {"Page", "ListPage"}, path  # the latter tells how many there are as well
