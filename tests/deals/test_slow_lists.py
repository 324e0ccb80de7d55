"""A list that is not found in time says so, and what to do (DEAL-01)."""

from tests.builders.running import Api

_SLEEPS = {"body": "function() { sleep(2500); return true }", "args": [], "lang": "js"}


async def test_a_list_that_takes_too_long_is_broken_off_and_is_not_called_away(api: Api) -> None:
    for _ in range(4):
        await api.made("/deals")
    database = api.database.collection("deals")._inner.database
    await database["deals"].rename("slow_deals")
    slowly = [{"$match": {"$expr": {"$function": _SLEEPS}}}]
    await database.command("create", "deals", viewOn="slow_deals", pipeline=slowly)
    answer = await api("POST", "/deals/query", {})
    assert (answer.status_code, answer.json()["code"]) == (503, "query_too_expensive"), answer.text
    assert "narrow its filter" in answer.json()["detail"]
    assert answer.headers["retry-after"]
    page = await api.get("/errors/query_too_expensive")
    assert page.status_code == 200
