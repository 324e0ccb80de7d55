"""The currency of an element with product rows, over the API of the services that have such (ROW-02, CMN-11)."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_asyncio

from deploy.local.mongo import Mongo
from services.deals.app import build as build_deals
from services.leads.app import build as build_leads
from tests.builders.running import Api, running, wrong_fields
from tests.kit.topics import Record

ROW = {"name": "Pump", "quantity": "2", "price": "19.99"}


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["deals", "leads"])
async def element(
    request: pytest.FixtureRequest,
    mongo: Mongo,
    dictionaries: Sequence[Record],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Api, str]]:
    """A service, and the path of its elements."""
    name = str(request.param)
    build = build_deals if name == "deals" else build_leads
    async with running(name, build, mongo, tmp_path_factory.mktemp(name), told=dictionaries) as api:
        yield api, f"/{name}"


@pytest.mark.parametrize("flag", [None, True, False], ids=["not said", "manual", "computed"])
async def test_rows_that_stay_keep_their_currency(element: tuple[Api, str], *, flag: bool | None) -> None:
    api, path = element
    made = await api.made(path, {"rows": [ROW]})
    body = {"amount": {"value": "50", "currency": "USD"}, **({} if flag is None else {"is_manual_amount": flag})}
    refused = await api("PUT", f"{path}/{made['id']}/rows", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "currency_of_rows"), refused.text
    assert wrong_fields(refused) == ["amount.currency"]
    assert "in EUR" in refused.json()["detail"]
    assert await api.read(f"{path}/{made['id']}") == made


async def test_rows_with_prices_in_the_new_currency_take_their_place(element: tuple[Api, str]) -> None:
    api, path = element
    made = await api.made(path, {"rows": [ROW]})
    (row,) = made["rows"]
    body = {"rows": [{"id": row["id"], "price": "21.50"}], "amount": {"value": "40", "currency": "USD"}}
    changed = await api("PUT", f"{path}/{made['id']}/rows", {**body, "is_manual_amount": True})
    assert changed.status_code == 200, changed.text
    (now,) = changed.json()["rows"]
    assert (now["price"], now["list_price"], now["quantity"]) == ("21.50", "21.50", "2")
    assert changed.json()["amount"] == {"value": "40", "currency": "USD"}


async def test_without_rows_an_amount_may_be_in_any_currency(element: tuple[Api, str]) -> None:
    api, path = element
    made = await api.made(path, {"rows": [ROW]})
    body: dict[str, Any] = {"rows": [], "amount": {"value": "50", "currency": "USD"}}
    changed = await api("PUT", f"{path}/{made['id']}/rows", body)
    assert (changed.status_code, changed.json()["amount"]["currency"]) == (200, "USD"), changed.text
