"""Many deals changed by one request, each as if it were changed alone (DEAL-02, DEAL-03)."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import httpx
import pytest
from crm_contracts.roles import Right

from services.deals.deal.domain.deal import Deal
from shared.kit.runs.runner import AT_ONCE
from tests.builders.granted import SELLER, allow, as_seller
from tests.builders.running import Api, wrong_fields
from tests.kit.waiting import eventually

PATH = "/deals/bulk"
ASSIGN = {"type": "assign", "responsible_id": "bob"}


async def bulk(api: Api, action: Any, **more: Any) -> dict[str, Any]:
    """What a bulk change of few deals is answered with."""
    answer = await api("POST", PATH, {"action": action, **more})
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def deals(api: Api, number: int, **fields: Any) -> list[str]:
    return [(await api.made("/deals", {"title": "One of many", **fields}))["id"] for _ in range(number)]


async def ended(api: Api, answer: httpx.Response, state: str = "done") -> dict[str, Any]:
    """The run that a bulk change of many deals has started, when it has ended."""
    assert answer.status_code == 202, answer.text
    assert answer.json()["items"] is None
    address = answer.headers["location"].removeprefix("/v1")
    assert address == f"/runs/{answer.json()['id']}"

    async def is_ended() -> bool:
        return bool((await api.read(address))["state"] == state)

    await eventually(is_ended, state)
    run: dict[str, Any] = await api.read(address)
    return run


async def events_of(api: Api, id_: str) -> list[dict[str, Any]]:
    document = await api.database.collection("deals").get(id_)
    assert document is not None
    return [each["headers"] for each in document["outbox"]]


def statuses(run: dict[str, Any]) -> list[str]:
    return [each["status"] for each in run["items"]]


async def test_deals_that_are_given_by_ids_get_another_responsible(api: Api) -> None:
    """DEAL-03.1, DEAL-02.4."""
    ids = await deals(api, 3)
    run = await bulk(api, ASSIGN, ids=ids)
    assert [(each["id"], each["status"], each["version"]) for each in run["items"]] == [(id_, "ok", 2) for id_ in ids]
    assert (run["state"], run["element"], run["action"], run["total"]) == ("done", "deal", ASSIGN, 3)
    assert run["items"][0]["before"] == {"responsible_id": "anna"}
    assert run["items"][0]["after"] == {"responsible_id": "bob"}
    assert [(await api.read(f"/deals/{id_}"))["responsible_id"] for id_ in ids] == ["bob"] * 3
    assert await api.read(f"/runs/{run['id']}") == {name: value for name, value in run.items() if name != "items"}


async def test_deals_that_are_given_by_a_filter_get_another_responsible(api: Api) -> None:
    """DEAL-03.2: also where the change lets them pass the filter no longer."""
    origin = f"shop-{uuid4()}"
    ids = [
        (await api.made("/deals", {"originator_id": origin, "origin_id": str(place), "responsible_id": "eve"}))["id"]
        for place in range(25)
    ]
    filter_ = {"originator_id": origin, "responsible_id": "eve"}
    run = await ended(api, await api("POST", PATH, {"filter": filter_, "action": ASSIGN}))
    assert (run["filter"], run["total"], run["handled"]) == (filter_, None, len(ids))
    assert run["counts"] == {"ok": len(ids), "denied": 0, "not_found": 0, "refused": 0}
    found = await api("POST", "/deals/query", {"filter": {"originator_id": origin}, "limit": 50})
    assert {each["responsible_id"] for each in found.json()["items"]} == {"bob"}
    page = await api.read(f"/runs/{run['id']}/results?status=ok&limit=20")
    rest = await api.read(f"/runs/{run['id']}/results?status=ok&cursor={page['next_cursor']}")
    assert sorted(each["id"] for each in [*page["items"], *rest["items"]]) == sorted(ids)
    assert (await api.read(f"/runs/{run['id']}/results?status=denied"))["items"] == []


async def test_what_became_of_each_deal_is_told(api: Api) -> None:
    """DEAL-03.3: a deal that the caller may not change is denied, one that he may not read is not found."""
    everywhere = {"responsible_id": "anna", "open_to_all": False}
    (own,), (seen,), (hidden,) = [await deals(api, 1, **each) for each in (everywhere, {}, everywhere)]
    await api("PATCH", f"/deals/{seen}", {"responsible_id": "carl", "open_to_all": True})
    await api("PATCH", f"/deals/{hidden}", {"responsible_id": "carl"})
    await allow(api, rights(read="opened", update="own"))
    body = {"ids": [own, seen, hidden, "missing"], "action": {"type": "open_to_all", "open_to_all": True}}
    run = (await as_seller(api, "POST", PATH, body)).json()
    assert statuses(run) == ["ok", "denied", "not_found", "not_found"]
    assert [each["code"] for each in run["items"]] == [None, "right_missing", "not_found", "not_found"]
    assert run["counts"] == {"ok": 1, "denied": 1, "not_found": 2, "refused": 0}
    assert run["items"][2]["message"] == f"There is no deal {hidden}."


def rights(**levels: str) -> Right:
    return Right(element="deal", levels=levels)


async def test_each_changed_deal_has_its_events_all_with_one_bulk_id(api: Api) -> None:
    """DEAL-03.4, DEAL-03.5: what is as it was wished has none."""
    ids = await deals(api, 2)
    await api("PATCH", f"/deals/{ids[1]}", {"responsible_id": "bob"})
    run = await bulk(api, ASSIGN, ids=ids)
    assert statuses(run) == ["ok", "ok"]
    first, second = [await events_of(api, id_) for id_ in ids]
    of_run = [each["ce_type"] for each in first if each.get("ce_bulkid") == run["id"]]
    assert of_run == ["crm.deal.updated.v1", "crm.deal.responsible_changed.v1"]
    assert not [each for each in second if "ce_bulkid" in each]


@pytest.mark.parametrize(
    ("action", "after"),
    [
        ({"type": "move", "stage_id": "WON"}, {"stage_id": "WON"}),
        ({"type": "open_to_all", "open_to_all": False}, {"open_to_all": False}),
        ({"type": "observers", "add": ["dan", "eve"], "remove": ["carl"]}, {"observers": ["eve", "dan"]}),
    ],
)
async def test_stage_openness_and_observers_are_changed_in_bulk(api: Api, action: Any, after: Any) -> None:
    """DEAL-03.6, DEAL-03.7."""
    ids = await deals(api, 2, observers=["carl", "eve"])
    run = await bulk(api, action, ids=ids)
    assert statuses(run) == ["ok", "ok"]
    assert run["items"][0]["after"] == after
    for id_ in ids:
        deal = await api.read(f"/deals/{id_}")
        assert {name: deal[name] for name in after} == after


async def test_deals_go_to_another_pipeline_in_bulk(api: Api) -> None:
    """DEAL-03.6: to its first stage, unless one is named."""
    pipeline = (await api("POST", "/pipelines", {"name": "Partners"}, roles=["admin"])).json()["id"]
    ids = await deals(api, 2)
    run = await bulk(api, {"type": "move", "pipeline_id": pipeline}, ids=ids)
    assert statuses(run) == ["ok", "ok"]
    assert {(await api.read(f"/deals/{id_}"))["pipeline_id"] for id_ in ids} == {pipeline}


async def test_a_stage_that_a_deal_cannot_go_to_is_its_refusal(api: Api) -> None:
    (id_,) = await deals(api, 1)
    run = await bulk(api, {"type": "move", "stage_id": "NOWHERE"}, ids=[id_])
    assert (statuses(run), run["items"][0]["code"]) == (["refused"], "stage_not_in_pipeline")


async def test_a_pipeline_that_does_not_exist_refuses_the_request(api: Api) -> None:
    body = {"ids": ["a"], "action": {"type": "move", "pipeline_id": "nowhere"}}
    assert wrong_fields(await api("POST", PATH, body)) == ["pipeline_id"]


async def test_deals_are_deleted_in_bulk(api: Api) -> None:
    """DEAL-03.8."""
    ids = await deals(api, 2)
    run = await bulk(api, {"type": "delete"}, ids=[*ids, ids[0]])
    assert statuses(run) == ["ok", "ok"]
    assert [(await api("GET", f"/deals/{id_}")).status_code for id_ in ids] == [404, 404]
    assert statuses(await bulk(api, {"type": "delete"}, ids=ids)) == ["not_found", "not_found"]
    assert [each["ce_bulkid"] for each in (await events_of(api, ids[0]))[-1:]] == [run["id"]]


@pytest.mark.parametrize("action", [ASSIGN, {"type": "delete"}, {"type": "move", "stage_id": "WON"}])
async def test_a_dry_run_tells_what_would_become_and_writes_nothing(api: Api, action: Any) -> None:
    (id_,) = await deals(api, 1)
    before = await api.read(f"/deals/{id_}")
    run = await bulk(api, action, ids=[id_, "missing"], dry_run=True)
    assert (statuses(run), run["dry_run"]) == (["ok", "not_found"], True)
    expected = {"assign": {"responsible_id": "bob"}, "move": {"stage_id": "WON"}, "delete": {}}
    assert run["items"][0]["after"] == expected[action["type"]]
    assert await api.read(f"/deals/{id_}") == before


async def test_a_dry_run_denies_what_the_run_would_deny(api: Api) -> None:
    (id_,) = await deals(api, 1)
    await api("PATCH", f"/deals/{id_}", {"responsible_id": "carl"})
    await allow(api, rights(read="all", update="own"))
    run = (await as_seller(api, "POST", PATH, {"ids": [id_], "action": ASSIGN, "dry_run": True})).json()
    assert statuses(run) == ["denied"]


async def test_more_deals_than_are_answered_at_once_make_a_run(api: Api) -> None:
    ids = await deals(api, AT_ONCE + 1)
    run = await ended(api, await api("POST", PATH, {"ids": ids, "action": ASSIGN}))
    assert (run["total"], run["handled"], run["counts"]["ok"]) == (len(ids), len(ids), len(ids))


async def test_a_repeat_of_the_request_is_answered_with_the_same_run(api: Api) -> None:
    """Also where the first one died before it was answered: nothing is changed twice."""
    ids, key = await deals(api, 2), str(uuid4())
    body = {"ids": ids, "action": ASSIGN}
    first = await api("POST", PATH, body, idempotency_key=key)
    again = await api("POST", PATH, body, idempotency_key=key)
    assert (again.status_code, again.json()) == (200, first.json())
    assert [(await api.read(f"/deals/{id_}"))["version"] for id_ in ids] == [2, 2]


async def test_a_deal_whose_ring_of_causes_has_turned_is_changed_by_a_repeat_as_if_it_were_not(api: Api) -> None:
    """Whatever was forgotten: who is responsible already is no change."""
    (id_,) = await deals(api, 1)
    run = await bulk(api, ASSIGN, ids=[id_])
    found = api.documents(Deal, "deals")
    await api.database.collection("deals").update({"_id": id_}, {"$set": {"inbox": []}})
    await reopen(api, run["id"], id_)
    assert (await found.get(id_)).version == 2


async def test_a_deal_that_a_killed_replica_gave_away_is_told_as_given_away(api: Api) -> None:
    """The starter may not read it any more; it was changed with the rights of then, once."""
    (id_,) = await deals(api, 1, open_to_all=False)
    await allow(api, rights(read="own", update="own"))
    run = (await as_seller(api, "POST", PATH, {"ids": [id_], "action": ASSIGN})).json()
    assert statuses(run) == ["ok"]
    await reopen(api, run["id"], id_)
    page = await as_seller(api, "GET", f"/runs/{run['id']}/results")
    assert [(each["status"], each["code"]) for each in page.json()["items"]] == [("ok", None)]
    assert (await api.documents(Deal, "deals").get(id_)).version == 2


async def reopen(api: Api, run_id: str, id_: str) -> None:
    """Leave a run as a replica does that is killed when it has changed a record, and let another one end it."""
    await api.database.collection("run_outcomes").delete({"run": run_id})
    state = {"state": "running", "chunk": [id_], "is_open": True, "ended_at": None}
    await api.database.collection("runs").update({"_id": run_id}, {"$set": state, "$inc": {"version": 1}})

    async def is_done() -> bool:
        document = await api.database.collection("runs").get(run_id)
        return document is not None and bool(document["state"] == "done")

    await eventually(is_done, "done")


async def test_a_right_that_was_lost_meanwhile_denies_what_is_left(api: Api) -> None:
    """A run acts for its starter with the rights as of each change."""
    ids = await deals(api, AT_ONCE + 1)
    await allow(api, rights(read="all", update="all"))
    answer = await as_seller(api, "POST", PATH, {"ids": ids, "action": ASSIGN})
    address = f"/runs/{answer.json()['id']}"
    assert (await as_seller(api, "POST", f"{address}/pause")).status_code == 200
    await allow(api, rights(read="all"))
    assert (await api("POST", f"{address}/resume")).status_code == 200
    run = await ended(api, answer)
    assert run["counts"]["denied"] + run["counts"]["ok"] == len(ids)
    assert run["counts"]["denied"] >= 1


async def test_who_has_lost_every_role_changes_nothing_more_by_a_run(api: Api) -> None:
    """DEAL-03, PERM-09: what the token alone would allow then is not asked."""
    ids = await deals(api, AT_ONCE + 1)
    await allow(api, rights(read="all", update="all"))
    answer = await as_seller(api, "POST", PATH, {"ids": ids, "action": ASSIGN})
    address = f"/runs/{answer.json()['id']}"
    assert (await as_seller(api, "POST", f"{address}/pause")).status_code == 200
    await api.database.collection("roles").delete({"_id": SELLER})
    assert (await api("POST", f"{address}/resume")).status_code == 200
    run = await ended(api, answer)
    lost = await api.read(f"/runs/{run['id']}/results?status=denied&limit=200")
    assert {each["code"] for each in lost["items"]} == {"rights_lost"}
    assert len(lost["items"]) == run["counts"]["denied"] == len(ids) - run["counts"]["ok"]


async def test_a_run_whose_starter_has_lost_every_role_finds_nothing_more(api: Api) -> None:
    """DEAL-03, PERM-09."""
    await allow(api, rights(read="all", update="all"))
    answer = await as_seller(api, "POST", PATH, {"filter": {}, "action": {"type": "observers", "add": ["dan"]}})
    address = f"/runs/{answer.json()['id']}"
    assert (await as_seller(api, "POST", f"{address}/pause")).status_code == 200
    await api.database.collection("roles").delete({"_id": SELLER})
    assert (await api("POST", f"{address}/resume")).status_code == 200
    run = await ended(api, answer, "paused")
    assert run["reason"] == "rights_lost"


async def test_a_run_is_paused_resumed_and_cancelled_by_its_starter(api: Api) -> None:
    ids = await deals(api, AT_ONCE + 1)
    answer = await api("POST", PATH, {"ids": ids, "action": ASSIGN})
    address = f"/runs/{answer.json()['id']}"
    assert (await api("POST", f"{address}/pause")).json()["state"] == "paused"
    assert (await api("POST", f"{address}/resume")).json()["state"] == "waiting"
    assert (await api("POST", f"{address}/cancel")).json()["state"] == "cancelled"
    refused = await api("POST", f"{address}/resume")
    assert (refused.status_code, refused.json()["code"]) == (409, "run_ended")


async def test_others_do_not_know_of_a_run_and_administrators_do(api: Api) -> None:
    (id_,) = await deals(api, 1)
    run = await bulk(api, ASSIGN, ids=[id_])
    eve = api.claiming(sub="eve")
    for method, path in (
        ("GET", ""),
        ("GET", "/results"),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/cancel"),
    ):
        answer = await eve(method, f"/runs/{run['id']}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert (await eve("GET", f"/runs/{run['id']}", roles=["admin"])).status_code == 200
    assert run["id"] in [each["id"] for each in (await api.read("/runs"))["items"]]
    assert (await eve("GET", "/runs")).json()["items"] == []
    assert run["id"] in [each["id"] for each in (await eve("GET", "/runs", roles=["admin"])).json()["items"]]


async def undone(api: Api, run: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What the undo of a run of few deals is answered with."""
    answer = await api("POST", f"/runs/{run['id']}/undo", more or None)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


