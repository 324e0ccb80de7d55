"""A service's real app in this process, over a real MongoDB and with nobody at Kafka's address.

Writes go on without Kafka, so that is all that HTTP needs. What catalog published of its dictionaries, a service is
told at start, through its own subscription; what other services would answer, a test puts into the database itself,
through the service's own reactions.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from deploy.local.mongo import Mongo
from deploy.local.ports import free_port
from shared.elements.store.rights import RIGHTS
from shared.kit.domain import Aggregate
from shared.kit.settings import ServiceSettings
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import Database, connect
from shared.kit.storage.documents import Document, Filter, Sort
from shared.kit.storage.filled_views import FILLED_VIEWS, FilledViews
from shared.kit.storage.indexes import Collation
from tests.builders.causes import NOON
from tests.builders.fakes import Documents
from tests.kit.tokens import Signer
from tests.kit.topics import Record

A = TypeVar("A", bound=Aggregate)

SEEKS = 4
"""Keys that a well-served query may look at only to find its place."""


class Api:
    """The service as its callers see it: `anna`, a user, unless another role is asked for."""

    def __init__(self, http: httpx.AsyncClient, signer: Signer, database: Database) -> None:
        self._http, self._signer, self.database = http, signer, database
        self._claims: Mapping[str, Any] = {}

    def claiming(self, **claims: Any) -> "Api":
        """The same service, for callers whose token has these claims as well."""
        other = copy(self)
        other._claims = claims
        return other

    async def __call__(
        self, method: str, path: str, body: Any = None, *, roles: Sequence[str] | None = ("user",), **headers: Any
    ) -> httpx.Response:
        """One request; header names have `_` for `-`. Roles None: without a token."""
        sent = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        if roles is not None:
            sent["authorization"] = (
                f"Bearer {self._signer.token(**{'sub': 'anna', 'roles': list(roles), **self._claims})}"
            )
        return await self._http.request(method, f"/v1{path}", json=body, headers=sent)

    async def get(self, address: str) -> httpx.Response:
        """One look at an address outside of `/v1`, such as `/errors/gone`, without a token."""
        return await self._http.get(address)

    async def made(self, path: str, body: Mapping[str, Any] | None = None, **headers: Any) -> dict[str, Any]:
        """What a POST created, as it is read from then on."""
        answer = await self("POST", path, body or {}, **headers)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        for name in ("link_state", "link_refusal"):  # CLI-05: told at once and never again
            created.pop(name, None)
        assert answer.headers["location"] == f"/v1{path}/{created['id']}"
        assert answer.headers["etag"] == f'"{created["version"]}"'
        return created

    async def read(self, path: str) -> Any:
        answer = await self("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def ids(self, path: str) -> list[str]:
        """Ids on the one page of a list."""
        page = await self.read(path)
        assert page["next_cursor"] is None
        return [item["id"] for item in page["items"]]

    def documents(self, kind: type[A], name: str) -> Documents[A]:
        """The service's own documents, to do what its reactions do."""
        return Documents(kind, self.database.collection(name))


async def read_rights(database: Database) -> None:
    """Have the service know that there are no roles but those in its database, as it does once it has read Kafka."""
    await FilledViews(database.collection(FILLED_VIEWS)).mark_read(RIGHTS, NOON)


