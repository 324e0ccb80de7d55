"""What an element service remembers of the catalog, fed by events in any order (ROW-01, PROD-13)."""

from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest_asyncio
from crm_contracts.envelope import Envelope, Event
from crm_contracts.products import ListPrice, ProductCreated, ProductFields, ProductState, ProductUpdated
from crm_contracts.values import ElementRef, Money

from deploy.local.mongo import Mongo
from shared.elements.domain.product_rows import ProductFacts
from shared.elements.events.products import product_reactions
from shared.elements.store.products import Products
from shared.kit.storage.connection import connect
from tests.builders.causes import ANNA, NOON
from tests.builders.events import an_event, react
from tests.builders.values import euros


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def products(mongo: Mongo) -> AsyncIterator[Products]:
    database = connect(mongo.url, f"products_{uuid4().hex[:12]}")
    yield Products(database.collection("products"))
    await database.drop()
    database.close()


def prices(value: str) -> tuple[ListPrice, ...]:
    return (ListPrice(price=euros(value)),)


def created(id_: str, **fields: Any) -> Envelope[ProductCreated]:
    audit = {"created_at": NOON, "created_by": ANNA, "updated_at": NOON, "updated_by": ANNA}
    product = ProductState(**{"id": id_, "number": 1, "name": "Pump", "prices": prices("550"), **audit, **fields})
    return an_event(ProductCreated(product=product), subject=id_, sequence=1)


def updated(id_: str, sequence: int, **after: Any) -> Envelope[ProductUpdated]:
    changed = ProductUpdated(
        product=ElementRef(type="product", id=id_), before=ProductFields(), after=ProductFields(**after)
    )
    return an_event(changed, id_=f"event-{sequence}", subject=id_, sequence=sequence)


async def deliver(products: Products, *events: Envelope[Event]) -> ProductFacts | None:
    """What is known of the one product after these events."""
    for event in events:
        await react(product_reactions(products), event)
    return (await products.facts([events[0].subject])).get(events[0].subject)


async def test_a_product_can_be_sold_as_soon_as_it_was_heard_of(products: Products) -> None:
    """ROW-01."""
    assert await products.facts(["pump", None]) == {}
    assert await deliver(products, created("pump")) == ProductFacts("pump", "Pump", active=True, price=euros("550"))


async def test_a_product_without_a_price_has_none(products: Products) -> None:
    """PROD-11."""
    facts = await deliver(products, created("free", prices=()))
    assert facts is not None
    assert facts.price is None


async def test_the_price_is_that_of_the_quantity(products: Products) -> None:
    """PROD-11: of its range; where none has it, the price that is for no range, if there is one."""
    ranges = (
        ListPrice(price=euros("10"), quantity_to=Decimal(9)),
        ListPrice(price=euros("8"), quantity_from=Decimal(10), quantity_to=Decimal(99)),
    )
    facts = await deliver(products, created("ranged", prices=ranges))
    assert facts is not None
    assert [facts.price_of(Decimal(n)) for n in ("1", "9", "9.5", "10", "99", "100")] == [
        *(euros("10"), euros("10"), None, euros("8"), euros("8"), None)
    ]
    facts = await deliver(products, updated("ranged", 2, prices=(*ranges, ListPrice(price=euros("11")))))
    assert facts is not None
    assert [facts.price_of(Decimal(n)) for n in ("9.5", "10", "100")] == [euros("11"), euros("8"), euros("11")]
    facts = await deliver(products, updated("ranged", 3, prices=prices("7")))
    assert facts is not None
    assert (facts.prices, facts.price_of(Decimal(20))) == ((), euros("7"))


async def test_whatever_the_order_and_however_often_the_newest_of_each_field_counts(products: Products) -> None:
    """PROD-13: updates carry only what changed."""
    for number, order in enumerate(permutations(range(4))):
        id_ = f"pump-{number}"
        news = [
            created(id_),
            updated(id_, 2, name="Big pump", active=False),
            updated(id_, 3, prices=prices("600")),
            updated(id_, 4, active=True, sort=7),
        ]
        facts = await deliver(products, *(news[place] for place in order), *news)
        assert facts == ProductFacts(id_, "Big pump", active=True, price=euros("600")), order


async def test_a_product_that_was_only_updated_so_far_is_not_known_yet(products: Products) -> None:
    """ROW-01: its name is missing."""
    assert await deliver(products, updated("early", 2, active=False)) is None
    facts = await deliver(products, created("early"))
    assert facts is not None
    assert not facts.active


async def test_a_product_whose_creation_is_missing_cannot_be_sold_although_it_was_renamed(products: Products) -> None:
    """ROW-01: whether it is active is not known."""
    assert await deliver(products, updated("renamed", 2, name="Pump 2")) is None
    facts = await deliver(products, created("renamed"))
    assert facts == ProductFacts("renamed", "Pump 2", active=True, price=euros("550"))


async def test_a_name_is_taken_as_it_is_even_if_it_looks_like_an_expression(products: Products) -> None:
    facts = await deliver(
        products, created("odd", name="$name", prices=(ListPrice(price=Money(value=Decimal("0.5"), currency="USD")),))
    )
    assert facts is not None
    assert (facts.name, facts.price) == ("$name", Money(value=Decimal("0.5"), currency="USD"))
