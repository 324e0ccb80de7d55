"""The board of a pipeline: cards by stages, with counts and sums from cells (DEAL-04).

Kafka is away: what deals has to publish, a test hands to the service's own reactions; the service itself counts.
"""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from itertools import count
from typing import Any, Final, get_args
from urllib.parse import quote
from uuid import uuid4

import pytest
from crm_contracts.departments import DepartmentState
from crm_contracts.roles import Right

from services.deals.board import store as board_store
from services.deals.board.domain import TOLD_BY
from services.deals.board.events import board_reactions
from services.deals.board.schemas import COLUMNS, Order
from services.deals.board.store import BOARD_CELLS, BOARD_INDEXES, BoardTotals, DealCounts
from services.deals.deal.domain.deal import Deal
from services.deals.deal.store import BY_CELL, DEAL_INDEXES, DEAL_TABLE, DEALS
from shared.elements.store.rights import RightsOfUsers
from shared.kit.cells.cells import Cells
from tests.builders.events import an_event, react
from tests.builders.fakes import Documents
from tests.builders.granted import SELLER, allow, as_seller, store
from tests.builders.running import Api, Explained, wrong_fields
from tests.kit.waiting import eventually

ADMIN: Final = ("admin",)
_NUMBERS: Final = count(1)


class Board:
    """The board of a pipeline of its own, and the deals on it."""

    def __init__(self, api: Api, id_: str) -> None:
        self.api, self.id = api, id_
        self.reactions = board_reactions(Cells(api.database.collection(BOARD_CELLS)), api.documents(Deal, DEALS))

    async def deal(self, stage_id: str | None = None, amount: str | None = None, **fields: Any) -> str:
        """The id of a new deal that the service was told of."""
        priced = {} if amount is None else {"amount": {"value": amount, "currency": fields.pop("currency", "EUR")}}
        staged = {} if stage_id is None else {"stage_id": stage_id}
        made = await self.api.made("/deals", {"pipeline_id": self.id, **staged, **priced, **fields})
        await self.hear(made["id"])
        return str(made["id"])

    async def change(self, id_: str, body: Mapping[str, Any], path: str = "", method: str = "PATCH") -> None:
        answer = await self.api(method, f"/deals/{id_}{path}", body or None)
        assert answer.is_success, answer.text
        await self.hear(id_)

    async def hear(self, *ids: str) -> None:
        """All that these deals have to say, newest first and each twice: neither order nor number matters."""
        for id_ in ids:
            for event in reversed(await self.api.documents(Deal, DEALS).said(id_)):
                if isinstance(event, TOLD_BY):
                    for _ in range(2):
                        await react(self.reactions, an_event(event))

    async def read(self, parameters: str = "") -> dict[str, Any]:
        """The columns by stages, without the prefix of the pipeline."""
        columns = (await self.api.read(f"/pipelines/{self.id}/board{parameters}"))["columns"]
        return {each["stage"]["id"].removeprefix(f"C{self.id}:"): each for each in columns}

    async def counted(self) -> None:
        """Every cell is counted."""

        async def is_counted() -> bool:
            return not await self.api.database.collection(BOARD_CELLS).find({"due": {"$exists": True}})

        await eventually(is_counted, "the cells are counted")

    async def totals(self) -> dict[str, tuple[int, dict[str, str]]]:
        """Counts and sums by stages, empty ones left out, once they are counted."""
        await self.counted()
        return {
            stage: (each["count"]["value"], {one["currency"]: one["value"] for one in each["sums"]})
            for stage, each in (await self.read()).items()
            if each["count"]["value"]
        }


@pytest.fixture
async def board(api: Api) -> Board:
    id_ = f"b{next(_NUMBERS)}"
    await api.made("/pipelines", {"id": id_, "name": "Board"}, roles=ADMIN)
    return Board(api, id_)


async def test_each_stage_has_its_count_its_sums_and_its_first_cards(board: Board) -> None:
    """DEAL-04."""
    first = await board.deal(amount="100.10")
    second = await board.deal(amount="0.20")
    dollars = await board.deal(amount="7", currency="USD")
    executing = await board.deal("EXECUTING", amount="5")
    assert await board.totals() == {"NEW": (3, {"EUR": "100.30", "USD": "7"}), "EXECUTING": (1, {"EUR": "5"})}
    columns = await board.read()
    names = ["NEW", "PREPARATION", "PREPAYMENT", "EXECUTING", "INVOICE", "WON", "LOSE", "APOLOGY"]
    assert list(columns) == names, "all stages, in their order"
    assert [card["id"] for card in columns["NEW"]["items"]] == [dollars, second, first]
    assert columns["EXECUTING"]["items"] == [await board.api.read(f"/deals/{executing}")]
    assert columns["NEW"]["stage"]["color"].startswith("#")
    assert {each["count"]["is_exact"] for each in columns.values()} == {True}
    assert columns["NEW"]["next"] is None


