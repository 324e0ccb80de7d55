"""Lists in the order of people hold every record once, also where names are missing, alike, or changed meanwhile."""

from collections.abc import AsyncIterator
from random import Random
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts.elements import CONTACT

from deploy.local.mongo import Mongo
from services.clients.records.domain.contact import Contact
from services.clients.records.store.collections import CONTACT_INDEXES, CONTACT_TABLE
from shared.elements.domain.fields import filterable_fields
from shared.elements.domain.filters.evaluation import matches
from shared.elements.domain.filters.query import Listed
from shared.elements.store.filtered_lists import FilteredLists
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import connect
from shared.kit.storage.documents import Document
from shared.kit.storage.indexes import AS_PEOPLE_SORT
from tests.builders.causes import NOON
from tests.builders.clients import a_contact
from tests.builders.fakes import Documents

CONTACTS: Final = 90
BUDGETS: Final = (30, 750)
"""So small that most pages end where it does; and large enough for a third of the records to be few."""
LISTED: Final = Listed(filterable_fields(CONTACT), CONTACT_TABLE.orders, ())
LAST: Final = (None, None, "", "Äpfel", "apple", "Apple", "ap\u00adple", "e\u0301", "\u00e9", "Zoo", "zoo")
FIRST: Final = (None, "", "Ada", "ada", "Ädä")
FILTERS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"last_name": "apple"},
    {"last_name": {"empty": True}},
    {"last_name": {"not in": ["Zoo", "\u00e9"]}},
    {"or": [{"first_name": {"like": "ad%"}}, {"first_name": {"empty": True}}]},
    {"not": {"or": [{"number": {"<": 20}}, {"first_name": "Ada"}]}},
    {"responsible_id": "ben", "last_name": {"empty": False}},
    {"number": {"<": 20}},
    {"or": [{"number": {"in": [3, 5, 8, 13]}}, {"id": {"in": ["021", "034", "055"]}}]},
)


def stored(place: int, chance: Random, id_: str = "") -> Document:
    contact = a_contact(id_ or f"{place:03}", number=place, responsible_id=chance.choice(("anna", "ben")))
    names = {"last_name": chance.choice(LAST), "first_name": chance.choice(FIRST)}
    return {**contact.model_dump(exclude={"id"}), **names, "_id": contact.id, "inbox": [], "outbox": []}


@pytest_asyncio.fixture(loop_scope="session")
async def contacts(mongo: Mongo) -> AsyncIterator[Collection]:
    database = connect(mongo.url, f"people_{uuid4().hex[:8]}")
    collection = database.collection("contacts")
    await collection.ensure(CONTACT_INDEXES)
    chance = Random(5)
    assert await collection.insert_missing([stored(place, chance) for place in range(CONTACTS)]) == CONTACTS
    yield collection
    await database.drop()
    database.close()


async def disturb(contacts: Collection, chance: Random) -> None:
    """Add, rename and remove some of the records that the test does not look at."""
    place = chance.randrange(1000, 1100)
    await contacts.delete({"_id": f"x{place}"})
    if chance.random() < 0.8:
        await contacts.insert(stored(place, chance, f"x{place}"))


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("raw", FILTERS, ids=str)
async def test_every_contact_is_listed_once_whatever_changes_beside_it(
    contacts: Collection, raw: dict[str, Any], direction: str, budget: int
) -> None:
    """DEAL-02."""
    chance, lists = Random(3), FilteredLists(Documents(Contact, contacts), CONTACT_TABLE, budget=budget)
    query = LISTED.query(raw, [["last_name", direction]], None, now=NOON)
    sign = -1 if direction == "desc" else 1
    by = {"last_name": sign, "first_name": sign, "_id": sign}
    in_order = await contacts.aggregate([{"$sort": by}], collation=AS_PEOPLE_SORT)
    expected = [each["_id"] for each in in_order if matches(query.filter, each)]
    found: list[str] = []
    page = await lists.page(query, limit=7)
    while page.next is not None:
        found += [record.id for record in page.items]
        for _ in range(5):
            await disturb(contacts, chance)
        page = await lists.page(query, limit=7, after=page.next)
    found += [record.id for record in page.items]
    assert [id_ for id_ in found if not id_.startswith("x")] == expected
