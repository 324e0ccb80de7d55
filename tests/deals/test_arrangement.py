"""The cards of a stage are arranged by hand (DEAL-04)."""

from itertools import count
from typing import Any, Final

import pytest
from crm_contracts.roles import Right

from services.deals.deal.domain.deal import Deal
from services.deals.deal.store import DEALS, Arrangement
from tests.builders.fakes import Documents
from tests.builders.granted import allow, as_seller
from tests.builders.running import Api, Explained, wrong_fields

ADMIN: Final = ("admin",)
_NUMBERS: Final = count(1)


class Cards:
    """The cards of a pipeline of its own, by their titles."""

    def __init__(self, api: Api, pipeline: str) -> None:
        self.api, self.pipeline, self.ids = api, pipeline, dict[str, str]()

    async def add(self, *titles: str, **fields: Any) -> None:
        for title in titles:
            made = await self.api.made("/deals", {"title": title, "pipeline_id": self.pipeline, **fields})
            self.ids[title] = made["id"]

    async def put(self, title: str, **beside: str) -> Any:
        body = {name: self.ids[other] for name, other in beside.items()}
        return await self.api("PUT", f"/deals/{self.ids[title]}/rank", body)

    async def shown(self, order: str = "rank:asc", stage: str = "NEW") -> str:
        board = await self.api.read(f"/pipelines/{self.pipeline}/board?order={order}")
        (column,) = [each for each in board["columns"] if each["stage"]["id"].endswith(f":{stage}")]
        return "".join(card["title"] for card in column["items"])


@pytest.fixture
async def cards(api: Api) -> Cards:
    id_ = f"c{next(_NUMBERS)}"
    await api.made("/pipelines", {"id": id_, "name": "Arranged"}, roles=ADMIN)
    return Cards(api, id_)


async def test_cards_are_arranged_by_hand_and_the_newest_stands_on_top(cards: Cards) -> None:
    """DEAL-04: just above or just below another one; the next new card is on top of all of them."""
    await cards.add("A", "B", "C", "D")
    assert await cards.shown() == "DCBA"
    for title, beside, order in (
        ("A", {"before": "D"}, "ADCB"),
        ("D", {"after": "B"}, "ACBD"),
        ("A", {"after": "C"}, "CABD"),
        ("D", {"before": "A"}, "CDAB"),
        ("B", {"after": "C"}, "CBDA"),
    ):
        assert (await cards.put(title, **beside)).status_code == 200
        assert await cards.shown() == order
    assert await cards.shown("rank:desc") == "ADBC"
    assert await cards.shown("created_at:desc") == "DCBA"
    await cards.add("E")
    assert await cards.shown() == "ECBDA"


async def test_a_card_that_comes_to_a_stage_stands_on_top_there(cards: Cards) -> None:
    """DEAL-04: by hand or back again; those that stay keep their order."""
    await cards.add("A", "B", "C")
    await cards.add("X", stage_id="EXECUTING")
    await cards.put("C", after="A")
    for stage, there, here in (("EXECUTING", "AX", "BC"), ("NEW", "X", "ABC")):
        moved = await cards.api("PUT", f"/deals/{cards.ids['A']}/stage", {"stage_id": stage})
        assert moved.status_code == 200
        assert (await cards.shown(stage="EXECUTING"), await cards.shown()) == (there, here)


async def test_an_arrangement_is_no_change_of_the_deal(cards: Cards) -> None:
    """DEAL-04, LEAD-10: nothing is told, no time is another one; being there already changes not even the version."""
    await cards.add("A", "B")
    before = await cards.api.read(f"/deals/{cards.ids['A']}")
    told = list(await cards.api.documents(Deal, DEALS).said(cards.ids["A"]))
    first = await cards.put("A", before="B")
    after = await cards.api.read(f"/deals/{cards.ids['A']}")
    assert after == {**before, "version": before["version"] + 1}
    assert first.headers["etag"] == f'"{after["version"]}"'
    assert (await cards.put("A", before="B")).headers["etag"] == first.headers["etag"]
    assert list(await cards.api.documents(Deal, DEALS).said(cards.ids["A"])) == told


async def test_the_cards_of_a_column_go_on_in_their_order(cards: Cards) -> None:
    """DEAL-04."""
    await cards.add(*"ABCDE")
    await cards.put("A", before="E")
    column = (await cards.api.read(f"/pipelines/{cards.pipeline}/board?order=rank:asc&limit=2"))["columns"][0]
    found = [card["title"] for card in column["items"]]
    following = column["next"]
    while following:
        page = (await cards.api("POST", "/deals/query", following)).json()
        found += [card["title"] for card in page["items"]]
        following = {**following, "cursor": page["next_cursor"]} if page["next_cursor"] else None
    assert "".join(found) == "AEDCB"