async def test_counts_and_sums_follow_every_change(board: Board) -> None:
    """DEAL-04: whatever changes the place, the rights or the amount of a deal, heard late, again and in any order."""
    id_, other = await board.deal(amount="100"), await board.deal(amount="1")
    await board.change(id_, {"stage_id": "EXECUTING"}, "/stage", "PUT")
    assert await board.totals() == {"NEW": (1, {"EUR": "1"}), "EXECUTING": (1, {"EUR": "100"})}
    await board.change(id_, {"responsible_id": "bob", "open_to_all": False})
    await board.change(id_, {"rows": [], "amount": {"value": "40", "currency": "USD"}}, "/rows", "PUT")
    assert await board.totals() == {"NEW": (1, {"EUR": "1"}), "EXECUTING": (1, {"USD": "40"})}
    await board.change(id_, {"stage_id": "WON"}, "/stage", "PUT")
    await board.change(other, {}, method="DELETE")
    assert await board.totals() == {"WON": (1, {"USD": "40"})}
    await board.change(id_, {"pipeline_id": "default"}, "/stage", "PUT")
    assert await board.totals() == {}
    assert await board.api.database.collection(BOARD_CELLS).find({"pipeline_id": board.id}) == []


async def test_a_change_that_is_heard_when_the_deal_has_gone_on_is_counted_where_it_was(board: Board) -> None:
    id_ = await board.deal(amount="1")
    await board.totals()
    for body, path, method in (
        ({"responsible_id": "bob"}, "", "PATCH"),
        ({"stage_id": "EXECUTING"}, "/stage", "PUT"),
        ({"responsible_id": "carl"}, "", "PATCH"),
    ):
        assert (await board.api(method, f"/deals/{id_}{path}", body)).is_success
    await board.hear(id_)
    assert await board.totals() == {"EXECUTING": (1, {"EUR": "1"})}


async def test_all_cells_are_counted_anew_at_start(board: Board) -> None:
    """Also of deals that nothing was ever heard of."""
    await board.api.made("/deals", {"pipeline_id": board.id, "amount": {"value": "3", "currency": "EUR"}})
    cells = board.api.database.collection(BOARD_CELLS)
    gone = {"pipeline_id": board.id, "stage_id": "GONE", "responsible_id": "bob"}
    await cells.insert({"_id": str(uuid4()), **gone, "counts": [], "access": []})
    await Cells(cells).mark_all(await DealCounts(board.api.documents(Deal, DEALS)).cells())
    assert await board.totals() == {"NEW": (1, {"EUR": "3"})}
    assert await cells.find(gone) == []


async def test_a_column_goes_on_in_the_list_of_deals(board: Board) -> None:
    """DEAL-04: `next` is a body of POST /deals/query."""
    ids = [await board.deal(title=f"Deal {number}") for number in range(5)]
    column = (await board.read("?limit=2&order=title:asc&select=id,title"))["NEW"]
    assert column["items"] == [{"id": ids[0], "title": "Deal 0"}, {"id": ids[1], "title": "Deal 1"}]
    assert column["next"]["limit"] == 2
    found = [card["id"] for card in column["items"]]
    body = column["next"]
    while body is not None:
        page = (await board.api("POST", "/deals/query", body)).json()
        assert {frozenset(item) for item in page["items"]} == {frozenset({"id", "title"})}
        found += [item["id"] for item in page["items"]]
        body = {**body, "cursor": page["next_cursor"]} if page["next_cursor"] else None
    assert found == ids


async def test_cards_of_closed_deals_are_shown_on_demand(board: Board) -> None:
    """DEAL-04: a board is of current deals; their counts are told of every stage."""
    won = await board.deal("WON", amount="9")
    assert (await board.totals())["WON"] == (1, {"EUR": "9"})
    column = (await board.read())["WON"]
    assert column["items"] == []
    page = (await board.api("POST", "/deals/query", column["next"])).json()
    assert [item["id"] for item in page["items"]] == [won]
    column = (await board.read("?closed=true"))["WON"]
    assert [item["id"] for item in column["items"]] == [won]
    assert (column["next"], (await board.read())["LOSE"]["next"]) == (None, None)


