"""Whether new leads and deals are open to all is a setting, and what a request says goes before it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI

from deploy.local.mongo import Mongo
from services.deals.app import build as deals
from services.leads.app import build as leads
from shared.kit.settings import ServiceSettings
from tests.builders.running import running


@pytest.mark.parametrize(("name", "build"), [("leads", leads), ("deals", deals)])
async def test_a_setting_decides_whether_new_records_are_open_to_all(
    mongo: Mongo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    build: Callable[[], tuple[FastAPI, ServiceSettings]],
) -> None:
    """CMN-09."""
    monkeypatch.setenv("CRM_OPEN_TO_ALL", "false")
    async with running(name, build, mongo, tmp_path) as api:
        assert (await api.made(f"/{name}"))["open_to_all"] is False
        assert (await api.made(f"/{name}", {"open_to_all": True}))["open_to_all"] is True
        answer = await api("PUT", f"/{name}/external/shop/1", {})
        assert (answer.status_code, answer.json()["open_to_all"]) == (201, False)
