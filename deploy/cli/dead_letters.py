"""What the services could not handle, from all of them, as the operator's commands need it.

The surprise: an id that a person types is short. `clients:leads@12` is `crm.leads.events.clients.dlt@12` in the service
clients; both are taken.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crm_contracts import topics

from deploy.cli.answers import Problem
from deploy.cli.client import SERVICES, Crm, address
from deploy.cli.progress import Advance

Letter = dict[str, Any]
"""A dead letter as its service tells of it, with `service` and the short `name` besides."""

_SHORT: Final = re.compile(r"(?P<service>[a-z]+):(?P<speaker>[a-z]+)@(?P<offset>\d+)")
_LONG: Final = re.compile(r"crm\.(?P<speaker>[a-z]+)\.events\.(?P<service>[a-z]+)\.dlt@(?P<offset>\d+)")


class NotAnId(Exception):
    """No service has such a dead letter."""


@dataclass(frozen=True)
class Wanted:
    """Which of them; None is any."""

    service: str | None = None
    state: str | None = "open"
    type: str | None = None
    reason: str | None = None
    topic: str | None = None

    def query(self) -> dict[str, str | None]:
        """For a service; `leads` is short for its topic."""
        topic = f"crm.{self.topic}.events" if self.topic in SERVICES else self.topic
        return {"state": self.state, "type": self.type, "reason": self.reason, "topic": topic}


def located(name: str) -> tuple[str, str]:
    """The service, and its own id, of an id in either form.

    Raises:
        NotAnId: it is neither.
    """
    found = _SHORT.fullmatch(name) or _LONG.fullmatch(name)
    if found is None or found["service"] not in SERVICES:
        raise NotAnId(f"{name!r} is not an id: write it as clients:leads@12, as `crm dead-letters list` does")
    service, topic = found["service"], f"crm.{found['speaker']}.events"
    return service, f"{topics.dead_letters(topic, service)}@{found['offset']}"


def named(service: str, letter: Letter) -> Letter:
    """The same with its service and its short name."""
    found = _LONG.fullmatch(letter["id"])
    name = letter["id"] if found is None else f"{found['service']}:{found['speaker']}@{found['offset']}"
    return {"service": service, "name": name, **letter}


async def listed(crm: Crm, wanted: Wanted, *, limit: int | None = None) -> list[Letter]:
    """Those that fit, newest first."""
    found: list[Letter] = []
    for service in SERVICES if wanted.service is None else (wanted.service,):
        of_service = 0
        async for letter in crm.pages(service, address("dead-letters"), **wanted.query()):
            if of_service == limit:
                break
            found.append(named(service, letter))
            of_service += 1
    found.sort(key=lambda letter: letter["parked_at"], reverse=True)
    return found[:limit]


async def to_replay(crm: Crm, wanted: Wanted) -> list[str]:
    """The names of all that fit, oldest first: what happened to one thing is told in its order."""
    return [letter["name"] for letter in reversed(await listed(crm, wanted))]


async def shown(crm: Crm, name: str) -> Letter:
    """One with its history and its record."""
    service, id_ = located(name)
    return named(service, await crm.get(service, address("dead-letters", id_)))


async def replayed(crm: Crm, names: Iterable[str], advance: Advance) -> dict[str, str]:
    """Replay them one after the other; for each how it ended: an outcome, or the code of a refusal."""
    return {name: await _replayed(crm, name, advance) for name in names}


async def _replayed(crm: Crm, name: str, advance: Advance) -> str:
    service, id_ = located(name)
    try:
        letter = (await crm.post(service, address("dead-letters", id_, "replay"))).body
    except Problem as problem:
        return problem.code
    finally:
        advance()
    last = letter["history"][-1]
    return "done" if letter["state"] == "replayed" else f"{last['outcome']}: {last['reason'] or 'no reason'}"


async def discarded(crm: Crm, names: Sequence[str], reason: str) -> dict[str, str]:
    """Discard them; for each the state that it has now, or the code of a refusal."""
    return {name: await _discarded(crm, name, reason) for name in names}


async def _discarded(crm: Crm, name: str, reason: str) -> str:
    service, id_ = located(name)
    try:
        letter = (await crm.post(service, address("dead-letters", id_, "discard"), {"reason": reason})).body
    except Problem as problem:
        return problem.code
    return str(letter["state"])


def summed(ended: dict[str, str]) -> str:
    """`3 done, 1 failed: no_such_stage`."""
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(Counter(ended.values()).items()))