@pytest.mark.parametrize(
    ("action", "before"),
    [
        (ASSIGN, {"responsible_id": "anna"}),
        ({"type": "move", "stage_id": "WON"}, {"stage_id": "NEW"}),
        ({"type": "open_to_all", "open_to_all": False}, {"open_to_all": True}),
        ({"type": "observers", "add": ["dan"], "remove": ["carl"]}, {"observers": ["carl", "eve"]}),
    ],
)
async def test_a_change_of_many_deals_is_undone(api: Api, action: Any, before: Any) -> None:
    """DEAL-03: each deal gets back what the run changed, by a run of its own; one that it left alone stays so."""
    ids = await deals(api, 2, observers=["carl", "eve"])
    run = await bulk(api, action, ids=[*ids, "missing"])
    undo = await undone(api, run)
    assert (undo["state"], undo["total"], undo["counts"]["ok"]) == ("done", 2, 2)
    assert undo["action"] == {"type": "undo", "run": run["id"], "undone": run["action"]}
    assert [each["after"] for each in undo["items"]] == [before] * 2
    for id_ in ids:
        deal = await api.read(f"/deals/{id_}")
        assert {name: deal[name] for name in before} == before
        assert (deal["version"], deal["closed"]) == (3, False)
        assert {each.get("ce_bulkid") for each in await events_of(api, id_)} == {None, run["id"], undo["id"]}


