"""Lists of leads and deals are narrowed by a search, over the API and by the keys of the index (DEAL-01)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts.elements import DEAL, LEAD, ElementType
from crm_contracts.roles import Right

from deploy.local.mongo import Mongo
from services.deals.app import build as build_deals
from services.deals.deal.domain.deal import Deal
from services.deals.deal.store import DEAL_INDEXES
from services.leads.app import build as build_leads
from shared.elements.domain.fields import filterable_fields
from shared.elements.domain.filters.evaluation import matches
from shared.elements.domain.filters.nodes import All, Condition
from shared.elements.domain.filters.query import Listed
from shared.elements.domain.rights.accessed import ACCESS
from shared.elements.domain.search import words_sought
from shared.elements.store.filtered_lists import FilteredLists
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import connect
from tests.builders.causes import NOON
from tests.builders.deals import TABLE, a_deal
from tests.builders.examined import Examined, every_page
from tests.builders.fakes import Documents
from tests.builders.granted import allow, as_seller
from tests.builders.running import Api, running, wrong_fields

SERVICES: Final = {LEAD: build_leads, DEAL: build_deals}
EVERY_TYPE = pytest.mark.parametrize("type_", SERVICES, ids=lambda type_: type_.noun)
LISTED: Final = Listed(filterable_fields(DEAL), TABLE.orders, (), is_searched=True)
DEALS: Final = 400
BUDGET: Final = 600
"""Of keys: so 100 deals are few."""


def path(type_: ElementType, q: str, **more: str) -> str:
    return f"/{type_.plural}?{urlencode({'q': q, **more})}"


async def queried(api: Api, type_: ElementType, **body: Any) -> list[str]:
    answer = await api("POST", f"/{type_.plural}/query", body)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


@EVERY_TYPE
async def test_a_list_is_searched_by_the_words_of_titles(mongo: Mongo, tmp_path: Path, type_: ElementType) -> None:
    """DEAL-01: in any order, case and script, newest first, together with all else that narrows a list."""
    async with running(type_.service, SERVICES[type_], mongo, tmp_path) as api:
        plural = f"/{type_.plural}"
        titles = ("Pumps for Müller", "Pipes for O'Neill & Sons", "Насосы", "pumpkins", "...", "🚀 launch")
        made = [(await api.made(plural, {"title": title, "responsible_id": "anna"}))["id"] for title in titles]
        pumps, pipes, russian, pumpkins, _, launch = made
        found: dict[str, list[str]] = {
            "pump": [pumpkins, pumps],
            "pumps": [pumps],
            "muller PUM": [pumps],
            "Mueller": [pumps],
            "for": [pipes, pumps],
            "oneill": [pipes],
            "pipes & sons": [pipes],
            "насос": [russian],
            "nasosy": [russian],
            "🚀": [launch],
            "pump oneill": [],
            "umps": [],
            "%%": [],
        }
        for q, ids in found.items():
            assert await api.ids(path(type_, q)) == ids, q
            assert await queried(api, type_, q=q) == ids, q
        assert await queried(api, type_, q="pump", order=[["number", "asc"]]) == [pumps, pumpkins]
        assert await queried(api, type_, q="pump", order=[["title", "desc"]]) == [pumps, pumpkins]
        assert await queried(api, type_, q="pump", filter={"not": {"title": {"like": "%for%"}}}) == [pumpkins]
        assert await api.ids(path(type_, "pump", responsible_id="ben")) == []
        answer = await api("POST", f"{plural}/query", {"q": "pump", "count": "capped", "limit": 1})
        assert answer.json()["count"] == {"value": 2, "is_exact": True}
        cursor = answer.json()["next_cursor"]
        assert await queried(api, type_, q="pump", cursor=cursor) == [pumps]
        refused = await api("POST", f"{plural}/query", {"q": "pumps", "cursor": cursor})
        assert refused.json()["code"] == "cursor_of_another_list"
        await api("PATCH", f"{plural}/{pumps}", {"title": "Valves"})
        assert (await api.ids(path(type_, "pump")), await api.ids(path(type_, "valv"))) == ([pumpkins], [pumps])


@EVERY_TYPE
async def test_a_list_tells_how_many_records_it_has_if_it_is_asked(
    mongo: Mongo, tmp_path: Path, type_: ElementType
) -> None:
    """DEAL-02: and fifty of them in six columns are less than 10 kB."""
    async with running(type_.service, SERVICES[type_], mongo, tmp_path) as api:
        items = [{"title": f"Pumps for hall {place}", "responsible_id": "anna"} for place in range(60)]
        await api("POST", f"/{type_.plural}/batch", {"items": items})
        page = await api.read(f"/{type_.plural}?total=true&limit=1&q=pump")
        assert (len(page["items"]), page["total"]) == (1, {"value": 60, "is_exact": True})
        assert (await api.read(f"/{type_.plural}?limit=1"))["total"] is None
        assert wrong_fields(await api("GET", f"/{type_.plural}?total=7")) == ["total"]
        columns = ["id", "title", "number", "stage_id", "responsible_id", "created_at"]
        answer = await api("POST", f"/{type_.plural}/query", {"select": columns}, Accept_Encoding="identity")
        assert len(answer.json()["items"]) == 50
        assert len(answer.content) < 10_000


@EVERY_TYPE
async def test_what_is_too_short_to_search_by_is_refused(mongo: Mongo, tmp_path: Path, type_: ElementType) -> None:
    """CLI-04 holds for lists as well."""
    async with running(type_.service, SERVICES[type_], mongo, tmp_path) as api:
        for q in ("a", " ", "x" * 101):
            assert wrong_fields(await api("GET", path(type_, q))) == ["q"], q
            assert wrong_fields(await api("POST", f"/{type_.plural}/query", {"q": q})) == ["q"], q
        made = await api.made(f"/{type_.plural}", {"title": "田中"})
        assert await api.ids(path(type_, "田")) == [made["id"]]


async def test_a_lead_is_found_by_its_name_company_phone_and_email(mongo: Mongo, tmp_path: Path) -> None:
    """DEAL-01: and by none of them any more once they are gone."""
    async with running("leads", build_leads, mongo, tmp_path) as api:
        body = {
            "title": "Pumps",
            "first_name": "Ada",
            "last_name": "Lovelace",
            "company_title": "ACME Machines",
            "phones": [{"value": "+49 30 901820"}],
            "emails": [{"value": "ada@acme.example"}],
        }
        made = await api.made("/leads", body)
        searches = ("lovelace ada", "ada pumps", "machines", "901820", "030 901820", "ada@acme", "acme.example")
        for q in searches:
            assert await api.ids(path(LEAD, q)) == [made["id"]], q
        gone: dict[str, Any] = {
            "first_name": None,
            "last_name": None,
            "company_title": None,
            "phones": [],
            "emails": [],
        }
        await api("PATCH", f"/leads/{made['id']}", gone)
        for q in searches:
            assert await api.ids(path(LEAD, q)) == [], q
        assert (await api.database.collection("leads").get(made["id"]) or {})["search"] == ["n:pumps"]


@EVERY_TYPE
async def test_a_search_finds_what_the_caller_may_read(mongo: Mongo, tmp_path: Path, type_: ElementType) -> None:
    """PERM-04: neither records nor counts tell of others."""
    async with running(type_.service, SERVICES[type_], mongo, tmp_path) as api:
        users = ("anna", "ben", "ben")
        made = [
            await api.made(f"/{type_.plural}", {"title": "Pumps", "responsible_id": user, "open_to_all": False})
            for user in users
        ]
        await allow(api, Right(element=type_.noun, levels={"read": "own"}))
        body = {"q": "pump", "count": "capped", "select": ["id"]}
        answer = (await as_seller(api, "POST", f"/{type_.plural}/query", body)).json()
        assert answer["items"] == [{"id": made[0]["id"]}]
        assert answer["count"] == {"value": 1, "is_exact": True}
        assert answer["complete"]


@EVERY_TYPE
async def test_records_from_before_the_search_are_found_after_the_update(
    mongo: Mongo, tmp_path: Path, type_: ElementType
) -> None:
    """DEAL-01: they get their keys before the first request."""
    async with running(type_.service, SERVICES[type_], mongo, tmp_path) as api:
        made = await api.made(f"/{type_.plural}", {"title": "Pumps"})
        await api.database.collection(type_.plural).update({"_id": made["id"]}, {"$unset": {"search": ""}})
        assert await api.ids(path(type_, "pump")) == []
        async with running(type_.service, SERVICES[type_], mongo, tmp_path, beside=api) as updated:
            assert await updated.ids(path(type_, "pump")) == [made["id"]]


def some_deal(place: int) -> Deal:
    words = ["common", *(["often"] if place % 2 else []), *(["rare"] if place % 40 == 0 else [])]
    deal = a_deal(f"{place:03}", at=NOON + timedelta(seconds=place // 7), title=" ".join(words))
    deal.number, deal.responsible_id = place, "anna" if place % 50 == 0 else "ben"
    return deal


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def deals(mongo: Mongo) -> AsyncIterator[Collection]:
    database = connect(mongo.url, f"searched_{uuid4().hex[:8]}")
    collection = database.collection("deals")
    await collection.ensure(DEAL_INDEXES)
    made = [some_deal(place) for place in range(DEALS)]
    rows = [{**deal.model_dump(exclude={"id"}), "_id": deal.id, "inbox": [], "outbox": []} for deal in made]
    assert await collection.insert_missing(rows) == DEALS
    yield collection
    await database.drop()
    database.close()


@pytest.mark.parametrize("order", ["created_at", "number", "title", "amount"])
@pytest.mark.parametrize("q", ["rare", "common", "often rare", "common often", "nothing", "rare nothing"])
async def test_a_searched_list_is_complete_whether_its_words_are_rare_or_frequent(
    deals: Collection, q: str, order: str
) -> None:
    """DEAL-01: within the budget, with and without rights of the caller."""
    documents = await deals.find({})
    for allowed in (All(()), Condition(ACCESS, "in", ("r:anna", "o:anna"))):
        query = LISTED.query({"closed": False}, [[order, "asc"]], None, now=NOON)
        query = replace(query, sought=words_sought(q), allowed=allowed)
        passing = [each["_id"] for each in documents if matches(All((query.whole, allowed)), each)]
        examined = Examined(deals)
        lists = FilteredLists(Documents(Deal, examined), TABLE, budget=BUDGET)
        found = await every_page(lists, query, limit=20)
        assert sorted(found) == sorted(passing)
        assert "COLLSCAN" not in examined.stages
        assert (await lists.count(query)).value <= len(passing)
        before = examined.keys
        await lists.page(query, limit=20)
        assert examined.keys - before <= BUDGET + 20


async def test_what_few_records_have_is_found_by_their_keys_alone(deals: Collection) -> None:
    """DEAL-01: one page, however many records there are."""
    examined = Examined(deals)
    lists = FilteredLists(Documents(Deal, examined), TABLE, budget=BUDGET)
    query = replace(LISTED.query({}, [["created_at", "desc"]], None, now=NOON), sought=words_sought("common rare"))
    page = await lists.page(query, limit=50)
    assert ([each.id for each in page.items], page.next) == ([f"{place:03}" for place in range(360, -1, -40)], None)
    assert examined.indexes == {"newest", "by_key", "_id_"}
    # What is looked at before that is known: the first records, the place up to which, and the keys of both words.
    assert examined.keys <= BUDGET // 5


@pytest.mark.parametrize(
    "q",
    [
        *(
            "chef@bäcker-köln.de",
            "chef@bäck",
            "bäcker-köln",
            "@bäcker-köln.de",
            "BÄCKER-KÖLN.DE",
            "ba\u0308cker-ko\u0308ln",
        ),
        *("chef@xn--bcker-kln-v2a8r.de", "xn--bcker-kln-v2a8r.de"),
    ],
)
async def test_a_lead_is_found_by_an_address_with_other_letters_than_those_of_ascii(
    mongo: Mongo, tmp_path: Path, q: str
) -> None:
    """CLI-03, LEAD-18: as it is typed, by the beginning of address or domain, or by what stands for it in ASCII."""
    async with running("leads", SERVICES[LEAD], mongo, tmp_path) as api:
        made = await api.made("/leads", {"emails": [{"value": "chef@bäcker-köln.de"}]})
        await api.made("/leads", {"emails": [{"value": "chef@baecker.de"}]})
        assert await api.ids(path(LEAD, q)) == [made["id"]]
