"""Two worlds that differ only in what a user may not read, and every question that the services can be asked.

Questions are made from the services' own OpenAPI documents: each operation with ids of records that the user may read
and of records that he may not, and with filters, orders and searches that aim at hidden values.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from random import Random
from typing import Any, Final

import httpx
from crm_contracts.elements import ELEMENTS

from tests.deadlines import DEADLINE_S
from tests.system.crm import Crm, Json, a_phone

SERVICES: Final = ("leads", "deals", "clients", "catalog", "timeline")
SHOWN_HEADERS: Final = ("etag", "location", "content-type", "content-length", "link", "preference-applied")
READS: Final = ("/query", "/duplicates/find", "/duplicates/search")
"""What is asked by POST, and changes nothing."""
NOT_ASKED: Final = frozenset({"/health/live", "/health/ready", "/metrics"})
"""What speaks of the process, not of records."""
OPTIONAL: Final = 0.3
"""How often a parameter is sent that need not be."""
READS_PER_WRITE: Final = 4
HIDDEN_BY: Final = {"responsible_id": "ben", "open_to_all": False}


@dataclass
class World:
    """Ids of records by type, those that the user may read and those that he may not, and words that are hidden."""

    seen: dict[str, list[str]] = field(default_factory=dict)
    hidden: dict[str, list[str]] = field(default_factory=dict)
    requisites: list[str] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)

    def ids(self, noun: str) -> list[str]:
        """All ids of a type."""
        return [*self.seen.get(noun, ()), *self.hidden.get(noun, ()), "none"]

    @property
    def elements(self) -> list[str]:
        """All records as `type:id`."""
        return [f"{noun}:{id_}" for noun in (*ELEMENTS, "role") for id_ in self.ids(noun)]


class Author:
    """Writes the world as an administrator."""

    def __init__(self, crm: Crm, *, user: str) -> None:
        self._crm, self.world = crm, World()
        self._seen_by = {"responsible_id": user, "open_to_all": True}

    async def make(self, noun: str, *, is_hidden: bool, **fields: Any) -> str:
        """Create a record that the user may read, or may not."""
        type_ = ELEMENTS[noun]
        whose = HIDDEN_BY if is_hidden else self._seen_by
        body = {**whose, "origin": None, **fields}
        body = {name: value for name, value in body.items() if value is not None}
        answer = await self._crm.call(
            "POST",
            type_.service,
            f"/{type_.plural}",
            body,
            Prefer="wait=20",
            X_Correlation_Id=f"{noun}-{len(self.world.traces)}",
        )
        assert answer.status_code == 201, answer.text
        self.world.traces.append(answer.headers["x-correlation-id"])
        id_ = str(answer.json()["id"])
        (self.world.hidden if is_hidden else self.world.seen).setdefault(noun, []).append(id_)
        return id_

    async def change(self, method: str, noun: str, path: str, body: Any) -> Json:
        """Change a record."""
        type_ = ELEMENTS[noun]
        answer = await self._crm.call(method, type_.service, f"/{type_.plural}/{path}", body)
        assert answer.is_success, answer.text
        changed: Json = answer.json()
        return changed


async def write_world(crm: Crm, *, user: str) -> World:
    """Write records that link each other across the border, with leads converted on both sides."""
    author = Author(crm, user=user)
    make, world = author.make, author.world
    world.phones += [a_phone(), a_phone()]
    hidden_phone, seen_phone = world.phones
    works = await make("company", is_hidden=True, title="Quarrel Works", phones=[{"value": hidden_phone}])
    shop = await make("company", is_hidden=False, title="Lantern Shop", phones=[{"value": seen_phone}])
    spy = await make(
        "contact", is_hidden=True, last_name="Quarrel", phones=[{"value": hidden_phone}], company_ids=[shop, works]
    )
    clerk = await make(
        "contact", is_hidden=False, last_name="Lantern", phones=[{"value": seen_phone}], company_ids=[works, shop]
    )
    for owner in (works, shop):
        made = await author.change("POST", "company", f"{owner}/requisites", {"name": "Quarrel"})
        world.requisites.append(made["id"])
    for is_hidden in (True, False):
        name = "Quarrel" if is_hidden else "Lantern"
        phone = [{"value": seen_phone if is_hidden else hidden_phone}]
        deal = await make(
            "deal",
            is_hidden=is_hidden,
            title=f"{name} deal",
            company_id=works,
            amount={"value": "700", "currency": "EUR"},
        )
        await crm.settle()
        await author.change("POST", "deal", f"{deal}/contacts", {"contact_id": clerk if is_hidden else spy})
        await make("deal", is_hidden=is_hidden, title=f"{name} order", company_id=shop, contacts=[{"contact_id": spy}])
        await make("lead", is_hidden=is_hidden, title=f"{name} lead", last_name=name, phones=phone)
        lead = await make(
            "lead", is_hidden=is_hidden, title=f"{name} won", last_name=f"{name}son", company_title=f"{name} Ltd"
        )
        answer = await crm.convert(lead)
        assert answer.json()["state"] == "done", answer.text
        world.traces.append(answer.json()["correlation_id"])
    await crm.settle()
    for element in world.elements:
        world.entries += [each["event_id"] for each in (await crm.timeline(element))[:2]]
    world.words += ["Quarrel", "Quarrel Works", "Lantern", "Vexed", hidden_phone, hidden_phone[-6:], seen_phone]
    return world


async def change_hidden(crm: Crm, world: World) -> None:
    """Change every hidden value to another one."""
    author = Author(crm, user="")
    for noun, ids in world.hidden.items():
        for number, id_ in enumerate(ids):
            if noun in {"company", "deal", "lead"}:
                changes: Json = {"title": f"Vexed {noun} {number}", "comments": "vexed"}
            else:
                changes = {"comments": "vexed"}
            if noun in {"contact", "lead"}:
                changes["last_name"] = f"Vexed{number}"
            if noun in {"contact", "company"}:
                changes["phones"] = [{"value": a_phone()}]
            await author.change("PATCH", noun, id_, changes)
            if noun == "deal":
                rows = {"rows": [], "amount": {"value": "12345", "currency": "EUR"}}
                await author.change("PUT", noun, f"{id_}/rows", rows)
                await author.change("PUT", noun, f"{id_}/stage", {"stage_id": "EXECUTING"})
    await crm.settle()


@dataclass(frozen=True)
class Question:
    """One request; `is_refused` where it would change a record that the user may not read."""

    service: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: str | None
    is_refused: bool

    def __str__(self) -> str:
        shown = "&".join(f"{name}={value}" for name, value in self.query)
        return f"{self.method} {self.service} {self.path}?{shown} {self.body or ''}"


def questions(documents: Mapping[str, Json], world: World, random: Random, count: int) -> list[Question]:
    """Choose questions, each operation as often as the others."""
    operations = sorted(
        (service, path, method)
        for service, document in documents.items()
        for path, methods in document["paths"].items()
        if path not in NOT_ASKED
        for method in methods
        if method in {"get", "post", "put", "patch", "delete"}
        for _ in range(READS_PER_WRITE if method == "get" or path.endswith(READS) else 1)
    )
    chosen: list[Question] = []
    seen: set[str] = set()
    for number in range(count * 20):
        service, path, method = operations[number % len(operations)]
        asked = _question(documents[service], (service, path, method), world, random)
        if asked is not None and str(asked) not in seen:
            seen.add(str(asked))
            chosen.append(asked)
        if len(chosen) == count:
            break
    return chosen


def _question(document: Json, asked: tuple[str, str, str], world: World, random: Random) -> Question | None:
    service, path, method = asked
    operation = document["paths"][path][method]
    is_read = method == "get" or path.endswith(READS)
    places = {name: random.choice(_in_path(name, world)) for name in re.findall(r"{(\w+)}", path)}
    owner = next(iter(places.values()), "")
    query = [
        (parameter["name"], random.choice(values))
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
        and (values := _in_query(parameter["name"], parameter["schema"], world))
        and (parameter.get("required") or random.random() < OPTIONAL)
    ]
    if not is_read and not any(owner in ids for ids in world.hidden.values()):
        return None  # it might change what the user may read
    body = None
    if "requestBody" in operation:
        body = json.dumps(random.choice(list(_bodies(path, document, operation, world))))
    return Question(service, method.upper(), path.format_map(places), tuple(query), body, is_refused=not is_read)


def _in_path(name: str, world: World) -> Sequence[str]:
    noun = name.removesuffix("_id")
    known: Mapping[str, Sequence[str]] = {
        "requisite_id": world.requisites,
        "event_id": world.entries,
        "correlation_id": world.traces,
        "element": world.elements,
    }
    return known.get(name) or (world.ids(noun) if noun in ELEMENTS else ["default", "none", "source"])


def _filters(world: World) -> Iterator[Json]:
    yield from ({name: {"like": f"%{word}%"}} for name in ("title", "last_name", "comments") for word in world.words)
    yield {"amount": {">": "1000"}}
    yield {"not": {"amount": {">": "1000"}}}
    yield {"stage_id": "EXECUTING"}
    yield {"or": [{"responsible_id": "ben"}, {"title": {"like": "Vexed%"}}]}
    yield {"company_id": world.hidden["company"][0]}
    yield {"contact_id": world.hidden["contact"][0]}
    yield {"phone": world.phones[0]}
    yield {"updated_at": {">": {"hours": -1}}}
    yield {}


def _in_query(name: str, schema: Json, world: World) -> Sequence[str]:
    known: Mapping[str, Sequence[str]] = {
        "filter": [json.dumps(each) for each in _filters(world)],
        "q": world.words,
        "phone": world.phones,
        "limit": ["1", "3", "50"],
        "element": world.elements,
        "type": ["contact", "company", "lead", "deal"],
        "kind": ["contact", "company"],
        "responsible_id": ["ben", "nina"],
        "company_id": world.ids("company"),
        "contact_id": world.ids("contact"),
        "lead_id": world.ids("lead"),
        "stage_id": ["NEW", "EXECUTING"],
        "pipeline_id": ["default"],
        "user": ["ben", "nina"],
        "types": ["element_created", "element_modified", "linked"],
    }
    return known.get(name) or schema.get("enum") or (["true"] if schema.get("type") == "boolean" else [])


def _bodies(path: str, document: Json, operation: Json, world: World) -> Iterator[Json]:
    if path.endswith("/query"):
        for filter_ in _filters(world):
            for order in ([], [["number", "asc"]], [["title", "asc"]], [["amount", "desc"]]):
                yield {"filter": filter_, **({"order": order} if order else {}), "count": "capped", "limit": 3}
    elif path.endswith("/duplicates/find"):
        yield {"kind": "phone", "values": world.phones}
        yield {"kind": "phone", "values": world.phones[:1], "type": "contact"}
    elif path.endswith("/duplicates/search"):
        for word in world.words:
            yield {"type": "contact", "last_name": word}
            yield {"last_name": word, "company_title": word, "phones": [{"value": world.phones[0]}]}
    else:
        yield {}
        yield from _examples(document, operation)


def _examples(document: Json, operation: Json) -> Iterator[Json]:
    """Yield the examples of a request's body."""
    content = operation["requestBody"]["content"].get("application/json", {})
    schema = content.get("schema", {})
    named = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
    for example in chain(schema.get("examples", ()), named.get("examples", ())):
        if isinstance(example, dict):
            yield example


async def answers(crm: Crm, token: str, asked: Sequence[Question]) -> list[tuple[int, Json, str]]:
    """Ask all of it, one after the other; status, headers and body of each answer."""
    given: list[tuple[int, Json, str]] = []
    plain = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    async with httpx.AsyncClient(headers=plain, timeout=DEADLINE_S) as http:
        for number, each in enumerate(asked):
            headers = {"X-Correlation-Id": f"question-{number}", "Content-Type": "application/json"}
            address = f"{crm.services[each.service].url}{each.path}"
            answer = await http.request(each.method, address, params=each.query, content=each.body, headers=headers)
            shown = {name: answer.headers[name] for name in SHOWN_HEADERS if name in answer.headers}
            given.append((answer.status_code, shown, _alike(answer.text)))
    return given


def _alike(body: str) -> str:
    """Leave out of a body what says nothing of records: the seals of cursors, and the period of a report until now."""
    unsealed = re.sub(r'"((?:next_)?cursor)":"[^"]+"', r'"\1":"sealed"', body)
    return re.sub(r'"(created_(?:from|before))":"[^"]+"', r'"\1":"then"', unsealed)
