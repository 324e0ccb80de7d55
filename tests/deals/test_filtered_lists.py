"""How MongoDB finds filtered lists: by an index that has their order, within a budget, and completely (DEAL-01)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from crm_contracts.client_field import Client, ContactLink
from crm_contracts.elements import DEAL
from crm_contracts.product_rows import Priced
from crm_contracts.values import Money

from deploy.local.mongo import Mongo
from services.deals.deal.domain.deal import Deal
from services.deals.deal.store import DEAL_INDEXES
from shared.elements.domain.fields import filterable_fields
from shared.elements.domain.filters.evaluation import matches
from shared.elements.domain.filters.query import Listed
from shared.elements.store.filtered_lists import FilteredLists
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document
from tests.builders.causes import NOON
from tests.builders.deals import TABLE, a_deal, stored_deals
from tests.builders.examined import Examined, every_page
from tests.builders.fakes import Documents
from tests.builders.values import company_ref

LISTED = Listed(filterable_fields(DEAL), TABLE.orders, ())
DEALS = 300
STAGES = ("NEW", "EXECUTING", "WON")
TITLES = ("Pumps", "Pipes", "")


def some_deal(place: int, chance: Random) -> Deal:
    """Many of them have the same moment, so that ties are on every page."""
    deal = a_deal(
        f"deal-{place:03}",
        at=NOON + timedelta(seconds=place // 7),
        title=chance.choice(TITLES),
        responsible_id=chance.choice(("anna", "ben")),
        observers=tuple(chance.sample(("anna", "ben", "eve"), chance.randrange(3))),
        comments=chance.choice((None, "", "50% off")),
        client=Client(
            company=chance.choice((None, company_ref())),
            contacts=tuple(ContactLink(contact_id=name) for name in chance.sample(("ada", "bob"), chance.randrange(3))),
        ),
        priced=Priced(amount=Money(value=Decimal(chance.randrange(5)), currency="EUR")),
    )
    deal.number, deal.stage_id = place, chance.choice(STAGES)
    return deal


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def deals(mongo: Mongo) -> AsyncIterator[Collection]:
    chance = Random(17)
    async with stored_deals(mongo, [some_deal(place, chance) for place in range(DEALS)]) as collection:
        yield collection


def some_condition(chance: Random) -> dict[str, Any]:
    return chance.choice(
        [
            {"stage_id": chance.choice(STAGES)},
            {"stage_id": {"!=": chance.choice(STAGES)}},
            {"stage_id": {"in": ["NEW", "WON"]}, "pipeline_id": "default"},
            {"responsible_id": chance.choice(("anna", "ben"))},
            {"contact_id": {"in": ["ada", "bob"]}},
            {"company_id": {"empty": chance.choice((True, False))}},
            {"company_id": company_ref().id},
            {"title": {"like": chance.choice(("p%", "%i%", "Deal%"))}},
            {"comments": {"not like": "%off"}},
            {"observers": {"not in": ["eve"]}},
            {"amount": {">=": str(chance.randrange(4))}},
            {"created_at": {">": (NOON + timedelta(seconds=chance.randrange(40))).isoformat().replace("+00:00", "Z")}},
            {"number": {"<": chance.randrange(DEALS)}},
            {"id": {"in": [f"deal-{chance.randrange(DEALS):03}" for _ in range(5)]}},
        ]
    )


def some_filter(chance: Random, depth: int = 0) -> dict[str, Any]:
    shape = chance.randrange(5) if depth < 3 else 0
    if shape == 1:
        return {"and": [some_filter(chance, depth + 1) for _ in range(2)]}
    if shape == 2:
        return {"or": [some_filter(chance, depth + 1) for _ in range(2)]}
    if shape == 3:
        return {"not": some_filter(chance, depth + 1)}
    return some_condition(chance)


def value_of(document: Document, field: str) -> Any:
    return document["amount"]["value"] if field == "amount" else document[field]


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_the_filter_is_an_index_finds_all_of_it_in_its_order(deals: Collection, seed: int) -> None:
    chance = Random(seed)
    documents = await deals.find({})
    for _ in range(15):
        order = [[chance.choice(("created_at", "number", "amount")), chance.choice(("asc", "desc"))]]
        raw = some_filter(chance)
        query = LISTED.query(raw, order, None, now=NOON)
        examined = Examined(deals)
        budget = chance.choice((80, 400, 20_000))
        lists = FilteredLists(Documents(Deal, examined), TABLE, budget=budget)
        passing = [document for document in documents if matches(query.filter, document)]
        passing.sort(key=lambda one: (value_of(one, order[0][0]), one["_id"]), reverse=order[0][1] == "desc")
        expected = [document["_id"] for document in passing]
        assert await every_page(lists, query, limit=chance.choice((20, 50))) == expected, (raw, order)
        examined.assert_served_by_indexes(raw)
        count = await lists.count(query)
        assert count.value == len(expected) if count.is_exact else count.value <= len(expected)


async def test_a_page_reads_no_more_keys_than_its_budget(deals: Collection) -> None:
    examined = Examined(deals)
    lists = FilteredLists(Documents(Deal, examined), TABLE, budget=100)
    query = LISTED.query({"title": "nowhere"}, [["created_at", "desc"]], None, now=NOON)
    page = await lists.page(query, limit=50)
    assert (page.items, page.is_complete) == ([], False)
    # Beside the budget: one key behind each stretch to see its end, and the ties of the place that it ends at.
    assert 0 < examined.keys <= 100 + 3 + 7


def test_every_order_has_an_index_for_the_whole_list() -> None:
    assert set(TABLE.orders) == {"created_at", "number", "title", "amount"}
    names = {index.name for index in DEAL_INDEXES} | {"_id_"}
    assert {group.index for group in TABLE.groups} <= names
