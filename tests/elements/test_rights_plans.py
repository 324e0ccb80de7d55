"""How MongoDB finds what a user has rights to: merged along the marks, within the budget, completely (PERM-01)."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

import pytest
import pytest_asyncio
from crm_contracts.departments import DepartmentState
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
DEALS: Final = 600
USERS: Final = [f"u{number:03}" for number in range(300)]
STAGES: Final = ("NEW", "EXECUTING", "WON")
COLLEAGUES: Final = {"few": USERS[:5], "many": USERS[:150], "more than are merged": USERS[:250]}


def some_deal(place: int, chance: Random) -> Deal:
    deal = a_deal(
        f"deal-{place:03}",
        at=NOON + timedelta(seconds=place // 7),
        title=chance.choice(("Pumps", "Pipes")),
        responsible_id=chance.choice(USERS[:8] if chance.random() < 0.5 else USERS),
        observers=tuple(chance.sample(USERS[:4], chance.randrange(3))),
        open_to_all=chance.random() < 0.3,
        client=a_client("ada"),
        priced=Priced(amount=Money(value=Decimal(chance.randrange(5)), currency="EUR")),
    )
    deal.number, deal.stage_id = place, chance.choice(STAGES)
    return deal


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def deals(mongo: Mongo) -> AsyncIterator[Collection]:
    chance = Random(17)
    async with stored_deals(mongo, [some_deal(place, chance) for place in range(DEALS)]) as collection:
        yield collection


def of_user(colleagues: str, *rights: Right) -> Rights:
    """The rights of `u000`, who works with others."""
    department = DepartmentState(id="sales", member_ids=tuple(COLLEAGUES[colleagues]))
    return Rights.of(USERS[0], [RoleState(id="seller", rights=rights)], Departments.of([department]))


def level(name: str, **place: str) -> Right:
    return Right(element="deal", levels={"read": name}, **place)


RIGHTS: Final[Mapping[str, Rights]] = {
    "own": of_user("few", level("own")),
    "department": of_user("few", level("department")),
    "large department": of_user("many", level("department")),
    "department too large for the index": of_user("more than are merged", level("department")),
    "opened": of_user("few", level("opened")),
    "opened in a large department": of_user("many", level("opened")),
    "own in one pipeline": of_user("few", level("own", pipeline_id="default")),
    "by stage": of_user(
        "few",
        level("own"),
        level("all", pipeline_id="default", stage_id="WON"),
        level("none", pipeline_id="default", stage_id="NEW"),
    ),
    "nothing of a stage": of_user("few", level("all"), level("none", pipeline_id="default", stage_id="NEW")),
    "none": of_user("few"),
}
LOOKED_AT: Final = {"department too large for the index", "own in one pipeline", "by stage", "nothing of a stage"}
"""Those that are no condition on a few marks: they are looked at record by record."""
FILTERS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"stage_id": "WON"},
    {"responsible_id": {"in": USERS[:3]}},
    {"contact_id": "ada", "title": "Pumps"},
    {"or": [{"title": "Pumps"}, {"stage_id": "NEW"}]},
)


def wanted(raw: dict[str, Any], order: str, direction: str, rights: Rights) -> Query:
    query = LISTED.query(raw, [[order, direction]], None, now=NOON)
    return replace(query, allowed=rights.filter(DEAL, "read"))


@pytest.mark.parametrize("name", RIGHTS)
@pytest.mark.parametrize("order", TABLE.orders)
async def test_whatever_the_rights_all_of_it_is_found_in_order_by_indexes(
    deals: Collection, name: str, order: str
) -> None:
    """PERM-01, PERM-02, PERM-04, CMN-05, CMN-09: without a sort in memory or a look at the whole collection."""
    documents = await deals.find({})
    for direction in ("asc", "desc"):
        for raw in FILTERS:
            query, examined = wanted(raw, order, direction, RIGHTS[name]), Examined(deals)
            lists = FilteredLists(Documents(Deal, examined), TABLE)
            passing = [each for each in documents if matches(All((query.filter, query.allowed)), each)]
            found = await every_page(lists, query, limit=70)
            assert sorted(found) == sorted(each["_id"] for each in passing), raw
            assert len(found) == len(set(found)), "a record that has several of the marks is listed once"
            examined.assert_served_by_indexes((raw, direction))
            count = await lists.count(query)
            assert (count.value, count.is_exact) == (len(passing), True)


@pytest.mark.parametrize("name", RIGHTS)
async def test_newest_first_is_found_along_the_marks_where_they_are_few_enough(deals: Collection, name: str) -> None:
    """PERM-01: one place of the index for each mark, merged in their order; in no other index anything is counted."""
    examined = Examined(deals)
    lists = FilteredLists(Documents(Deal, examined), TABLE)
    await lists.page(wanted({}, "created_at", "desc", RIGHTS[name]), limit=50)
    assert (examined.indexes == {"by_access"}) == (name not in LOOKED_AT)


@pytest.mark.parametrize("name", RIGHTS)
async def test_no_page_reads_more_keys_than_its_budget_whatever_the_rights(deals: Collection, name: str) -> None:
    """PERM-01: a record that is found by several marks costs a key for each."""
    for order in TABLE.orders:
        for raw in ({"title": "nowhere"}, {"stage_id": "WON", "title": "nowhere"}):
            examined = Examined(deals)
            lists = FilteredLists(Documents(Deal, examined), TABLE, budget=240)
            page = await lists.page(wanted(raw, order, "desc", RIGHTS[name]), limit=50)
            assert page.items == []
            # Half of this budget is less than what 152 marks cost three times. Beside it: ties of the place it ends at.
            most = 120 + 3 * 152 if "large department" in name and order == "created_at" else 240
            assert examined.keys <= most + 10, (order, raw, examined.keys)
