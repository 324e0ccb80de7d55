"""The dead letters of all services, as the operator's commands need them.

Each has one id everywhere, that of its service's API: `crm.leads.events.clients.dlt@12-19ac5b2f3e1` in the service
clients. It ends in the offset and the time of the record; ids of older entries end in the offset. The form
`clients:leads@12-19ac5b2f3e1` is taken as well, because it is shorter to type.
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

DeadLetter = dict[str, Any]
"""A dead letter as its service returns it, with `service` besides."""

_PLACE: Final = r"(?P<place>\d+(-[0-9a-f]+)?)"
_SHORT: Final = re.compile(rf"(?P<service>[a-z]+):(?P<producer>[a-z]+)@{_PLACE}")
_LONG: Final = re.compile(rf"crm\.(?P<producer>[a-z]+)\.events\.(?P<service>[a-z]+)\.dlt@{_PLACE}")


class NotAnId(Exception):
    """No service has such a dead letter."""


@dataclass(frozen=True)
class Criteria:
    """Which dead letters; None is any."""

    service: str | None = None
    state: str | None = "open"
    type: str | None = None
    reason: str | None = None
    topic: str | None = None

    def query(self) -> dict[str, str | None]:
        """Return the query parameters; `leads` is short for its topic."""
        topic = f"crm.{self.topic}.events" if self.topic in SERVICES else self.topic
        return {"state": self.state, "type": self.type, "reason": self.reason, "topic": topic}


def locate(name: str) -> tuple[str, str]:
    """Return the service, and its own id, of an id in either form.

    Raises:
        NotAnId: it is neither.
    """
    found = _SHORT.fullmatch(name) or _LONG.fullmatch(name)
    if found is None or found["service"] not in SERVICES:
        raise NotAnId(
            f"{name!r} is not an id: copy it from `crm dead-letters list`, such as "
            "crm.leads.events.clients.dlt@12-19ac5b2f3e1, for which clients:leads@12-19ac5b2f3e1 is short"
        )
    service, topic = found["service"], f"crm.{found['producer']}.events"
    return service, f"{topics.dead_letters(topic, service)}@{found['place']}"


async def list_all(crm: Crm, criteria: Criteria, *, limit: int | None = None) -> list[DeadLetter]:
    """List those that fit, newest first."""
    found: list[DeadLetter] = []
    for service in SERVICES if criteria.service is None else (criteria.service,):
        of_service = 0
        async for letter in crm.pages(service, address("dead-letters"), **criteria.query()):
            if of_service == limit:
                break
            found.append({"service": service, **letter})
            of_service += 1
    found.sort(key=lambda letter: letter["parked_at"], reverse=True)
    return found[:limit]


@dataclass(frozen=True)
class Group:
    """Dead letters of one service, type and reason, newest first."""

    service: str
    type: str
    reason: str
    letters: list[DeadLetter]


def grouped(letters: Iterable[DeadLetter]) -> list[Group]:
    """Group them, the largest group first; the order within a group stays."""
    groups: dict[tuple[str, str, str], list[DeadLetter]] = {}
    for letter in letters:
        groups.setdefault((letter["service"], letter["type"] or "?", letter["reason"]), []).append(letter)
    return sorted((Group(*key, found) for key, found in groups.items()), key=lambda group: -len(group.letters))


async def ids_to_replay(crm: Crm, criteria: Criteria) -> list[str]:
    """Return the ids of all that fit, oldest first, so that the events of one aggregate are replayed in order."""
    return [letter["id"] for letter in reversed(await list_all(crm, criteria))]


async def show(crm: Crm, name: str) -> DeadLetter:
    """Read one with its history and its record."""
    service, id_ = locate(name)
    return {"service": service, **await crm.get(service, address("dead-letters", id_))}


async def replay(crm: Crm, names: Iterable[str], advance: Advance) -> dict[str, str]:
    """Replay them one after the other; return for each an outcome, or the code of a refusal."""
    return {name: await _replay_one(crm, name, advance) for name in names}


async def _replay_one(crm: Crm, name: str, advance: Advance) -> str:
    service, id_ = locate(name)
    try:
        letter = (await crm.post(service, address("dead-letters", id_, "replay"))).body
    except Problem as problem:
        return problem.code
    finally:
        advance()
    last = letter["history"][-1]
    return "done" if letter["state"] == "replayed" else f"{last['outcome']}: {last['reason'] or 'no reason'}"


async def discard(
    crm: Crm, names: Sequence[str], reason: str, advance: Advance = lambda _=1, /: None
) -> dict[str, str]:
    """Discard them; return for each its new state, or the code of a refusal."""
    return {name: await _discard_one(crm, name, reason, advance) for name in names}


async def _discard_one(crm: Crm, name: str, reason: str, advance: Advance) -> str:
    service, id_ = locate(name)
    try:
        letter = (await crm.post(service, address("dead-letters", id_, "discard"), {"reason": reason})).body
    except Problem as problem:
        return problem.code
    finally:
        advance()
    return str(letter["state"])


def summary(ended: dict[str, str]) -> str:
    """Count the outcomes: `3 done, 1 failed: no_such_stage`."""
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(Counter(ended.values()).items()))