async def test_deals_go_back_to_the_pipeline_that_they_came_from(api: Api) -> None:
    """DEAL-03: by the use case of a move, so what it refuses is the outcome of that deal."""
    pipeline = (await api("POST", "/pipelines", {"name": "Agents"}, roles=["admin"])).json()["id"]
    own = {"name": "Own", "semantic": "P", "color": "#112233"}
    for stage in ("MINE", "THEIRS"):
        answer = await api("POST", f"/pipelines/{pipeline}/stages", {**own, "id": stage}, roles=["admin"])
        assert answer.status_code == 201, answer.text
    mine, theirs = await deals(api, 2, pipeline_id=pipeline)
    for id_, stage in ((mine, "MINE"), (theirs, "THEIRS")):
        assert (await api("PUT", f"/deals/{id_}/stage", {"stage_id": stage})).status_code == 200
    run = await bulk(api, {"type": "move", "pipeline_id": "default"}, ids=[mine, theirs])
    stage = f"/pipelines/{pipeline}/stages/THEIRS"
    assert (await api("DELETE", stage, roles=["admin"])).status_code == 200
    undo = await undone(api, run)
    by_id = {each["id"]: each for each in undo["items"]}
    assert by_id[mine]["after"] == {"pipeline_id": pipeline, "stage_id": f"C{pipeline}:MINE"}
    assert (by_id[theirs]["status"], by_id[theirs]["code"]) == ("refused", "stage_not_in_pipeline")
    assert (await api.read(f"/deals/{theirs}"))["pipeline_id"] == "default"


