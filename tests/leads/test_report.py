"""Where leads come from, and what becomes of them (LEAD-23), over the running service."""

from datetime import UTC, datetime, timedelta
from typing import Any

from crm_contracts.roles import Right

from services.leads.lead.domain.lead import Lead
from services.leads.report.store import LeadReports
from shared.elements.domain.filters.nodes import EVERYTHING
from tests.builders.fakes import Documents
from tests.builders.granted import allow, as_seller
from tests.builders.running import Api, Explained, wrong_fields

PATH = "/reports/lead-sources"
YEAR = 2019


def within(year: int) -> str:
    return f"{PATH}?created_from={year}-01-01T00:00:00Z&created_before={year + 1}-01-01T00:00:00Z"


async def came_in(api: Api, at: datetime, *stages: str, **fields: Any) -> None:
    """Leads of that time: who imports them says when they came in."""
    for stage in stages:
        lead = await api.made("/leads", {"stage_id": stage, **fields})
        changed = await api.database.collection("leads").update({"_id": lead["id"]}, {"$set": {"created_at": at}})
        assert changed is not None


async def test_leads_are_counted_by_source_semantic_and_period(api: Api) -> None:
    """LEAD-23: with the conversion rate of each source; a deleted lead counts nowhere."""
    at = datetime(YEAR, 7, 1, tzinfo=UTC)
    await came_in(api, at, "NEW", "JUNK", "JUNK", "PROCESSED", source_id="CALL")
    await came_in(api, at, "JUNK", source_id="WEB")
    await came_in(api, at, "NEW", source_id=None)
    await came_in(api, datetime(YEAR + 1, 1, 1, tzinfo=UTC), "NEW", source_id="CALL")
    won = await api.made("/leads", {"converted_elsewhere": True, "source_id": "CALL"})
    gone = await api.made("/leads", {"source_id": "CALL"})
    for id_ in (won["id"], gone["id"]):
        await api.database.collection("leads").update({"_id": id_}, {"$set": {"created_at": at}})
    assert (await api("DELETE", f"/leads/{gone['id']}")).status_code == 204
    report = await api.read(within(YEAR))
    none = {"in_process": 0, "won": 0, "lost": 0, "conversion_rate": None}
    assert report["items"] == [
        {"source_id": "CALL", "total": 5, "in_process": 2, "won": 1, "lost": 2, "conversion_rate": "0.3333"},
        {**none, "source_id": None, "total": 1, "in_process": 1},
        {**none, "source_id": "WEB", "total": 1, "lost": 1, "conversion_rate": "0.0000"},
    ]
    assert (report["created_from"], report["created_before"]) == ("2019-01-01T00:00:00Z", "2020-01-01T00:00:00Z")
    assert [each["total"] for each in (await api.read(within(YEAR + 1)))["items"]] == [1]


async def test_the_last_month_is_reported_unless_a_period_is_given(api: Api) -> None:
    """LEAD-23."""
    await came_in(api, datetime.now(UTC) - timedelta(days=31), "NEW", source_id="PARTNER")
    await came_in(api, datetime.now(UTC) - timedelta(days=29), "NEW", source_id="PARTNER")
    (found,) = (each for each in (await api.read(PATH))["items"] if each["source_id"] == "PARTNER")
    assert found["total"] == 1


async def test_a_user_counts_the_leads_that_the_user_may_read(api: Api) -> None:
    """LEAD-23, PERM-04."""
    at = datetime(YEAR - 1, 7, 1, tzinfo=UTC)
    await came_in(api, at, "NEW", source_id="STORE", responsible_id="anna")
    await came_in(api, at, "NEW", source_id="STORE", responsible_id="bob", open_to_all=False)
    await allow(api, Right(element="lead", levels={"read": "own"}))
    seen = await as_seller(api, "GET", within(YEAR - 1))
    assert [each["total"] for each in seen.json()["items"]] == [1]
    assert [each["total"] for each in (await api.read(within(YEAR - 1)))["items"]] == [2]


async def test_whatever_is_wrong_with_a_period_is_named(api: Api) -> None:
    """LEAD-23."""
    for query, fields in (
        ("created_from=2020-01-01T00:00:00Z&created_before=2021-01-03T00:00:00Z", ["created_from", "created_before"]),
        ("created_from=2020-01-02T00:00:00Z&created_before=2020-01-02T00:00:00Z", ["created_from", "created_before"]),
        ("created_from=3020-01-01T00:00:00Z", ["created_from"]),
        ("created_from=yesterday", ["created_from"]),
        ("since=2020-01-01T00:00:00Z", ["since"]),
    ):
        assert wrong_fields(await api("GET", f"{PATH}?{query}")) == fields, query
    assert (await api("GET", PATH, roles=[])).status_code == 403


async def test_a_report_reads_the_leads_of_its_period_alone(api: Api) -> None:
    """LEAD-23."""
    explained = Explained(api.database.collection("leads"))
    await LeadReports(Documents(Lead, explained)).sources(
        datetime(YEAR, 1, 1, tzinfo=UTC), datetime(YEAR + 1, 1, 1, tzinfo=UTC), allowed=EVERYTHING
    )
    (plan,) = explained.plans
    assert "IXSCAN" in plan.stages
    assert not plan.stages & {"COLLSCAN", "SORT"}
