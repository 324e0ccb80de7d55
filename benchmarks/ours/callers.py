"""Call the services over HTTP, cheaply enough to leave the machine to the services."""

from collections.abc import Mapping
from itertools import count
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

from benchmarks.program import Target

_IDLE_S: Final = 2.0


class Refused(RuntimeError):
    """A service refused a request; a benchmark that continued would measure errors."""


class Callers:
    """Connections to all services with one token; an async context manager."""

    def __init__(self, target: Target) -> None:
        self._urls = [target.urls, *target.more_urls]
        self._sent = count()
        self._http = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {target.token}"},
            # Well before the server closes an idle connection, which a request could meet half way.
            connector=aiohttp.TCPConnector(limit=512, keepalive_timeout=_IDLE_S),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def send(
        self, method: str, service: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """Send a request, and return the JSON body of a success.

        Raises:
            Refused: anything else.
        """
        # Every replica takes its share.
        url = self._urls[next(self._sent) % len(self._urls)][service]
        async with self._http.request(method, f"{url}/v1{path}", json=body, headers=headers) as answer:
            if answer.status >= 400:
                raise Refused(f"{method} {path}: {answer.status} {(await answer.text())[:300]}")
            return await answer.json()

    async def has(self, service: str, path: str) -> bool:
        """Return whether the service says in its API document that it has this path."""
        async with self._http.get(f"{self._urls[0][service]}/openapi.json") as answer:
            return f"/v1{path}" in (await answer.json())["paths"]


def a_lead(number: int, run: str) -> dict[str, Any]:
    """Return the body of a lead as a web form sends it, without duplicates."""
    return {
        "title": f"Pumps for company {number}",
        "first_name": "Ada",
        "last_name": f"Lovelace {run} {number}",
        "company_title": f"ACME {run} {number} GmbH",
        "phones": [{"kind": "WORK", "value": f"+4930{int(run, 16) % 100_000:05d}{number:05d}"}],
        "emails": [{"kind": "WORK", "value": f"ada.{run}.{number}@acme.example"}],
        "comments": "Would like to be called back about the new pumps before the end of the month.",
        "source_id": "WEB",
    }