async def test_a_deal_that_was_touched_since_is_left_alone_by_an_undo(api: Api) -> None:
    """DEAL-03: whoever touched whatever of it; one that is as it was again needs nothing."""
    touched, restored, deleted, plain = ids = await deals(api, 4)
    run = await bulk(api, ASSIGN, ids=ids)
    await api("PATCH", f"/deals/{touched}", {"title": "Mine"})
    await api("PATCH", f"/deals/{restored}", {"responsible_id": "anna"})
    await api("DELETE", f"/deals/{deleted}")
    by_id = {each["id"]: each for each in (await undone(api, run))["items"]}
    assert {id_: (by_id[id_]["status"], by_id[id_]["code"]) for id_ in ids} == {
        touched: ("refused", "changed_since"),
        restored: ("ok", None),
        deleted: ("not_found", "gone"),
        plain: ("ok", None),
    }
    read = [await api.read(f"/deals/{id_}") for id_ in (touched, restored, plain)]
    assert [(each["responsible_id"], each["version"]) for each in read] == [("bob", 3), ("anna", 3), ("anna", 3)]


async def test_what_a_run_left_as_it_was_needs_no_undo(api: Api) -> None:
    (id_,) = await deals(api, 1, responsible_id="bob")
    run = await bulk(api, ASSIGN, ids=[id_])
    await api("PATCH", f"/deals/{id_}", {"responsible_id": "carl", "open_to_all": True})
    assert statuses(await undone(api, run)) == ["ok"]
    assert (await api.read(f"/deals/{id_}"))["responsible_id"] == "carl"


