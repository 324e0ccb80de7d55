"""Collaborators that keep the same promises without a network, and one that loses its power on purpose."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any, TypeVar

from crm_contracts.envelope import Envelope, Event
from crm_contracts.registry import parse
from crm_contracts.values import ElementRef

from services.clients.conversion.domain.claim import Claim
from services.clients.conversion.store import Claims
from shared.elements.domain.client_names import KnownClient
from shared.elements.domain.product_rows import ProductFacts
from shared.elements.domain.rights.compiled import Rights
from shared.elements.domain.rights.departments import Departments
from shared.elements.store.products import Products
from shared.elements.store.reference import Reference
from shared.elements.store.removed_clients import RemovedClients
from shared.elements.usecases.collaborators import Collaborators
from shared.kit.domain import Aggregate, Cause, NewId
from shared.kit.messaging.answers import Answers
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.stored import Stored
from shared.kit.testing import MemoryRepository
from tests.builders.causes import ids, uuids

A = TypeVar("A", bound=Aggregate)


class PowerCut(BaseException):
    """The process is no more; what it wrote before, it wrote. Nobody handles it as a failure."""


class Power:
    """Counts writes, and goes off right after the one that it was told."""

    def __init__(self, *, off_after: int | None = None) -> None:
        self.writes = 0
        self._off_after = off_after

    def written(self) -> None:
        self.writes += 1
        if self.writes == self._off_after:
            raise PowerCut


class NobodyPublishes:
    """An outbox that is never full, and never emptied either: what was recorded stays to be looked at."""

    is_full = False

    def hint(self, collection: Collection, document: Document) -> None: ...


class Documents(MongoRepository[A]):
    """The real repository, on a power supply."""

    def __init__(self, kind: type[A], collection: Collection, power: Power | None = None) -> None:
        super().__init__(kind, collection, NobodyPublishes(), source="/crm/tests", new_id=uuids(collection.name))
        self._power = power or Power()

    async def _insert(self, aggregate: A, cause: str, entries: list[Document]) -> bool:
        done = await super()._insert(aggregate, cause, entries)
        if done:
            self._power.written()
        return done

    async def _write(self, loaded: Stored[A], changed: Document, cause: Cause, entries: list[Document]) -> bool:
        done = await super()._write(loaded, changed, cause, entries)
        if done:
            self._power.written()
        return done

    async def said(self, id_: str) -> list[Event]:
        """The events in the outbox of a document, oldest first."""
        document = await self.collection.get(id_)
        return read_entries(document["outbox"] if document else [])

    async def forget_causes(self, id_: str) -> None:
        """As if the inbox ring had turned."""
        await self.collection.update({"_id": id_}, {"$set": {"inbox": []}})


class Memory(MemoryRepository[A]):
    """The same in a dict."""

    def __init__(self, kind: type[A]) -> None:
        super().__init__(kind, source="/crm/tests", new_id=uuids(kind.__name__))

    def said(self, id_: str) -> list[Event]:
        """The events in the outbox of a document, oldest first."""
        return read_entries(self.documents[id_]["outbox"])

    def forget_causes(self, id_: str) -> None:
        """As if the inbox ring had turned."""
        self.documents[id_]["inbox"] = []


def read_entries(entries: Iterable[Mapping[str, Any]]) -> list[Event]:
    envelopes = [parse(entry["headers"], entry["value"]) for entry in entries]
    return [envelope.data for envelope in envelopes if envelope is not None]


class MortalClaims(Claims):
    """The real claims, on a power supply."""

    def __init__(self, collection: Collection, power: Power) -> None:
        super().__init__(collection)
        self._power = power

    async def take(self, wanted: Mapping[str, Claim]) -> tuple[str, Claim] | None:
        other = await super().take(wanted)
        self._power.written()
        return other

    async def release(self, resolution_id: str) -> None:
        await super().release(resolution_id)
        self._power.written()


class Said(Answers):
    """Answers that reach nobody but the test."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope[Event]] = []
        super().__init__(self, topic="crm.tests.events", source="/crm/tests")  # type: ignore[arg-type]

    async def publish(self, topic: str, key: str, value: bytes, headers: Mapping[str, str]) -> None:
        """Stands in for the publisher: what is written to Kafka is read back at once."""
        assert (topic, key) == ("crm.tests.events", headers["ce_subject"])
        envelope = parse(headers, value)
        assert envelope is not None
        self.envelopes.append(envelope)

    @property
    def events(self) -> list[Event]:
        return [envelope.data for envelope in self.envelopes]


class NobodyLeft(RemovedClients):
    """Every client is still there; who was asked for, by element, is noted."""

    def __init__(self) -> None:
        self.asked: dict[str, set[str]] = {}

    async def remove_from(self, element: ElementRef, clients: Iterable[ElementRef], cause: Cause) -> None:
        """Nobody has to leave."""
        self.asked.setdefault(element.id, set()).update(map(str, clients))


class NoDepartments:
    """No department is known."""

    async def departments(self) -> Departments:
        return Departments()


class NoNames:
    """No client has been heard of."""

    async def of(self, clients: Iterable[ElementRef], rights: Rights | None) -> Mapping[str, str]:
        """Known of nobody."""
        del clients, rights
        return {}

    async def known(self, clients: Iterable[ElementRef], rights: Rights | None) -> Mapping[str, KnownClient]:
        """Nothing besides, either."""
        del clients, rights
        return {}

    async def hidden(self, clients: Iterable[ElementRef], rights: Rights) -> Sequence[ElementRef]:
        """Nobody who is known."""
        del clients, rights
        return []


class Counting(Numbers):
    """Serial numbers from 1."""

    def __init__(self) -> None:
        self._numbers = count(1)

    async def next(self, kind: str) -> int:
        del kind
        return next(self._numbers)


class Catalog(Products):
    """Products that a service has heard of."""

    def __init__(self, *products: ProductFacts) -> None:
        self._known = {product.id: product for product in products}

    async def facts(self, ids: Iterable[str | None]) -> dict[str, ProductFacts]:
        return {id_: self._known[id_] for id_ in ids if id_ in self._known}


def collaborators(
    *products: ProductFacts, removed_clients: RemovedClients | None = None, new_id: NewId | None = None
) -> Collaborators:
    """What new elements are made with: no dictionaries, euros, rows `row-1`, `row-2`, ..."""
    return Collaborators(
        products=Catalog(*products),
        dictionaries=Reference(None),
        removed_clients=removed_clients or NobodyLeft(),
        departments=NoDepartments(),
        client_names=NoNames(),
        numbers=Counting(),
        currency="EUR",
        new_id=new_id or ids("row"),
    )


def again(cause: Cause) -> Cause:
    """The same question asked once more: a new event, hence another cause."""
    return Cause(key=f"{cause.key}-again", actor=cause.actor, at=cause.at, correlation_id=cause.correlation_id)
