"""Send the rows of a file to their service in batches, and say how each row ended.

Leads and deals receive products by events, so right after an import of products they may not know them yet, nor their
prices. That refusal alone is retried, against one deadline for the whole run.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping as Lookup
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from deploy.cli.answers import Problem, ServiceAway
from deploy.cli.client import Crm
from deploy.cli.imports.targets import TARGETS, Kind

SENT: Final = 100
"""Rows in one request."""
PRODUCT_WAIT_S: Final = 30.0

_TOO_LARGE: Final = 413
_AWAY: Final = 503
_PAUSE_S: Final = 0.2
_LACKS_PRODUCT: Final = frozenset({"product_not_found", "price_missing"})
"""What is wrong with a row of which the service has not received the product, or its price."""


class Taken(NamedTuple):
    """A row that was taken; `as_typed` are the fields of its body that have no normal form."""

    outcome: Literal["created", "updated", "unchanged"]
    as_typed: Sequence[str] = ()


Ended: TypeAlias = Taken | Problem
"""How a row ended at the service."""
_OUTCOMES: Final[Lookup[str, Literal["created", "updated", "unchanged"]]] = {
    "created": "created",
    "corrected": "updated",
    "unchanged": "unchanged",
}


@dataclass
class Sender:
    """Creates or corrects records by their origins.

    Attributes:
        country: of phones without a country code, if the mapping names one.
        patience_s: how long a service may refuse rows because it cannot take any now.
        left_out: how many existing records kept a field that the file has otherwise.
    """

    crm: Crm
    kind: Kind
    country: str | None = None
    product_wait_s: float = PRODUCT_WAIT_S
    patience_s: float = 60.0
    left_out: Counter[str] = field(default_factory=Counter)
    _give_up_at: float | None = None

    async def send(self, bodies: Sequence[Lookup[str, Any]]) -> list[Ended]:
        """Send these bodies, again those that may be taken later, and return how each ended.

        Raises:
            Problem: the caller may not.
            ServiceAway: the service cannot take them, and the patience is over.
        """
        give_up_at = monotonic() + self.patience_s
        ended = await self._once(bodies)
        while later := [place for place, one in enumerate(ended) if self._may_be_taken_later(one)]:
            away = next((one for one in ended if isinstance(one, Problem) and one.status == _AWAY), None)
            if away is not None and monotonic() > give_up_at:
                raise ServiceAway(f"{TARGETS[self.kind].element.service} takes no rows: {away}")
            await asyncio.sleep(_PAUSE_S)
            again = await self._once([bodies[place] for place in later])
            for place, one in zip(later, again, strict=True):
                ended[place] = one
        return ended

    async def _once(self, bodies: Sequence[Lookup[str, Any]]) -> list[Ended]:
        target = TARGETS[self.kind]
        query = {"default_country": self.country} if self.country and target.has_phones else None
        batch = {"items": list(bodies), "on_existing": "correct"}
        try:
            answer = await self.crm.post(target.element.service, target.path, batch, query=query)
        except Problem as problem:
            if problem.status == _TOO_LARGE and len(bodies) > 1:
                middle = len(bodies) // 2
                return [*await self._once(bodies[:middle]), *await self._once(bodies[middle:])]
            if problem.status == _TOO_LARGE:
                return [problem]
            raise
        for item in answer.body["items"]:
            self.left_out.update(item["left_out"] or ())
        return [
            Problem(item["status"], item["problem"])
            if item["outcome"] == "refused"
            else Taken(_OUTCOMES[item["outcome"]], item.get("as_typed") or ())
            for item in answer.body["items"]
        ]

    def _may_be_taken_later(self, ended: Ended) -> bool:
        """Return whether the service cannot take the row now, or lacks only products or prices before the deadline."""
        if not isinstance(ended, Problem):
            return False
        if ended.status == _AWAY:
            return True
        if not ended.errors or any(wrong["code"] not in _LACKS_PRODUCT for wrong in ended.errors):
            return False
        if self._give_up_at is None:
            self._give_up_at = monotonic() + self.product_wait_s
        return monotonic() < self._give_up_at
