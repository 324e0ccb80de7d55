"""A deal that is deleted (DEAL-01, DEAL-19)."""

from uuid import uuid4

from services.deals.deal.domain.deal import Deal
from tests.builders.running import Api

WORDS = {"title": "Secret pumps", "comments": "asked for a call", "source_description": "by a friend"}


async def test_a_deal_is_deleted_and_is_found_no_more(api: Api) -> None:
    """DEAL-01, DEAL-19."""
    mine = f"user-{uuid4()}"
    kept, gone = [(await api.made("/deals", {"responsible_id": mine}))["id"] for _ in range(2)]

    assert (await api("DELETE", f"/deals/{gone}")).status_code == 204

    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"title": "Back"}),
        ("PUT", "/stage", {"stage_id": "WON"}),
        ("DELETE", "", None),
    ):
        answer = await api(method, f"/deals/{gone}{path}", body)
        assert (answer.status_code, answer.json()["code"]) == (404, "gone"), (method, path)
    assert await api.ids(f"/deals?responsible_id={mine}") == [kept]
    counted = await api("POST", "/deals/query", {"filter": {"responsible_id": mine}, "count": "capped"})
    assert counted.json()["count"] == {"value": 1, "is_exact": True}
    found = await api("POST", "/deals/query", {"filter": {"id": gone}})
    assert found.json()["items"] == []


async def test_nothing_of_a_deleted_deal_is_stored_but_its_identity(api: Api) -> None:
    """DEAL-19: what was known of it is in the event alone."""
    row = {"name": "Pump", "price": "10", "quantity": "1"}
    deal = await api.made("/deals", {**WORDS, "rows": [row]})
    await api("DELETE", f"/deals/{deal['id']}")
    stored = await api.documents(Deal, "deals").find_with_deleted(deal["id"])
    assert stored is not None
    assert (stored.number, stored.created_by, stored.rows, stored.client.refs) == (deal["number"], "user:anna", (), ())
    assert not [word for word in WORDS.values() if word in stored.model_dump_json()]


async def test_a_stale_copy_deletes_nothing(api: Api) -> None:
    """DEAL-01."""
    deal = await api.made("/deals")
    stale = await api("DELETE", f"/deals/{deal['id']}", If_Match='"7"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert await api.read(f"/deals/{deal['id']}") == deal
    assert (await api("DELETE", f"/deals/{deal['id']}", If_Match=f'"{deal["version"]}"')).status_code == 204


async def test_whoever_may_only_read_deletes_nothing(api: Api) -> None:
    """DEAL-01."""
    deal = await api.made("/deals")
    assert (await api("DELETE", f"/deals/{deal['id']}", roles=["reader"])).status_code == 403
    assert await api.read(f"/deals/{deal['id']}") == deal


async def test_the_origin_of_a_deleted_deal_brings_no_other_one(api: Api) -> None:
    """CMN-14: an import that runs again does not bring back what was deleted here."""
    path = f"/deals/external/shop/{uuid4()}"
    made = (await api("PUT", path, {"title": "Once"})).json()
    await api("DELETE", f"/deals/{made['id']}")
    again = await api("PUT", path, {"title": "Twice"})
    assert (again.status_code, again.json()["code"]) == (404, "gone")


async def test_an_unknown_deal_cannot_be_deleted(api: Api) -> None:
    """DEAL-01."""
    assert (await api("DELETE", f"/deals/{uuid4()}")).status_code == 404