@asynccontextmanager
async def running(
    name: str,
    build: Callable[[], tuple[FastAPI, ServiceSettings]],
    mongo: Mongo,
    directory: Path,
    *,
    kafka: Mapping[str, str] | None = None,
    told: Sequence[Record] = (),
    beside: Api | None = None,
    has_rights: bool = True,
    **settings: str,
) -> AsyncIterator[Api]:
    """The service started, in a database of its own, and told of what others published.

    `kafka` is the environment of a Kafka to publish to; without one nothing is published. `beside` is another replica,
    whose database this one has too. Where nobody is at Kafka's address it `has_rights`, as if it had been there before.
    Leads stay (Classic), unless the `settings`, variables of the environment, say otherwise.
    """
    signer = beside._signer if beside else Signer(directory / "jwks.json")
    prefix = beside.database.name.removesuffix(name) if beside else f"http_{uuid4().hex[:8]}_"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MONGODB_URL", mongo.url)
        for variable, value in (kafka or {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"}).items():
            environment.setenv(variable, value)
        environment.setenv("CRM_DATABASE_PREFIX", prefix)
        environment.setenv("CRM_JWKS_FILE", str(signer.jwks_file))
        environment.setenv("CRM_SHUTDOWN_FLUSH_S", "0.1")
        for variable, value in ({"CRM_INITIAL_MODE": "classic"} | settings).items():
            environment.setenv(variable, value)
        app, _ = build()
    database = connect(mongo.url, f"{prefix}{name}")
    if has_rights and not kafka:
        await read_rights(database)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=f"http://{name}") as http,
    ):
        await _handle(app, told)
        yield Api(http, signer, database)
    if beside is None:
        await database.drop()
    database.close()


async def _handle(app: FastAPI, records: Sequence[Record]) -> None:
    """Handle the records by the service's own subscription; one without a reaction to them passes them over."""
    for record in records:
        result = await app.state.service.subscription.handle_again(record)
        assert result.error is None, result


def wrong_fields(answer: httpx.Response) -> list[str]:
    """The fields that a 422 names."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [error["field"] for error in answer.json()["errors"]]


def _stages(plan: Any) -> set[str]:
    """The names of all stages of a plan."""
    parts = plan.values() if isinstance(plan, Mapping) else plan
    own = {str(plan["stage"])} if isinstance(plan, Mapping) and "stage" in plan else set[str]()
    return own.union(*(_stages(part) for part in parts if isinstance(part, (Mapping, list))))


@dataclass(frozen=True)
class Plan:
    """How MongoDB answered a query: keys and documents that it read, and those of them that it read in vain."""

    where: Filter
    stages: set[str]
    keys: int
    documents: int
    read_in_vain: int


class Explained(Collection):
    """A collection that remembers how MongoDB means to answer each query that is put to it."""

    def __init__(self, of: Collection) -> None:
        super().__init__(of._inner, of.cursors)
        self.plans: list[Plan] = []

    async def find(
        self,
        where: Filter,
        *,
        sort: Sort | None = None,
        limit: int = 0,
        fields: Filter | None = None,
        hint: str | None = None,
    ) -> list[Document]:
        explained = await self.explain(where, sort, limit=limit, hint=hint)
        did = explained["executionStats"]
        self.plans.append(
            Plan(
                where,
                _stages(explained["queryPlanner"]["winningPlan"]),
                keys=did["totalKeysExamined"],
                documents=did["totalDocsExamined"],
                read_in_vain=max(did["totalDocsExamined"], did["totalKeysExamined"]) - did["nReturned"],
            )
        )
        return await super().find(where, sort=sort, limit=limit, fields=fields, hint=hint)

    async def aggregate(
        self,
        pipeline: Sequence[Document],
        *,
        hint: str | None = None,
        max_time_ms: int | None = None,
        collation: Collation | None = None,
    ) -> list[Document]:
        """Note how the first stages are answered, those that read from the collection."""
        first, second = pipeline[0]["$match"], pipeline[1].get("$limit", 0)
        await self.find(first, limit=second, hint=hint)
        return await super().aggregate(pipeline, hint=hint, max_time_ms=max_time_ms, collation=collation)

    def assert_served_by_indexes(self) -> None:
        """Neither the whole collection is read, in whatever order, nor anything sorted in memory."""
        assert self.plans
        for plan in self.plans:
            assert "IXSCAN" in plan.stages, plan
            assert not plan.stages & {"COLLSCAN", "SORT"}, plan
            assert plan.read_in_vain <= SEEKS, plan