async def test_a_dry_run_of_an_undo_lists_what_it_would_do(api: Api) -> None:
    ids = await deals(api, 2)
    run = await bulk(api, ASSIGN, ids=ids)
    await api("PATCH", f"/deals/{ids[1]}", {"title": "Mine"})
    for _ in range(2):
        undo = await undone(api, run, dry_run=True)
        assert undo["dry_run"] is True
        assert {each["id"]: (each["status"], each["after"]) for each in undo["items"]} == {
            ids[0]: ("ok", {"responsible_id": "anna"}),
            ids[1]: ("refused", {}),
        }
    assert [(await api.read(f"/deals/{id_}"))["responsible_id"] for id_ in ids] == ["bob"] * 2
    assert statuses(await undone(api, run)).count("ok") == 1


async def test_a_change_of_more_deals_than_are_answered_at_once_is_undone_in_a_run(api: Api) -> None:
    ids = await deals(api, AT_ONCE + 1)
    run = await ended(api, await api("POST", PATH, {"ids": ids, "action": ASSIGN}))
    undo = await ended(api, await api("POST", f"/runs/{run['id']}/undo", {}))
    assert (undo["total"], undo["counts"]["ok"], undo["filter"]) == (len(ids), len(ids), None)
    assert {(await api.read(f"/deals/{id_}"))["responsible_id"] for id_ in ids} == {"anna"}


