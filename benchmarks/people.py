"""Insert the contacts for B5: hundreds of thousands, directly into MongoDB as the clients service would store them.

Each number always stands for the same person, so a search knows which people exist.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from crm_contracts.values import ContactPoint
from faker.providers.person.de_DE import Provider as German
from faker.providers.person.it_IT import Provider as Italian
from faker.providers.person.pt_BR import Provider as Brazilian
from faker.providers.person.ru_RU import Provider as Russian
from pymongo import MongoClient

from benchmarks.growth import put_in
from services.clients.records.domain.search_keys import contact_keys

Document = dict[str, Any]
_PEOPLES: Final = (German, Italian, Brazilian, Russian)
_FIRST: Final = [sorted(set(people.first_names_female)) for people in (German, Italian, Brazilian)]
_FIRST.append(sorted(set(Russian.first_names_female)))
_LAST: Final = [sorted(set(people.last_names)) for people in (German, Italian, Brazilian)]
_LAST.append(sorted(set(Russian.last_names_female)))


@dataclass(frozen=True)
class Person:
    """An invented person."""

    first: str
    last: str
    phone: str
    email: str

    @classmethod
    def number(cls, number: int) -> "Person":
        """Return the person of this number, always the same."""
        people, place = number % len(_PEOPLES), number // len(_PEOPLES)
        first = _FIRST[people][place % len(_FIRST[people])]
        last = _LAST[people][place * 7_919 % len(_LAST[people])]
        return cls(first, last, f"+4930{number * 7_919 % 10_000_000:07d}", f"person.{number}@town{number % 97}.example")


def populate(mongo: str, contacts: int) -> int:
    """Add people until there are so many; return how many there are."""
    with MongoClient[Document](mongo) as client:
        stored = client["crm_clients"]["contacts"]
        pattern = stored.find_one({}, sort=[("_id", -1)])
        if pattern is None:
            raise LookupError("no contact to copy")
        there = stored.count_documents({"origin_id": {"$gt": ""}, "originator_id": "town"})
        put_in(stored, _people(pattern, there, contacts))
        return stored.estimated_document_count()


def _people(pattern: Document, first: int, end: int) -> Iterator[Document]:
    for number in range(first, end):
        person = Person.number(number)
        phones = [ContactPoint(value=person.phone, normalized=person.phone)]
        emails = [ContactPoint(value=person.email, normalized=person.email)]
        yield {
            **pattern,
            "_id": str(uuid4()),
            "number": 10**9 + number,
            "first_name": person.first,
            "last_name": person.last,
            "phones": [point.model_dump() for point in phones],
            "emails": [point.model_dump() for point in emails],
            "originator_id": "town",
            "origin_id": str(number),
            "search": contact_keys(f"{person.first} {person.last}", phones, emails),
        }
