"""What a request to a service ends with: an answer, a problem, or a service that is away."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx


class ServiceAway(Exception):
    """The service gave no answer, or a gateway answered for it, until the patience was over."""


class NoSuchElement(Exception):
    """No service has the element."""


class Problem(Exception):
    """A service refused a request; `code` is stable, `errors` name the wrong fields."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code", "unknown"))
        self.body = dict(body)
        self.errors: list[dict[str, str]] = list(body.get("errors") or [])
        super().__init__(self._text())

    def _text(self) -> str:
        detail = self.body.get("detail") or self.body.get("title") or ""
        fields = "; ".join(f"{wrong['field']}: {wrong['message']} ({wrong['code']})" for wrong in self.errors)
        return f"{self.status} {self.code}: {fields or detail}".rstrip(": ")


@dataclass(frozen=True)
class Answer:
    """Status and JSON body of a success."""

    status: int
    body: Any


def json_of(response: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of a response, or its text as `detail` where it is none."""
    try:
        body = response.json()
    except ValueError:
        return {"detail": response.text[:200]}
    return body if isinstance(body, dict) else {"detail": str(body)[:200]}