async def test_the_order_of_cards_needs_a_stage_or_a_pipeline(cards: Cards) -> None:
    """DEAL-04: there is none of all deals."""
    body = {"order": [["rank", "asc"]]}
    answer = await cards.api("POST", "/deals/query", body)
    assert (answer.status_code, wrong_fields(answer)) == (422, ["order.0.0"])
    assert "pipeline_id or stage_id" in answer.text
    await cards.add("A", "B")
    found = (await cards.api("POST", "/deals/query", {**body, "filter": {"pipeline_id": cards.pipeline}})).json()
    assert [each["title"] for each in found["items"]] == ["B", "A"]
    assert wrong_fields(await cards.api("POST", "/deals/query", {"filter": {"rank": "1"}})) == ["filter.rank"]


async def test_what_is_no_place_is_refused(cards: Cards) -> None:
    """DEAL-04: another stage, itself, no deal, none or both, a stale copy, a template."""
    await cards.add("A", "B")
    await cards.add("X", stage_id="EXECUTING")
    path, ids = f"/deals/{cards.ids['A']}/rank", cards.ids
    for beside in (ids["X"], ids["A"]):
        answer = await cards.api("PUT", path, {"before": beside})
        assert (answer.status_code, answer.json()["code"]) == (422, "not_beside")
    for side in ("before", "after"):
        lost = await cards.api("PUT", path, {side: "nobody"})
        assert (lost.json()["code"], wrong_fields(lost)) == ("deal_not_found", [side])
    for body in ({}, {"before": ids["B"], "after": ids["B"]}, {"before": None}):
        assert (await cards.api("PUT", path, body)).status_code == 422
    assert wrong_fields(await cards.api("PUT", path, {"before": ids["B"], "rank": "1"})) == ["rank"]
    stale = await cards.api("PUT", path, {"before": ids["B"]}, if_match='"7"')
    assert stale.json()["code"] == "version_mismatch"
    assert (await cards.api("PUT", "/deals/nobody/rank", {"before": ids["B"]})).status_code == 404
    schedule = {"start_date": "2099-01-31", "every": {"number": 1, "unit": "month"}, "time_zone": "UTC"}
    template = await cards.api.made("/recurring-deals", {"based_on_id": ids["A"], **schedule})
    answer = await cards.api("PUT", f"/deals/{template['id']}/rank", {"before": ids["B"]})
    assert answer.json()["code"] == "template_has_no_stages"


async def test_who_may_not_update_a_deal_does_not_arrange_it(cards: Cards) -> None:
    """PERM-01: and a card that the caller may not read is none beside which another one is put."""
    await cards.add("A", "B")
    await cards.add("H", responsible_id="bob", open_to_all=False)
    await cards.add("O", responsible_id="bob")
    await allow(cards.api, Right(element="deal", levels={"read": "opened", "update": "own"}))
    body = {"before": cards.ids["B"]}
    answer = await as_seller(cards.api, "PUT", f"/deals/{cards.ids['O']}/rank", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "right_missing")
    assert (await cards.api("PUT", f"/deals/{cards.ids['A']}/rank", body, roles=["stranger"])).status_code == 403
    await allow(cards.api, Right(element="deal", levels={"read": "own", "update": "own"}))
    assert (await as_seller(cards.api, "PUT", f"/deals/{cards.ids['A']}/rank", body)).status_code == 200
    hidden = await as_seller(cards.api, "PUT", f"/deals/{cards.ids['A']}/rank", {"before": cards.ids["H"]})
    assert hidden.json()["code"] == "deal_not_found"
    assert (await as_seller(cards.api, "PUT", f"/deals/{cards.ids['H']}/rank", body)).status_code == 404


async def test_deals_of_before_have_the_place_of_when_they_came(cards: Cards) -> None:
    """DEAL-04: they get it when the service starts, and meanwhile a deal that is read has it."""
    await cards.add("A", "B", "C")
    await cards.api("PUT", f"/deals/{cards.ids['A']}/stage", {"stage_id": "EXECUTING"})
    await cards.api("PUT", f"/deals/{cards.ids['A']}/stage", {"stage_id": "NEW"})
    deals = cards.api.database.collection(DEALS)
    ranks = {each["_id"]: each["rank"] for each in await deals.find({"pipeline_id": cards.pipeline})}
    await deals.update_all({"pipeline_id": cards.pipeline}, {"$unset": {"rank": 1}})
    documents = cards.api.documents(Deal, DEALS)
    assert {id_: (await documents.get(id_)).rank for id_ in ranks} == ranks
    for _ in range(2):
        await Arrangement(documents).rank_all()
        assert {each["_id"]: each["rank"] for each in await deals.find({"pipeline_id": cards.pipeline})} == ranks
    assert await cards.shown() == "ACB"


async def test_every_query_of_an_arrangement_is_served_by_an_index(cards: Cards) -> None:
    await cards.add("A", "B", "C")
    deals = Documents(Deal, Explained(cards.api.database.collection(DEALS)))
    middle = await deals.get(cards.ids["B"])
    for is_above in (True, False):
        assert await Arrangement(deals).next_to(middle, "", is_above=is_above)
    deals.collection.assert_served_by_indexes()  # type: ignore[attr-defined] # made here