async def test_a_filter_or_a_search_narrows_cards_and_counts(board: Board) -> None:
    """DEAL-04, DEAL-01: in the language of lists."""
    word = f"w{uuid4().hex[:12]}"
    cheap, dear = await board.deal(amount="5", title=f"{word} cheap"), await board.deal(amount="5000", title="dear")
    await board.counted()
    for parameters, id_ in (('?filter={"amount":{">":"100"}}', dear), (f"?q={word}", cheap)):
        column = (await board.read(parameters))["NEW"]
        assert [card["id"] for card in column["items"]] == [id_]
        assert column["count"] == {"value": 1, "is_exact": True}
        assert column["sums"] is None
    column = (await board.read('?limit=1&filter={"amount":{">":"1"}}'))["NEW"]
    assert (column["count"]["value"], [card["id"] for card in column["items"]]) == (2, [dear])
    page = (await board.api("POST", "/deals/query", column["next"])).json()
    assert [item["id"] for item in page["items"]] == [cheap]


async def test_templates_are_on_no_board(board: Board) -> None:
    """DEAL-14: neither as cards nor in counts, whatever is asked for."""
    source = await board.deal(amount="5")
    body = {"based_on_id": source, "start_date": "2099-01-01", "every": {"number": 1, "unit": "month"}}
    template = await board.api.made("/recurring-deals", body)
    assert (template["pipeline_id"], template["is_recurring"]) == (board.id, True)
    await board.hear(template["id"])
    assert await board.totals() == {"NEW": (1, {"EUR": "5"})}
    for filter_ in ('{"is_recurring":true}', '{"is_recurring":{"in":[true,false]}}'):
        column = (await board.read(f"?filter={filter_}"))["NEW"]
        assert source in [card["id"] for card in column["items"]] or not column["items"]
        assert template["id"] not in [card["id"] for card in column["items"]]


async def test_a_card_is_moved_and_closed_in_one_call(board: Board) -> None:
    """DEAL-04: by the stage of the deal, as anywhere else."""
    id_ = await board.deal()
    for stage in ("EXECUTING", "WON"):
        await board.change(id_, {"stage_id": stage}, "/stage", "PUT")
        column = (await board.read("?closed=true"))[stage]
        assert [card["id"] for card in column["items"]] == [id_]
        assert column["items"][0]["closed"] is (stage == "WON")


async def test_what_a_board_does_not_know_is_refused_by_name(board: Board) -> None:
    """DEAL-04."""
    path = f"/pipelines/{board.id}/board"
    for parameters, wrong in {
        "stage=NEW": ["stage"],
        "limit=51": ["limit"],
        "limit=0": ["limit"],
        "order=comments:asc": ["order"],
        "order=title": ["order"],
        "select=id,secret": ["select"],
        "closed=1": ["closed"],
        "cursor=x": ["cursor"],
        'filter={"nowhere":1,"amount":{"~":1}}': ["filter.nowhere", "filter.amount.~"],
        "filter=[]": ["filter"],
        "day=2026-03-01": ["day"],
    }.items():
        assert wrong_fields(await board.api("GET", f"{path}?{parameters}")) == wrong, parameters
    assert (await board.api("GET", "/pipelines/nowhere/board")).status_code == 404
    assert (await board.api("GET", path, roles=None)).status_code == 401


async def test_who_may_read_no_deals_of_a_pipeline_sees_no_board(board: Board) -> None:
    """PERM-03."""
    await allow(board.api, Right(element="deal", levels={"read": "all"}))
    assert (await as_seller(board.api, "GET", f"/pipelines/{board.id}/board")).status_code == 200
    nothing = Right(element="deal", pipeline_id=board.id, levels={"read": "none"})
    await allow(board.api, Right(element="deal", levels={"read": "all"}), nothing)
    assert (await as_seller(board.api, "GET", f"/pipelines/{board.id}/board")).status_code == 404
    await allow(board.api, Right(element="deal", levels={"read": "none"}))
    assert (await as_seller(board.api, "GET", f"/pipelines/{board.id}/board")).status_code == 404