@pytest.mark.parametrize("is_forgotten", [False, True])
async def test_what_was_changed_before_a_death_is_known_and_can_be_undone(api: Api, *, is_forgotten: bool) -> None:
    """Of a run, and of its undo: a replica was killed after it had changed the deal, and before it told of it."""
    (id_,) = await deals(api, 1)

    async def killed(run: dict[str, Any], version: int, before: dict[str, Any]) -> dict[str, Any]:
        seen = [{"id": id_, "version": version, "fields": {"open_to_all": True, "observers": [], **before}}]
        if is_forgotten:
            await api.database.collection("deals").update({"_id": id_}, {"$set": {"inbox": []}})
        await api.database.collection("run_outcomes").delete({"run": run["id"]})
        state = {"state": "running", "chunk": [id_], "seen": seen, "is_open": True, "ended_at": None}
        counts = {f"counts.{status}": 0 for status in run["counts"]}
        await api.database.collection("runs").update(
            {"_id": run["id"]}, {"$set": {**state, **counts}, "$inc": {"version": 1}}
        )

        async def is_done() -> bool:
            return bool((await api.read(f"/runs/{run['id']}"))["state"] == "done")

        await eventually(is_done, "done")
        (row,) = (await api.read(f"/runs/{run['id']}/results"))["items"]
        assert row["status"] == "ok"
        return dict(row)

    place = {"responsible_id": "anna", "pipeline_id": "default", "stage_id": "NEW"}
    run = await bulk(api, ASSIGN, ids=[id_])
    row = await killed(run, 1, place)
    assert row["before"] == ({} if is_forgotten else {"responsible_id": "anna"})
    if is_forgotten:
        assert [each["code"] for each in (await undone(api, run))["items"]] == ["changed_since"]
        return
    undo = await undone(api, run)
    row = await killed(undo, 2, {**place, "responsible_id": "bob"})
    assert row["after"] == {"responsible_id": "anna"}
    deal = await api.read(f"/deals/{id_}")
    assert (deal["responsible_id"], deal["version"]) == ("anna", 3)


async def test_an_undo_whose_cause_was_forgotten_is_repeated_without_effect(api: Api) -> None:
    """The ring of causes has turned: the deal is as it was before, so nothing is left to do."""
    (id_,) = await deals(api, 1)
    undo = await undone(api, await bulk(api, ASSIGN, ids=[id_]))
    await api.database.collection("deals").update({"_id": id_}, {"$set": {"inbox": []}})
    await api.database.collection("run_outcomes").delete({"run": undo["id"]})
    state = {"state": "running", "chunk": [id_], "is_open": True, "ended_at": None}
    await api.database.collection("runs").update({"_id": undo["id"]}, {"$set": state, "$inc": {"version": 1}})

    async def is_done() -> bool:
        return bool((await api.read(f"/runs/{undo['id']}"))["state"] == "done")

    await eventually(is_done, "done")
    (row,) = (await api.read(f"/runs/{undo['id']}/results"))["items"]
    assert (row["status"], (await api.read(f"/deals/{id_}"))["version"]) == ("ok", 3)


