"""Services of which a test needs only the outside: requests in, answers out, nothing else."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote

import httpx

from deploy.cli.client import SERVICES, Crm

URLS = {name: f"http://{name}" for name in SERVICES}


class Services(httpx.AsyncBaseTransport):
    """Leads, companies, contacts and products by origin, with a product that leads may not know yet."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.writes = 0
        self.away = 0
        self.breaks = False
        """Away from the first record on, for ever."""
        self.refusals: list[Mapping[str, Any]] = []
        self.gone: dict[str, dict[str, Any]] = {}

    def crm(self) -> Crm:
        return Crm(URLS, "token", transport=self)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.breaks and request.url.path != "/openapi.json":
            return httpx.Response(503, json={"code": "unavailable"})
        if self.away:
            self.away -= 1
            return httpx.Response(503, json={"code": "unavailable"})
        host, path = request.url.host, unquote(request.url.raw_path.decode().partition("?")[0])
        if path == "/openapi.json":
            return httpx.Response(200, json=_described(host))
        if request.method == "POST":
            return self._batch(path, json.loads(request.content))
        if "/external/" in path or "/by-external-id/" in path:
            found = self.records.get(path.replace("by-external-id", "external"))
            return httpx.Response(200, json=found) if found else httpx.Response(404, json={"code": "not_found"})
        return httpx.Response(200, json={"items": self._listed(path, request.url.params), "next_cursor": None})

    def _batch(self, path: str, body: dict[str, Any]) -> httpx.Response:
        assert (path.endswith("/batch"), body["on_existing"]) == (True, "correct")
        results = [self._one(path.removesuffix("/batch"), item) for item in body["items"]]
        return httpx.Response(207, json={"items": results})

    def _one(self, plural: str, item: dict[str, Any]) -> dict[str, Any]:
        origin = item.get("origin_id") or item["external_id"]
        path = "/".join([plural, "external", *([item["originator_id"]] if "originator_id" in item else []), origin])
        if self.refusals:
            return _refused(422, self.refusals.pop())
        if origin in self.gone:
            return _refused(404, {"code": "gone", **self.gone[origin]})
        ids = item.pop("company_ids", [])
        if any(id_ in self.gone for id_ in ids):
            return _refused(409, company_not_found())
        before = self.records.get(path)
        links = {"companies": [{"company_id": id_} for id_ in ids]} if ids else {}
        if before is not None and all(before.get(name) == value for name, value in (item | links).items()):
            return {"status": 200, "outcome": "unchanged", "id": before["id"], "left_out": []}
        self.writes += 1
        marks: dict[str, Any] = {
            "id": f"id of {origin}",
            "origin_id": origin,
            "external_id": origin,
            "updated_at": str(self.writes),
        }
        self.records[path] = {"companies": [], **(before or {}), **item, **links, **marks}
        status, outcome = (200, "corrected") if before else (201, "created")
        return {"status": status, "outcome": outcome, "id": marks["id"], "left_out": None}

    def _listed(self, path: str, query: httpx.QueryParams) -> list[dict[str, Any]]:
        prefix = f"{path}/external/{query['originator_id']}/"
        found = [record for key, record in self.records.items() if key.startswith(prefix)]
        return [record for record in found if query.get("origin_id") in {None, record["origin_id"]}]


def _described(host: str) -> dict[str, Any]:
    fields = ("title", "name", "stage_id", "currency", "comments", "responsible_id", "company_id", "rows", "prices")
    schema = {"properties": {name: {"title": name} for name in (*fields, "industry", "employees", "revenue")}}
    named = (
        "company_ids",
        "first_name",
        "last_name",
        "position",
        "birth_date",
        "origin_version",
        "phones",
        "emails",
        "messengers",
    )
    person = {"properties": {**{name: {"title": name} for name in named}, "export": {"type": "boolean"}}}
    taken = {
        "leads": {"leads": "In"},
        "clients": {"companies": "Company", "contacts": "Person"},
        "catalog": {"products": "In"},
    }
    company: dict[str, Any] = {"properties": {name: {} for name in schema["properties"] if name != "company_id"}}
    schemas = {"In": schema, "Company": company, "Person": person}
    batches = {f"{name}s": {"properties": {"items": {"items": _reference(name)}}} for name in schemas}
    paths = {f"/v1/{plural}/batch": _takes(f"{name}s") for plural, name in taken[host].items()}
    return {"paths": paths, "components": {"schemas": schemas | batches}}


def _takes(schema: str) -> dict[str, Any]:
    return {"post": {"requestBody": {"content": {"application/json": {"schema": _reference(schema)}}}}}


def _reference(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _refused(status: int, problem: Mapping[str, Any]) -> dict[str, Any]:
    nothing = dict.fromkeys(("id", "version", "left_out", "as_typed"))
    return {"status": status, "outcome": "refused", **nothing, "problem": dict(problem)}


def company_not_found() -> Mapping[str, Any]:
    wrong = {"field": "company_ids.0", "code": "company_not_found", "message": "There is no company."}
    return {"code": "company_not_found", "errors": [wrong]}


def product_not_found() -> Mapping[str, Any]:
    wrong = {"field": "rows.0.product_id", "code": "product_not_found", "message": "the catalog has not told of it"}
    return {"code": "invalid", "errors": [wrong]}


def price_missing() -> Mapping[str, Any]:
    wrong = {"field": "rows.0.price", "code": "price_missing", "message": "the product has none in this currency"}
    return {"code": "invalid", "errors": [wrong]}


@contextmanager
def served(services: httpx.AsyncBaseTransport) -> Iterator[dict[str, str]]:
    """Serve them over HTTP; yield the environment by which a command finds them."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _, service, rest = self.path.split("/", 2)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = httpx.Request(
                self.command, f"http://{service}/{rest}", content=body, headers=dict(self.headers.items())
            )
            found = asyncio.run(services.handle_async_request(request))
            self.send_response(found.status_code)
            self.end_headers()
            self.wfile.write(found.content)

        do_POST = do_PUT = do_GET  # noqa: N815 - the names that the standard library looks for

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        yield {"CRM_TOKEN": "token", **{f"CRM_{name.upper()}_URL": f"{address}/{name}" for name in SERVICES}}
        server.shutdown()
        thread.join()