@pytest.mark.parametrize("level", ["own", "department", "sub_departments", "opened", "all"])
async def test_counts_and_sums_are_those_of_what_the_caller_may_read(board: Board, level: str) -> None:
    """DEAL-04, PERM-01: of each level, with what the caller observes (CMN-05), as the list of deals has it."""
    await store(board.api, DepartmentState(id="sales", name="Sales", members=["anna", "bob"]))
    await store(board.api, DepartmentState(id="inside", name="Inside", parent_id="sales", members=["carl"]))
    number = count(1)
    for responsible in ("anna", "bob", "carl", "dora"):
        for is_open in (True, False):
            for observers in ([], ["anna"]):
                fields = {"responsible_id": responsible, "open_to_all": is_open, "observers": observers}
                stage = "EXECUTING" if next(number) % 3 else None
                await board.deal(stage, amount=str(2 ** next(number)), currency="EUR" if is_open else "USD", **fields)
    own_stage = Right(element="deal", pipeline_id=board.id, stage_id=f"C{board.id}:EXECUTING", levels={"read": "own"})
    await board.counted()
    for more in ([], [own_stage]):
        await allow(board.api, Right(element="deal", levels={"read": level}), *more)
        shown = (await as_seller(board.api, "GET", f"/pipelines/{board.id}/board?limit=50")).json()["columns"]
        for column in shown:
            place = {"pipeline_id": board.id, "stage_id": column["stage"]["id"]}
            listed = (await as_seller(board.api, "POST", "/deals/query", {"filter": place})).json()["items"]
            sums: Counter[str] = Counter()
            for deal in listed:
                sums[deal["amount"]["currency"]] += Decimal(deal["amount"]["value"])  # type: ignore[assignment]
            assert column["count"] == {"value": len(listed), "is_exact": True}
            assert {each["currency"]: Decimal(each["value"]) for each in column["sums"]} == dict(sums)
            assert column["items"] == (listed if column["stage"]["semantic"] == "P" else [])


async def test_a_count_that_may_lack_observed_deals_says_so(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """DEAL-04: of every stage, since they may be on any."""
    for _ in range(2):
        await board.deal(responsible_id="bob", observers=["anna"], open_to_all=False)
    await allow(board.api, Right(element="deal", levels={"read": "own"}))
    monkeypatch.setattr(board_store, "MOST_OBSERVED", 1)
    shown = (await as_seller(board.api, "GET", f"/pipelines/{board.id}/board")).json()["columns"]
    assert {column["count"]["is_exact"] for column in shown} == {False}
    assert shown[0]["count"]["value"] == 1


async def test_every_query_of_a_board_is_served_by_an_index(board: Board) -> None:
    await board.deal(responsible_id="bob", observers=["anna"])
    deals = Documents(Deal, Explained(board.api.database.collection(DEALS)))
    cells = Explained(board.api.database.collection(BOARD_CELLS))
    await allow(board.api, Right(element="deal", levels={"read": "own"}))
    of_anna = await RightsOfUsers.open(board.api.database.collection).restricting("user:anna", [SELLER])
    totals = BoardTotals(cells, deals)
    new = f"C{board.id}:NEW"
    assert (await totals.of(board.id, [new], of_anna))[new].number == 1
    await totals.of(board.id, [new], None)
    cells.assert_served_by_indexes()
    deals.collection.assert_served_by_indexes()  # type: ignore[attr-defined] # made here


async def test_a_recount_reads_the_index_alone(board: Board) -> None:
    id_ = await board.deal(amount="5")
    deals = board.api.database.collection(DEALS)
    counts = DealCounts(Documents(Deal, deals))
    cell = {"pipeline_id": board.id, "stage_id": f"C{board.id}:NEW", "responsible_id": "anna"}
    assert await counts.recount(cell)
    command = {"aggregate": DEALS, "pipeline": counts.stages(cell), "hint": BY_CELL, "cursor": {}}
    plan = str(await deals._inner.database.command("explain", command, verbosity="queryPlanner"))
    assert "IXSCAN" in plan, id_
    assert "FETCH" not in plan
    assert "COLLSCAN" not in plan


async def test_a_template_is_on_no_board_however_it_is_asked_for(board: Board) -> None:
    """DEAL-04, DEAL-14."""
    source = await board.api.made("/deals", {"pipeline_id": board.id})
    body = {"based_on_id": source["id"], "start_date": "2098-01-31", "every": {"number": 1, "unit": "month"}}
    await board.api.made("/recurring-deals", body)
    for wanted in ('{"is_recurring":true}', r'{"\u0069s_recurring":true}', '{"not":{"is_recurring":false}}'):
        columns = await board.read(f"?filter={quote(wanted)}")
        assert [(each["count"]["value"], each["items"]) for each in columns.values()] == [(0, [])] * len(columns)


def test_the_orders_and_fields_are_those_of_the_list() -> None:
    assert set(get_args(Order)) == {
        f"{name}:{way}" for name in (*DEAL_TABLE.orders, *DEAL_TABLE.own_orders) for way in ("asc", "desc")
    }
    assert "title" in COLUMNS
    assert {index.name for index in (*DEAL_INDEXES, *BOARD_INDEXES)} >= {"by_cell", "by_access"}
