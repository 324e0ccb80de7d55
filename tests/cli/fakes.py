"""Services of which a test needs only the outside: requests in, answers out, nothing else."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import httpx

from deploy.client import SERVICES, Crm

URLS = {name: f"http://{name}" for name in SERVICES}


class Services(httpx.AsyncBaseTransport):
    """Leads, companies and products by origin, with a product that leads may not know yet."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.writes = 0
        self.away = 0
        self.refusals: list[Mapping[str, Any]] = []

    def crm(self) -> Crm:
        return Crm(URLS, "token", transport=self)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            self.away -= 1
            return httpx.Response(503, json={"code": "unavailable"})
        host, path = request.url.host, unquote(request.url.raw_path.decode().partition("?")[0])
        if path == "/openapi.json":
            return httpx.Response(200, json=_described(host))
        if request.method == "PUT":
            return self._put(path, json.loads(request.content))
        if "/by-external-id/" in path:
            found = self.records.get(path.replace("by-external-id", "external"))
            return httpx.Response(200, json=found) if found else httpx.Response(404, json={"code": "not_found"})
        return httpx.Response(200, json={"items": self._listed(path, request.url.params), "next_cursor": None})

    def _put(self, path: str, body: dict[str, Any]) -> httpx.Response:
        if self.refusals:
            return httpx.Response(422, json=self.refusals.pop())
        before = self.records.get(path)
        if before is not None and all(before.get(name) == value for name, value in body.items()):
            return httpx.Response(200, json=before)
        self.writes += 1
        origin = path.rpartition("/")[2]
        marks = {"id": f"id of {origin}", "origin_id": origin, "external_id": origin, "updated_at": str(self.writes)}
        self.records[path] = {**(before or {}), **body, **marks}
        return httpx.Response(200 if before else 201, json=self.records[path])

    def _listed(self, path: str, query: httpx.QueryParams) -> list[dict[str, Any]]:
        prefix = f"{path}/external/{query['originator_id']}/"
        found = [record for key, record in self.records.items() if key.startswith(prefix)]
        return [record for record in found if query.get("origin_id") in {None, record["origin_id"]}]


def _described(host: str) -> dict[str, Any]:
    fields = ("title", "name", "stage_id", "currency", "comments", "responsible_id", "company_id", "rows", "prices")
    schema = {"properties": {name: {"title": name} for name in (*fields, "industry", "employees", "revenue")}}
    put = {"put": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/In"}}}}}}
    paths = {
        "leads": "/v1/leads/external/{originator}/{origin}",
        "clients": "/v1/companies/external/{originator}/{origin}",
        "catalog": "/v1/products/external/{external_id}",
    }
    return {"paths": {paths[host]: put}, "components": {"schemas": {"In": schema}}}


def product_not_found() -> Mapping[str, Any]:
    wrong = {"field": "rows.0.product_id", "code": "product_not_found", "message": "the catalog has not told of it"}
    return {"code": "invalid", "errors": [wrong]}
