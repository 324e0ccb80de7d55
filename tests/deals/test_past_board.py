"""How many deals stood on each stage of a pipeline on a day of the past, by the stage history (DEAL-04, PIPE-08).

Kafka is away: what deals has to publish, a test hands to the service's own reactions.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count, permutations
from typing import Any, Final

import pytest
from crm_contracts.deals import DealCreated, DealDeleted, DealMovedToPipeline, DealStageChanged
from crm_contracts.registry import parse
from crm_contracts.roles import Right

from services.deals.board import store as board_store
from services.deals.board.store import PastBoards
from services.deals.deal.domain.deal import Deal
from services.deals.deal.store import DEALS
from shared.elements.events.stage_history import stage_history_reactions
from shared.elements.store import own_stages
from shared.elements.store.rights import RightsOfUsers
from shared.elements.store.stage_history import STAGE_HISTORY, StageHistory
from tests.builders.events import react
from tests.builders.fakes import Documents
from tests.builders.granted import SELLER, allow, as_seller
from tests.builders.running import Api, Explained, wrong_fields

ADMIN: Final = ("admin",)
MOVES: Final = (DealCreated, DealStageChanged, DealMovedToPipeline)
DAY: Final = timedelta(days=1)
_NUMBERS: Final = count(1)


class Past:
    """The past of a pipeline of its own."""

    def __init__(self, api: Api, id_: str) -> None:
        self.api, self.id = api, id_
        self.history = StageHistory(api.database.collection(STAGE_HISTORY))

    async def deal(self, created: str = "2024-03-01T12:00:00Z", stage_id: str = "NEW", **more: Any) -> str:
        """The id of a deal that another CRM had since then, and that the history was told of."""
        item = {"pipeline_id": self.id, "stage_id": stage_id, "created_at": created, **more}
        answer = await self.api("POST", "/deals/batch", {"items": [item]}, roles=ADMIN)
        id_ = str(answer.json()["items"][0]["id"])
        await self.hear(id_)
        return id_

    async def move(self, id_: str, **to: str) -> datetime:
        """When it came there."""
        answer = await self.api("PUT", f"/deals/{id_}/stage", to)
        assert answer.is_success, answer.text
        await self.hear(id_)
        return datetime.fromisoformat(answer.json()["moved_at"])

    async def hear(self, id_: str) -> None:
        reactions = stage_history_reactions(self.history, *MOVES, ended_by=DealDeleted)
        document = await self.api.database.collection(DEALS).get(id_)
        assert document is not None
        for entry in document["outbox"]:
            event = parse(entry["headers"], entry["value"])
            if event is not None and isinstance(event.data, (*MOVES, DealDeleted)):
                await react(reactions, event)

    async def on(self, moment: datetime | str) -> dict[str, int]:
        """Counts by stages, without the prefix of the pipeline; empty ones are left out."""
        return counts(self.id, await self.api.read(f"/pipelines/{self.id}/board?on={said(moment)}"))


def said(moment: datetime | str) -> str:
    return moment if isinstance(moment, str) else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def counts(id_: str, board: Mapping[str, Any]) -> dict[str, int]:
    there = {each["stage"]["id"]: each["count"]["value"] for each in board["columns"]}
    there |= {each["stage_id"]: each["count"]["value"] for each in board["former"]}
    return {stage.removeprefix(f"C{id_}:"): number for stage, number in there.items() if number}


@pytest.fixture
async def timeless(api: Api) -> Past:
    id_ = f"y{next(_NUMBERS)}"
    await api.made("/pipelines", {"id": id_, "name": "Past"}, roles=ADMIN)
    return Past(api, id_)


async def test_a_board_of_the_past_shows_how_many_deals_stood_where(timeless: Past) -> None:
    """DEAL-04: on a day as of its end, and at a moment; with no cards, and no sums."""
    first, second = await timeless.deal(), await timeless.deal("2024-03-02T00:00:00Z")
    won = await timeless.deal("2024-01-01T00:00:00Z", "WON", moved_at="2024-06-01T08:00:00Z")
    moved_at = await timeless.move(first, stage_id="EXECUTING")
    assert await timeless.on("2024-02-29") == {}
    assert await timeless.on("2024-03-01") == {"NEW": 1}
    assert await timeless.on("2024-03-02") == {"NEW": 2}
    assert await timeless.on("2024-06-01") == {"NEW": 2, "WON": 1}, f"where {won} was before is not known"
    assert await timeless.on(moved_at - timedelta(milliseconds=1)) == {"NEW": 2, "WON": 1}
    assert await timeless.on(moved_at) == {"NEW": 1, "EXECUTING": 1, "WON": 1}
    board = await timeless.api.read(f"/pipelines/{timeless.id}/board?on={moved_at.date()}")
    assert [each["stage"]["id"] for each in board["columns"]][-3:] == [
        f"C{timeless.id}:{s}" for s in ("WON", "LOSE", "APOLOGY")
    ]
    assert {(each["sums"], tuple(each["items"]), each["next"]) for each in board["columns"]} == {(None, (), None)}
    assert {each["count"]["is_exact"] for each in board["columns"]} == {True}
    assert board["former"] == []
    assert second


async def test_a_deal_counts_in_the_pipeline_that_it_was_in(timeless: Past) -> None:
    """DEAL-04, PIPE-05: until it left, however often it comes and goes."""
    id_ = await timeless.deal()
    moments = [await timeless.move(id_, pipeline_id="default"), await timeless.move(id_, pipeline_id=timeless.id)]
    moments.append(await timeless.move(id_, stage_id="WON"))
    before = [at - timedelta(milliseconds=1) for at in moments]
    assert [await timeless.on(at) for at in before[1:]] == [{}, {"NEW": 1}]
    assert await timeless.on(moments[-1]) == {"WON": 1}


async def test_what_a_board_of_the_past_counts_is_what_the_history_tells(timeless: Past) -> None:
    """DEAL-04, PIPE-08: at each moment at which any deal moved, and just before it."""
    ids = [await timeless.deal(f"2024-03-0{day}T12:00:00Z") for day in (1, 2, 3)]
    for place, stages in enumerate(permutations(("EXECUTING", "WON", "PREPARATION"))):
        for stage in stages:
            await timeless.move(ids[place % len(ids)], stage_id=stage)
    rows = (await timeless.api.read(f"/stage-history?pipeline_id={timeless.id}&limit=200"))["items"]
    moments = sorted({datetime.fromisoformat(each["created_at"]) for each in rows})
    for at in (*moments, *(each - timedelta(milliseconds=1) for each in moments)):
        stood = {}
        for row in sorted(rows, key=lambda each: each["id"]):
            if datetime.fromisoformat(row["created_at"]) <= at:
                stood[row["owner_id"]] = row["stage_id"].removeprefix(f"C{timeless.id}:")
        assert await timeless.on(at) == Counter(stood.values()), at


async def test_rows_of_before_they_told_when_a_deal_left_are_counted_as_well(timeless: Past) -> None:
    """DEAL-04: they are completed when the service starts, and what was told since stays."""
    id_, other = await timeless.deal(), await timeless.deal()
    await timeless.move(id_, stage_id="EXECUTING")
    at = await timeless.move(id_, stage_id="WON")
    await timeless.move(other, stage_id="LOSE")
    rows = timeless.api.database.collection(STAGE_HISTORY)
    before = await rows.find({"pipeline_id": timeless.id}, sort=[("_id", 1)])
    await rows.update_all({"owner_id": id_}, {"$unset": {"left_at": 1}})
    assert await timeless.on(at) != {"WON": 1, "NEW": 1}
    for _ in range(2):
        await timeless.history.tell_when_left()
        assert await rows.find({"pipeline_id": timeless.id}, sort=[("_id", 1)]) == before
    assert await timeless.on("2024-03-01") == {"NEW": 2}


async def test_the_past_is_that_of_deals_which_the_caller_may_read_and_that_are_there(
    timeless: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DEAL-04, DEAL-14, PERM-01: within a budget; templates are no deals, and the deleted have no history."""
    mine = await timeless.deal(responsible_id="anna")
    observed = await timeless.deal(responsible_id="bob", open_to_all=False, observers=["anna"])
    await timeless.deal(responsible_id="bob", open_to_all=False)
    gone = await timeless.deal(responsible_id="anna")
    await timeless.api("DELETE", f"/deals/{gone}")
    await timeless.hear(gone)
    schedule = {"start_date": "2099-01-31", "every": {"number": 1, "unit": "month"}, "time_zone": "UTC"}
    template = await timeless.api.made("/recurring-deals", {"based_on_id": mine, **schedule})
    await timeless.hear(template["id"])
    today = datetime.now(UTC).date()
    assert await timeless.on(str(today)) == {"NEW": 3}
    await allow(timeless.api, Right(element="deal", levels={"read": "own"}))
    path = f"/pipelines/{timeless.id}/board?on={today}"
    board = (await as_seller(timeless.api, "GET", path)).json()
    assert counts(timeless.id, board) == {"NEW": 2}, observed
    monkeypatch.setattr(board_store, "BUDGET", 1)
    some = (await as_seller(timeless.api, "GET", path)).json()["columns"]
    assert {each["count"]["is_exact"] for each in some} == {False}
    assert sum(each["count"]["value"] for each in some) <= 1
    await allow(timeless.api, Right(element="deal", levels={"read": "none"}, pipeline_id=timeless.id))
    assert (await as_seller(timeless.api, "GET", path)).status_code == 404
    assert (await timeless.api("GET", path, roles=["stranger"])).status_code == 403


