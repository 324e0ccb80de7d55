"""Prices that catalog told before a service kept those of ranges are read once more from the topic (0045, PROD-11)."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.products import ListPrice, ProductCreated, ProductState
from fastapi import FastAPI

from deploy.local.kafka import Kafka
from deploy.local.mongo import Mongo
from services.deals.app import build as deals
from services.leads.app import build as leads
from shared.elements.store.products import Products
from shared.kit.settings import ServiceSettings
from tests.builders.causes import ANNA, NOON
from tests.builders.events import an_event
from tests.builders.passed import passed
from tests.builders.running import running
from tests.builders.values import euros
from tests.kit.waiting import eventually

pytestmark = pytest.mark.real_kafka


@pytest.mark.parametrize(("name", "build"), [("leads", leads), ("deals", deals)])
async def test_the_price_of_a_range_is_known_after_the_update(
    kafka: Kafka, mongo: Mongo, tmp_path: Path, name: str, build: Callable[[], tuple[FastAPI, ServiceSettings]]
) -> None:
    """PROD-11: a row is priced by it, though nothing of the product has changed since."""
    id_ = f"x{uuid4().hex[:12]}"
    prices = (ListPrice(price=euros("12")), ListPrice(price=euros("9"), quantity_from=Decimal(10)))
    audit: dict[str, Any] = {"created_at": NOON, "created_by": ANNA, "updated_at": NOON, "updated_by": ANNA}
    product = ProductState(id=id_, number=1, name="Pump", prices=prices, **audit)
    told = replace(an_event(ProductCreated(product=product), id_=id_, subject=id_, sequence=1), source="/crm/catalog")
    await passed(kafka, f"{name}.reactions", [told])
    async with running(name, build, mongo, tmp_path, kafka=kafka.environment) as api:
        products = api.database.collection("products")
        before = {"name": "Pump", "active": True, "price": euros("12").model_dump()}
        await products.update({"_id": id_}, {"$set": {**before, "seq": dict.fromkeys(before, 1)}}, upsert=True)

        async def is_known() -> bool:
            facts = (await Products(products).facts([id_])).get(id_)
            return facts is not None and facts.price_of(Decimal(10)) == euros("9")

        await eventually(is_known, f"{name} knows the price of many")
