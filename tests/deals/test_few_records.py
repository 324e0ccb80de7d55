"""What an index has few of is found at once, in every order, and says nothing of hidden records (DEAL-01, PERM-04)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import cycle
from typing import Any, Final

import pytest
import pytest_asyncio
from crm_contracts.elements import DEAL
from crm_contracts.product_rows import Priced
from crm_contracts.roles import Right, RoleState
from crm_contracts.values import Money

from deploy.local.mongo import Mongo
from services.deals.deal.domain.deal import Deal
from shared.elements.domain.fields import filterable_fields
from shared.elements.domain.filters.evaluation import matches
from shared.elements.domain.filters.nodes import All
from shared.elements.domain.filters.query import Listed, Query
from shared.elements.domain.rights.compiled import Rights
from shared.elements.domain.rights.departments import Departments
from shared.elements.store.filtered_lists import FilteredLists
from shared.kit.storage.collection import Collection
from tests.builders.causes import NOON
from tests.builders.deals import TABLE, a_deal, stored_deals
from tests.builders.examined import Examined, every_page
from tests.builders.fakes import Documents
from tests.builders.values import a_client

LISTED: Final = Listed(filterable_fields(DEAL), TABLE.orders, ())
DEALS: Final = 240
BUDGET: Final = 1_600
"""Keys of a page, so it looks at 40 records, and 40 are few."""
EVERY_ORDER = pytest.mark.parametrize("order", TABLE.orders)
FEW: Final[Sequence[dict[str, Any]]] = (
    {"company_id": "rare"},
    {"company_id": "rare", "title": {"like": "%s"}},
    {"responsible_id": "anna", "stage_id": "NEW"},
    {"number": {">=": 100, "<": 130}},
    {"number": 77},
    {"number": {"in": [7, 77]}, "closed": False},
    {"id": {"in": ["007", "077"]}},
    {"created_at": {"<": (NOON + timedelta(seconds=4)).isoformat()}},
    {"amount": {">=": "100"}},
    {"or": [{"company_id": "rare"}, {"number": 78}, {"responsible_id": "anna", "closed": False}]},
    {"company_id": "rare", "responsible_id": "nobody"},
)

FREQUENT: Final[Sequence[dict[str, Any]]] = (
    {},
    {"title": "Pumps"},
    {"company_id": "often"},
    {"or": [{"title": "Pumps"}, {"number": 8}]},
)


def some_deal(place: int, *, hidden: int = 0) -> Deal:
    """Every twentieth is Anna's, every fifteenth of a rare company; every one of `hidden` is of Anna's company."""
    company = "rare" if place % 15 == 0 or (hidden and place % hidden == 0) else "often"
    deal = a_deal(
        f"{place:03}",
        at=NOON + timedelta(seconds=place // 7),
        title=("Pumps", "pipes", "Äxte", "Valve")[place % 4],
        responsible_id="anna" if place % 20 == 0 else "ben",
        open_to_all=False,
        client=a_client("ada", company_id=company),
        priced=Priced(amount=Money(value=Decimal(100 if place % 60 == 0 else place % 3), currency="EUR")),
    )
    deal.number = place
    return deal


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def deals(mongo: Mongo) -> AsyncIterator[Collection]:
    async with stored_deals(mongo, [some_deal(place) for place in range(DEALS)]) as collection:
        yield collection


def lists_of(collection: Collection, budget: int = BUDGET) -> FilteredLists[Deal]:
    return FilteredLists(Documents(Deal, collection), TABLE, budget=budget)


def wanted(raw: dict[str, Any], order: str, direction: str = "desc") -> Query:
    return LISTED.query(raw, [[order, direction]], None, now=NOON)


async def in_order(deals: Collection, order: str, direction: str) -> list[str]:
    """All ids, as MongoDB orders the whole list."""
    return await every_page(lists_of(deals, 20_000), wanted({}, order, direction), limit=50)


@EVERY_ORDER
@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_what_an_index_has_few_of_is_on_one_page_in_every_order(
    deals: Collection, order: str, direction: str
) -> None:
    """DEAL-01: complete, counted exactly, by indexes, and with few records read."""
    ids = await in_order(deals, order, direction)
    documents = {each["_id"]: each for each in await deals.find({})}
    for raw in FEW:
        query, examined = wanted(raw, order, direction), Examined(deals)
        page = await lists_of(examined).page(query, limit=50)
        passing = [id_ for id_ in ids if matches(query.filter, documents[id_])]
        assert ([each.id for each in page.items], page.next, page.is_complete) == (passing, None, True), raw
        examined.assert_served_by_indexes(raw)
        assert examined.keys <= BUDGET
        count = await lists_of(deals).count(query)
        assert (count.value, count.is_exact) == (len(passing), True), raw


@EVERY_ORDER
async def test_a_cursor_goes_on_whichever_way_the_page_before_was_found(deals: Collection, order: str) -> None:
    """DEAL-02: what is few may have become many since, and the other way round."""
    for direction in ("asc", "desc"):
        ids = await in_order(deals, order, direction)
        documents = {each["_id"]: each for each in await deals.find({})}
        for raw in FEW:
            for first in (0, 1):
                query, found = wanted(raw, order, direction), list[str]()
                budgets = cycle((BUDGET, 320)[first:] + (BUDGET, 320)[:first])
                page = await lists_of(deals, next(budgets)).page(query, limit=3)
                while page.next is not None:
                    found += [each.id for each in page.items]
                    page = await lists_of(deals, next(budgets)).page(query, limit=3, after=page.next)
                found += [each.id for each in page.items]
                assert found == [id_ for id_ in ids if matches(query.filter, documents[id_])], raw


RIGHTS: Final = {
    "own": (Right(element="deal", levels={"read": "own"}),),
    "own, and nothing of a stage": (
        Right(element="deal", levels={"read": "own"}),
        Right(element="deal", pipeline_id="default", stage_id="WON", levels={"read": "none"}),
    ),
}


@pytest.mark.parametrize("name", RIGHTS)
async def test_hidden_records_change_nothing_for_who_may_read_few(mongo: Mongo, deals: Collection, name: str) -> None:
    """PERM-04: whatever is named besides, and however many hidden records have that, no page tells of them."""
    allowed = Rights.of("anna", [RoleState(id="seller", rights=RIGHTS[name])], Departments.of([])).filter(DEAL, "read")
    mine = [some_deal(place) for place in range(0, DEALS, 20)]
    others = [some_deal(place, hidden=1) for place in range(2 * DEALS) if place % 20]
    documents = await deals.find({})
    async with stored_deals(mongo, [*mine, *others]) as changed:
        for order in TABLE.orders:
            for raw in (
                *FEW,
                {},
                {"title": "Pumps"},
                {"company_id": "often"},
                {"or": [{"title": "Pumps"}, {"number": 8}]},
            ):
                query = replace(wanted(raw, order), allowed=allowed)
                pages = [await lists_of(each).page(query, limit=2) for each in (deals, changed)]
                assert pages[0] == pages[1], (raw, order)
                counts = [await lists_of(each).count(query) for each in (deals, changed)]
                passing = sum(matches(All((query.filter, allowed)), each) for each in documents)
                assert (counts[0], counts[0].value) == (counts[1], passing), (raw, order)
