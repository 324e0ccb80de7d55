"""Whether new records are open to all is a setting, and what a request says goes before it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from deploy.local.mongo import Mongo
from services.clients.app import build as clients
from services.deals.app import build as deals
from services.leads.app import build as leads
from shared.kit.settings import ServiceSettings
from tests.builders.running import Api, running

Build = Callable[[], tuple[FastAPI, ServiceSettings]]


async def assert_closed(api: Api, plural: str, **body: Any) -> None:
    """New records are not open to all, by whichever route, unless the request says so."""
    assert (await api.made(f"/{plural}", body))["open_to_all"] is False
    assert (await api.made(f"/{plural}", {**body, "open_to_all": True}))["open_to_all"] is True
    answer = await api("PUT", f"/{plural}/external/shop/1", body)
    assert (answer.status_code, answer.json()["open_to_all"]) == (201, False)
    (item,) = (await api("POST", f"/{plural}/batch", {"items": [body]})).json()["items"]
    assert (await api.read(f"/{plural}/{item['id']}"))["open_to_all"] is False


@pytest.mark.parametrize(("name", "build"), [("leads", leads), ("deals", deals)])
async def test_a_setting_decides_whether_new_records_are_open_to_all(
    mongo: Mongo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, build: Build
) -> None:
    """CMN-09."""
    monkeypatch.setenv("CRM_OPEN_TO_ALL", "false")
    async with running(name, build, mongo, tmp_path) as api:
        await assert_closed(api, name)


async def test_the_same_setting_decides_whether_new_clients_are_open_to_all(
    mongo: Mongo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CMN-09.5: also of a contact that is created in a new company."""
    monkeypatch.setenv("CRM_OPEN_TO_ALL", "false")
    async with running("clients", clients, mongo, tmp_path) as api:
        await assert_closed(api, "contacts", last_name="Ada")
        await assert_closed(api, "companies", title="ACME")
        answer = await api("POST", "/companies", {"title": "ACME", "contacts": [{"last_name": "Eve"}]})
        (contact,) = answer.json()["contacts"]
        assert (await api.read(f"/contacts/{contact['id']}"))["open_to_all"] is False
