"""A pipeline is made in deals, and leads converts into it: two services, nobody asks anybody."""

from uuid import uuid4

from tests.system.crm import Crm, Json, until


async def test_leads_are_converted_into_a_pipeline_that_an_administrator_made_until_it_is_deleted(crm: Crm) -> None:
    """PIPE-09, LEAD-11, PIPE-05: and the timeline tells of the deal's way through pipelines."""
    id_ = uuid4().hex[:8]
    made = await crm.call("POST", "deals", "/pipelines", {"id": id_, "name": "Partners"})
    assert made.status_code == 201, made.text
    lead = await crm.call("POST", "leads", "/leads", {"title": "Pumps"})
    path = f"/leads/{lead.json()['id']}/conversion"

    async def asked() -> Json:
        answer = await crm.call("POST", "leads", path, {"targets": ["deal"], "pipeline_id": id_})
        body: Json = answer.json()
        return body

    done = await until(asked, lambda body: body.get("state") == "done")
    deal_id = done["deal"]["id"]
    deal = await crm.get("deals", f"/deals/{deal_id}")
    assert (deal["pipeline_id"], deal["stage_id"]) == (id_, f"C{id_}:NEW")
    moved = await crm.call("PUT", "deals", f"/deals/{deal_id}/stage", {"pipeline_id": "default"})
    assert moved.status_code == 200, moved.text

    async def entries() -> list[str]:
        page = await crm.get("timeline", f"/timeline?element=deal:{deal_id}&types=pipeline_changed")
        return [entry["text"] for entry in page["items"]]

    (told,) = await until(entries, bool)
    assert id_ in told
    deleted = await crm.call("DELETE", "deals", f"/pipelines/{id_}")
    assert deleted.status_code == 204, deleted.text
    other = await crm.call("POST", "leads", "/leads", {"title": "Pipes"})
    path = f"/leads/{other.json()['id']}/conversion"
    refused = await until(asked, lambda body: body.get("code") == "pipeline_not_found")
    assert refused["errors"][0]["field"] == "pipeline_id"
