"""A lead that is deleted (LEAD-21)."""

from uuid import uuid4

from services.leads.lead.domain.lead import Lead
from tests.builders.running import Api

WORDS = {"title": "Secret pumps", "comments": "asked for a call", "source_description": "by a friend"}


async def test_a_lead_is_deleted_and_is_found_no_more(api: Api) -> None:
    """LEAD-21."""
    mine = f"user-{uuid4()}"
    kept, gone = [(await api.made("/leads", {"responsible_id": mine}))["id"] for _ in range(2)]

    assert (await api("DELETE", f"/leads/{gone}")).status_code == 204

    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"title": "Back"}),
        ("PUT", "/stage", {"stage_id": "JUNK"}),
        ("DELETE", "", None),
    ):
        answer = await api(method, f"/leads/{gone}{path}", body)
        assert (answer.status_code, answer.json()["code"]) == (404, "gone"), (method, path)
    assert await api.ids(f"/leads?responsible_id={mine}") == [kept]
    counted = await api("POST", "/leads/query", {"filter": {"responsible_id": mine}, "count": "capped"})
    assert counted.json()["count"] == {"value": 1, "is_exact": True}
    found = await api("POST", "/leads/query", {"filter": {"id": gone}})
    assert found.json()["items"] == []


async def test_nothing_of_a_deleted_lead_is_stored_but_its_identity(api: Api) -> None:
    """LEAD-21: what was known of it is in the event alone."""
    row = {"name": "Pump", "price": "10", "quantity": "1"}
    lead = await api.made("/leads", {**WORDS, "rows": [row]})
    await api("DELETE", f"/leads/{lead['id']}")
    stored = await api.documents(Lead, "leads").find_with_deleted(lead["id"])
    assert stored is not None
    assert (stored.number, stored.created_by, stored.rows, stored.client.refs) == (lead["number"], "user:anna", (), ())
    assert not [word for word in WORDS.values() if word in stored.model_dump_json()]


async def test_a_stale_copy_deletes_nothing(api: Api) -> None:
    """LEAD-21."""
    lead = await api.made("/leads")
    stale = await api("DELETE", f"/leads/{lead['id']}", If_Match='"7"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert await api.read(f"/leads/{lead['id']}") == lead
    assert (await api("DELETE", f"/leads/{lead['id']}", If_Match=f'"{lead["version"]}"')).status_code == 204


async def test_whoever_may_only_read_deletes_nothing(api: Api) -> None:
    """LEAD-21."""
    lead = await api.made("/leads")
    assert (await api("DELETE", f"/leads/{lead['id']}", roles=["reader"])).status_code == 403
    assert await api.read(f"/leads/{lead['id']}") == lead


async def test_the_origin_of_a_deleted_lead_brings_no_other_one(api: Api) -> None:
    """CMN-14: an import that runs again does not bring back what was deleted here."""
    path = f"/leads/external/shop/{uuid4()}"
    made = (await api("PUT", path, {"title": "Once"})).json()
    await api("DELETE", f"/leads/{made['id']}")
    again = await api("PUT", path, {"title": "Twice"})
    assert (again.status_code, again.json()["code"]) == (404, "gone")


async def test_an_unknown_lead_cannot_be_deleted(api: Api) -> None:
    """LEAD-21."""
    assert (await api("DELETE", f"/leads/{uuid4()}")).status_code == 404


async def test_a_lead_is_not_deleted_while_it_is_converted(api: Api) -> None:
    """LEAD-21, LEAD-13."""
    lead = await api.made("/leads", {"first_name": "Ada"})
    assert (await api("POST", f"/leads/{lead['id']}/conversion")).status_code == 202
    refused = await api("DELETE", f"/leads/{lead['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "conversion_running")
    assert (await api.read(f"/leads/{lead['id']}"))["first_name"] == "Ada"
