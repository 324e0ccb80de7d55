"""One conversion, followed over the services (TL-01 to TL-03)."""

from typing import Any

from tests.system.crm import Crm, Json, a_phone, until


async def test_the_trace_of_a_conversion_shows_its_steps_over_the_services(crm: Crm) -> None:
    """The steps of one conversion as a tree, with the time that each took."""
    lead = await crm.new_lead(last_name="Traced", company_title="Traces", phones=[{"value": a_phone()}])
    correlation = (await crm.convert(lead, targets=["contact", "company", "deal"])).json()["correlation_id"]

    async def trace() -> Json:
        response = await crm.call("GET", "timeline", f"/timeline/traces/{correlation}")
        found: Json = response.json() if response.status_code == 200 else {"steps": []}
        return found

    found = await until(trace, lambda t: "crm.lead.converted.v1" in _types(t))

    assert {"leads", "clients", "deals"} <= {node["service"] for node in _nodes(found)}
    path = _path_to(found, "crm.lead.converted.v1")
    assert path == [
        "crm.lead.conversion_requested.v1",
        "crm.lead.client_resolved.v1",
        "crm.deal.created.v1",
        "crm.lead.converted.v1",
    ]
    assert all(node["elapsed_ms"] >= 0 for node in _nodes(found))


def _nodes(found: Json) -> list[Json]:
    roots: list[Json] = found.get("steps") or []
    nodes: list[Json] = []
    while roots:
        node = roots[0]
        nodes.append(node)
        roots = [*node["children"], *roots[1:]]
    return nodes


def _types(found: Json) -> set[str]:
    return {node["type"] for node in _nodes(found)}


def _path_to(found: Json, wanted: str) -> list[str]:
    def search(nodes: list[Any], path: list[str]) -> list[str]:
        for node in nodes:
            here = [*path, node["type"]]
            if node["type"] == wanted:
                return here
            below = search(node["children"], here)
            if below:
                return below
        return []

    return search(found["steps"], [])


async def test_a_stage_change_appears_in_the_timeline_by_itself(crm: Crm) -> None:
    """TL-02, LEAD-07: newest first, with from and to."""
    lead = await crm.new_lead(title="On the move")
    moved = await crm.call("PUT", "leads", f"/leads/{lead}/stage", {"stage_id": "IN_PROCESS"})
    assert moved.status_code == 200, moved.text

    entries = await until(lambda: crm.timeline(f"lead:{lead}"), lambda found: len(found) == 2)

    assert [entry["kind"] for entry in entries] == ["stage_changed", "element_created"]
    assert entries[0]["payload"]["from"] == "NEW"
    assert entries[0]["payload"]["to"] == "IN_PROCESS"


async def test_a_deal_made_from_a_lead_shows_in_the_timeline_of_both(crm: Crm) -> None:
    """TL-03, DEAL-16."""
    lead = await crm.new_lead(last_name="Parent", phones=[{"value": a_phone()}])
    deal = (await crm.convert(lead)).json()["deal"]["id"]

    async def both() -> set[str]:
        of_lead = {e["kind"] for e in await crm.timeline(f"lead:{lead}") if e["type"] == "crm.deal.created.v1"}
        of_deal = {e["kind"] for e in await crm.timeline(f"deal:{deal}") if e["type"] == "crm.deal.created.v1"}
        return of_lead | of_deal

    assert await until(both, lambda kinds: len(kinds) == 2) == {"child_created", "created_on_basis_of"}
