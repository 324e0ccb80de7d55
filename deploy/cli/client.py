"""The five services over HTTP, as an operator's programs need them.

Every request is sent again while a service is away (503, no connection), because every request is idempotent: PUT by
its nature, POST by an `Idempotency-Key`.
"""

from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote
from uuid import uuid4

import httpx
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from deploy.cli.answers import Answer, Problem, ServiceAway, json_of

SERVICES: Final = ("leads", "deals", "clients", "catalog", "timeline")
LARGEST_PAGE: Final = 200
_AWAY: Final = frozenset({502, 503, 504})
_SPARE_S: Final = 30.0


def address(*segments: str) -> str:
    """Join segments to `/v1/a/b`, each escaped: names from other systems hold anything."""
    return "/v1/" + "/".join(quote(segment, safe="") for segment in segments)


class Crm:
    """A client of all services with one token; an async context manager."""

    def __init__(
        self,
        urls: Mapping[str, str],
        token: str,
        *,
        patience_s: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Wait up to `patience_s` for a service that is away before `ServiceAway`."""
        self.urls = dict(urls)
        self._patience_s = patience_s
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=100)
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"}, timeout=_SPARE_S, limits=limits, transport=transport
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def get(self, service: str, path: str, **query: str | int | None) -> Any:
        """Read a JSON body."""
        asked = {name: value for name, value in query.items() if value is not None}
        return (await self.send("GET", service, path, query=asked)).body

    async def put(
        self, service: str, path: str, body: Any, *, query: Mapping[str, str] | None = None, wait_s: float = 0
    ) -> Answer:
        """Set a resource."""
        return await self.send("PUT", service, path, query=query, body=body, wait_s=wait_s)

    async def post(
        self, service: str, path: str, body: Any = None, *, query: Mapping[str, str] | None = None
    ) -> Answer:
        """Create a resource, or several, once, however often the request is sent."""
        key = {"Idempotency-Key": str(uuid4())}
        return await self.send("POST", service, path, query=query, body=body, headers=key)

    async def pages(self, service: str, path: str, **query: str | int | None) -> AsyncIterator[dict[str, Any]]:
        """Yield all items of a list, page by page."""
        cursor: str | None = None
        while True:
            page = await self.get(service, path, **{"limit": LARGEST_PAGE, **query, "cursor": cursor})
            for item in page["items"]:
                yield item
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def readiness(self, service: str) -> str:
        """Return `ok`, `degraded` or `unavailable`, as the service reports it; it is asked once.

        Raises:
            ServiceAway: it does not answer.
        """
        try:
            response = await self._http.get(self.urls[service] + "/health/ready")
        except httpx.TransportError as error:
            raise ServiceAway(f"{service} does not answer") from error
        return str(json_of(response).get("status", response.status_code))

    async def text(self, service: str, path: str) -> str:
        """Read a body that is not JSON, such as metrics; it is asked once."""
        try:
            response = await self._http.get(self.urls[service] + path)
        except httpx.TransportError as error:
            raise ServiceAway(f"{service} does not answer at {self.urls[service]}") from error
        if response.is_error:
            raise Problem(response.status_code, json_of(response))
        return response.text

    async def send(
        self,
        method: str,
        service: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        wait_s: float = 0,
    ) -> Answer:
        """Send a request, again while the service is away.

        Raises:
            Problem: it refused.
            ServiceAway: the patience ended first.
        """
        prefer = {"Prefer": f"wait={wait_s:.0f}"} if wait_s else {}
        request = self._http.build_request(
            method,
            self.urls[service] + path,
            json=body,
            params=query,
            headers={**(headers or {}), **prefer},
            timeout=wait_s + _SPARE_S,
        )
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(ServiceAway),
            stop=stop_after_delay(self._patience_s),
            wait=wait_random_exponential(0.1, max=3),
            reraise=True,
        ):
            with attempt:
                return await self._once(service, request)
        raise AssertionError  # tenacity either returns or raises

    async def _once(self, service: str, request: httpx.Request) -> Answer:
        try:
            response = await self._http.send(request)
        except httpx.TransportError as error:
            raise ServiceAway(f"{service} does not answer: {type(error).__name__}") from error
        if response.status_code in _AWAY:
            raise ServiceAway(f"{service} answers {response.status_code}: {json_of(response).get('code', '')}")
        if response.is_error:
            raise Problem(response.status_code, json_of(response))
        return Answer(response.status_code, response.json() if response.content else None)
