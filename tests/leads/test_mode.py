"""The mode of the CRM over HTTP, on the real MongoDB: a fresh installation, who chooses it, and what is told of it."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import pytest
import pytest_asyncio
from crm_contracts.roles import RoleState
from crm_contracts.settings import MODE, ModeChanged, ModeConversion, ModeState

from deploy.local.mongo import Mongo
from services.leads.app import build
from services.leads.mode.domain import CrmMode
from services.leads.mode.store import SETTINGS
from services.leads.settings import LeadsSettings
from tests.builders.granted import SELLER, as_seller, store
from tests.builders.running import Api, running, wrong_fields
from tests.kit.topics import Record

ADMIN: Final = ("admin",)
PATH: Final = "/settings/mode"
DEFAULTS: Final = {"client": "contact", "pipeline_id": "default", "activities": "complete"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fresh(
    mongo: Mongo, dictionaries: Sequence[Record], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Api]:
    """An installation whose operator said nothing of modes."""
    directory = tmp_path_factory.mktemp("fresh")
    async with running("leads", build, mongo, directory, told=dictionaries, CRM_INITIAL_MODE="simple") as api:
        yield api


async def choose(api: Api, mode: str, conversion: Any = None, **headers: Any) -> dict[str, Any]:
    body = {"mode": mode} if conversion is None else {"mode": mode, "conversion": conversion}
    answer = await api("PUT", PATH, body, roles=ADMIN, **headers)
    assert answer.is_success, answer.text
    chosen: dict[str, Any] = answer.json()
    return chosen


async def told(api: Api) -> list[Any]:
    return list(await api.documents(CrmMode, SETTINGS).said(MODE))


def test_simple_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """MODE-01."""
    monkeypatch.delenv("CRM_INITIAL_MODE", raising=False)
    settings = LeadsSettings()
    assert (settings.initial_mode, settings.classic_mode_allowed) == ("simple", True)


@pytest.mark.parametrize("role", ["reader", "user", "admin"])
async def test_a_fresh_installation_answers_simple_to_any_user(fresh: Api, role: str) -> None:
    """MODE-01, MODE-13."""
    answer = await fresh("GET", PATH, roles=[role])
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["mode"], shown["conversion"], shown["changed_by"]) == ("simple", DEFAULTS, "service:leads")
    assert (await fresh("GET", PATH, roles=None)).status_code == 401


async def test_an_administrator_chooses_the_mode_both_ways_and_it_is_told(api: Api) -> None:
    """MODE-04, MODE-06, MODE-08 to MODE-12: with all that others have to know, and once."""
    before = await told(api)
    assert before[0] == ModeChanged(settings=before[0].settings, after=ModeState(mode="classic"))
    terms = {"client": "both", "pipeline_id": "default", "activities": "keep_open"}
    chosen = await choose(api, "simple", terms)
    assert (chosen["mode"], chosen["conversion"], chosen["changed_by"]) == ("simple", terms, "user:anna")
    assert await choose(api, "simple", terms) == chosen, "what is so already is no change"
    back = await choose(api, "classic")
    assert (back["mode"], back["conversion"]) == ("classic", terms), "its terms stay where nothing is said of them"
    there, again = (await told(api))[len(before) :]
    assert (str(there.settings), there.before) == ("settings:mode", ModeState(mode="classic"))
    assert there.after == ModeState(mode="simple", conversion=ModeConversion(client="both", activities="keep_open"))
    assert (again.before, again.after) == (there.after, there.after.model_copy(update={"mode": "classic"}))
    assert (await choose(api, "classic", {}))["conversion"] == DEFAULTS


async def test_only_who_may_modify_settings_chooses_it(api: Api) -> None:
    """MODE-04, PERM-05."""
    body = {"mode": "classic"}
    await store(api, RoleState(id=SELLER))
    answers = [await api("PUT", PATH, body, roles=[role]) for role in ("reader", "user")]
    answers.append(await as_seller(api, "PUT", PATH, body))
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    await store(api, RoleState(id=SELLER, modify_settings=True))
    assert (await as_seller(api, "PUT", PATH, body)).status_code == 200


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ["mode"]),
        ({"mode": "difficult", "terms": {}}, ["mode", "terms"]),
        (
            {"mode": "simple", "conversion": {"client": "all", "activities": "close", "stage_id": "NEW"}},
            ["conversion.activities", "conversion.client", "conversion.stage_id"],
        ),
        ({"mode": "simple", "conversion": {"pipeline_id": "elsewhere"}}, ["conversion.pipeline_id"]),
    ],
    ids=["nothing", "unknown mode", "unknown terms", "unknown pipeline"],
)
async def test_what_cannot_be_chosen_is_named_and_changes_nothing(
    api: Api, body: dict[str, Any], wrong: list[str]
) -> None:
    before = await api.read(PATH)
    assert sorted(wrong_fields(await api("PUT", PATH, body, roles=ADMIN))) == wrong
    assert await api.read(PATH) == before


async def test_an_old_copy_chooses_nothing(api: Api) -> None:
    answer = await api("GET", PATH)
    await choose(api, "classic", {"client": "company"}, if_match=answer.headers["etag"])
    old = await api("PUT", PATH, {"mode": "simple"}, roles=ADMIN, if_match=answer.headers["etag"])
    assert (old.status_code, old.json()["code"]) == (412, "version_mismatch")
    await choose(api, "classic", {})


async def test_a_plan_may_have_no_classic_mode(mongo: Mongo, tmp_path_factory: pytest.TempPathFactory) -> None:
    """MODE-02: what else is chosen in Simple mode still is."""
    directory = tmp_path_factory.mktemp("small")
    async with running(
        "leads", build, mongo, directory, CRM_INITIAL_MODE="simple", CRM_CLASSIC_MODE_ALLOWED="false"
    ) as api:
        refused = await api("PUT", PATH, {"mode": "classic"}, roles=ADMIN)
        assert (refused.status_code, refused.json()["code"]) == (403, "plan_restriction")
        assert (await choose(api, "simple", {"client": "both"}))["conversion"]["client"] == "both"


async def test_an_installation_from_before_there_were_modes_stays_as_it_was(
    api: Api, mongo: Mongo, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """MODE-01: only a fresh one is Simple; leads that are there would become deals otherwise."""
    await api.made("/leads")
    await api.database.collection(SETTINGS).delete({"_id": MODE})
    directory = tmp_path_factory.mktemp("newer")
    async with running("leads", build, mongo, directory, beside=api, CRM_INITIAL_MODE="simple") as newer:
        assert (await newer.read(PATH))["mode"] == "classic"