async def test_a_template_that_was_moved_since_was_no_deal_either(timeless: Past) -> None:
    """DEAL-04, DEAL-14."""
    source = await timeless.deal()
    schedule = {"start_date": "2099-01-31", "every": {"number": 1, "unit": "month"}, "time_zone": "UTC"}
    template = await timeless.api.made("/recurring-deals", {"based_on_id": source, **schedule})
    await timeless.hear(template["id"])
    await timeless.move(template["id"], pipeline_id="default")
    assert await timeless.on(template["created_at"]) == {"NEW": 1}


async def test_stages_that_were_deleted_since_are_told_with_their_deals(
    timeless: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DEAL-04, PIPE-06."""
    monkeypatch.setattr(own_stages, "SETTLED_S", 0.0)
    path = f"/pipelines/{timeless.id}/stages"
    assert (await timeless.api("POST", path, {"id": "TALKS", "name": "Talks"}, roles=ADMIN)).is_success
    id_ = await timeless.deal(stage_id="TALKS")
    await timeless.move(id_, stage_id="WON")
    assert (await timeless.api("DELETE", f"{path}/TALKS", roles=ADMIN)).is_success
    board = await timeless.api.read(f"/pipelines/{timeless.id}/board?on=2024-03-01")
    gone = {"stage_id": f"C{timeless.id}:TALKS", "count": {"value": 1, "is_exact": True}}
    assert board["former"] == [gone]


async def test_what_a_board_of_the_past_does_not_show_is_refused(timeless: Past) -> None:
    """DEAL-04: all of it is named; so are a day that there is not, and one to come."""
    path, api = f"/pipelines/{timeless.id}/board", timeless.api
    answer = await api("GET", f"{path}?on=2024-03-01&order=number:asc&limit=3&closed=true")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query")
    assert wrong_fields(answer) == ["closed", "limit", "order"]
    tomorrow = datetime.now(UTC) + DAY
    for wrong in ("2024-02-30", "yesterday", "1.3.2024", "2024-03-01T12:00:00", said(tomorrow), str(tomorrow.date())):
        assert wrong_fields(await api("GET", f"{path}?on={wrong}")) == ["on"], wrong
    assert (await api("GET", "/pipelines/nowhere/board?on=2024-03-01")).status_code == 404


async def test_every_query_of_the_past_is_served_by_an_index(timeless: Past) -> None:
    await timeless.deal(responsible_id="anna")
    rows = Explained(timeless.api.database.collection(STAGE_HISTORY))
    deals = Explained(timeless.api.database.collection(DEALS))
    boards, until = PastBoards(StageHistory(rows), Documents(Deal, deals)), datetime(2024, 4, 1, tzinfo=UTC)
    await allow(timeless.api, Right(element="deal", levels={"read": "own"}))
    of_anna = await RightsOfUsers.open(timeless.api.database.collection).restricting("user:anna", [SELLER])
    for rights in (None, of_anna):
        assert await boards.of(timeless.id, until, rights) == ({f"C{timeless.id}:NEW": 1}, True)
    rows.assert_served_by_indexes()
    deals.assert_served_by_indexes()