async def test_an_undo_is_done_with_the_rights_that_its_starter_has_then(api: Api) -> None:
    ids = await deals(api, 2)
    await allow(api, rights(read="all", update="all"))
    run = (await as_seller(api, "POST", PATH, {"ids": ids, "action": ASSIGN})).json()
    await allow(api, rights(read="all", update="own"))
    undo = (await as_seller(api, "POST", f"/runs/{run['id']}/undo")).json()
    assert statuses(undo) == ["denied", "denied"]


async def test_what_cannot_be_undone_is_refused_at_once(api: Api) -> None:
    """DEAL-03: a deletion, a dry run, an undo, and what was undone."""
    ids = await deals(api, 2)
    assigned = await bulk(api, ASSIGN, ids=ids[:1])
    undo = await undone(api, assigned)
    rehearsed = await bulk(api, ASSIGN, ids=ids, dry_run=True)
    deleted = await bulk(api, {"type": "delete"}, ids=ids)
    for run, code in (
        (assigned, "already_undone"),
        (undo, "no_inverse"),
        (rehearsed, "no_inverse"),
        (deleted, "no_inverse"),
    ):
        answer = await api("POST", f"/runs/{run['id']}/undo", {})
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert undo["id"] in (await api("POST", f"/runs/{assigned['id']}/undo", {})).json()["detail"]
    key = {"idempotency_key": str(uuid4())}
    (id_,) = await deals(api, 1)
    run = await bulk(api, ASSIGN, ids=[id_])
    first = await api("POST", f"/runs/{run['id']}/undo", {}, **key)
    again = await api("POST", f"/runs/{run['id']}/undo", {}, **key)
    assert (again.status_code, again.json()) == (200, first.json())


async def test_a_run_that_did_not_end_is_not_undone(api: Api) -> None:
    ids = await deals(api, AT_ONCE + 1)
    run = (await api("POST", PATH, {"ids": ids, "action": ASSIGN})).json()
    await api("POST", f"/runs/{run['id']}/pause")
    answer = await api("POST", f"/runs/{run['id']}/undo", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "run_not_ended")


async def test_a_run_is_undone_by_its_starter_alone(api: Api) -> None:
    (id_,) = await deals(api, 1)
    run = await bulk(api, ASSIGN, ids=[id_])
    path = f"/runs/{run['id']}/undo"
    for roles, status, code in (
        (["user"], 404, "not_found"),
        (["admin"], 403, "run_of_another"),
        (["reader"], 403, "forbidden"),
    ):
        answer = await api.claiming(sub="eve")("POST", path, {}, roles=roles)
        assert (answer.status_code, answer.json()["code"]) == (status, code), roles
    assert wrong_fields(await api("POST", path, {"dryrun": True})) == ["dryrun"]
    assert (await api("POST", f"{path}?dry_run=true", {})).status_code == 422
    assert (await api.read(f"/deals/{id_}"))["responsible_id"] == "bob"


async def test_who_may_not_change_deals_changes_none(api: Api) -> None:
    assert (await api("POST", PATH, {"ids": ["a"], "action": ASSIGN}, roles=["reader"])).status_code == 403
    assert (await api("POST", "/runs/a/cancel", roles=["reader"])).status_code == 403


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"action": ASSIGN}, ["body"]),
        ({"ids": ["a"], "filter": {}, "action": ASSIGN}, ["body"]),
        ({"ids": [], "action": ASSIGN}, ["ids"]),
        ({"ids": ["a"]}, ["action"]),
        ({"ids": ["a"], "action": {"type": "burn"}}, ["action"]),
        ({"ids": ["a"], "action": {**ASSIGN, "title": "x"}}, ["action.title"]),
        ({"ids": ["a"], "action": {"type": "observers"}}, ["action"]),
        ({"ids": ["a"], "action": {"type": "observers", "add": ["x"], "remove": ["x"]}}, ["action"]),
        ({"ids": ["a"], "action": ASSIGN, "dryrun": True}, ["dryrun"]),
        ({"filter": {"nothing": "x"}, "action": ASSIGN}, ["filter.nothing"]),
    ],
)
async def test_what_is_wrong_with_a_bulk_change_is_named(api: Api, body: Any, wrong: Sequence[str]) -> None:
    assert wrong_fields(await api("POST", PATH, body)) == wrong
