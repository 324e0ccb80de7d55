"""Recurring deals over all services: what a template makes when its date comes, also when deals is killed (DEAL-15).

Nobody waits for days: the dates of a template are set back in the database, as if nothing had run since.
"""

import asyncio
from typing import Any, Final

import pytest
from crm_contracts import topics
from crm_contracts.deals import DealCreated
from crm_contracts.recurrences import DealRecurringDue, DealRecurringExposed

from tests.system.crm import Crm, Json, until
from tests.system.faults.test_deaths import is_dead, restart
from tests.system.set_back import day, set_back

EVERY_DAY: Final = {"number": 1, "unit": "day"}
ROW: Final = {"name": "Pump", "quantity": "2", "price": "450.00"}


async def a_template(crm: Crm, *, deal: Json | None = None, **schedule: Any) -> Json:
    source = await crm.new_deal(**(deal or {"title": "Service contract"}))
    body = {"based_on_id": source, "start_date": day(1), "every": EVERY_DAY, **schedule}
    answer = await crm.call("POST", "deals", "/recurring-deals", body)
    assert answer.status_code == 201, answer.text
    template: Json = answer.json()
    return template


async def nothing_has_run_for(crm: Crm, template: str, days: int) -> None:
    """Set the schedule of a template back by so many days; a last date is the day after tomorrow."""
    await asyncio.to_thread(set_back, crm.stack.mongo.url, template, days)


async def made(crm: Crm, template: str) -> list[Json]:
    """The deals that were made from a template, the first one first."""
    body = {"filter": {"template_id": template}}
    answer = await crm.call("POST", "deals", "/deals/query", body)
    return sorted(answer.json()["items"], key=lambda deal: str(deal["begin_date"]))


async def test_a_date_that_has_come_makes_a_deal_with_everything_of_its_template(crm: Crm) -> None:
    """DEAL-15, DEAL-14, DEAL-22: rows, company and contacts; its dates; what is told of it and of the template."""
    company, contacts = await crm.new_company("Recurring GmbH", "Often", "Again")
    given = {"title": "Service contract", "comments": "yearly", "company_id": company, "rows": [ROW]}
    week = {"number": 1, "unit": "week"}
    template = await a_template(crm, deal=given, begin_after=EVERY_DAY, close_after=week)
    path = f"/recurring-deals/{template['id']}"
    await until(lambda: crm.get("deals", path), lambda found: found["client"]["link_state"] == "done")
    await nothing_has_run_for(crm, template["id"], 1)
    (deal,) = await until(lambda: made(crm, template["id"]), bool)
    deal = await until(
        lambda: crm.get("deals", f"/deals/{deal['id']}"), lambda found: found["client"]["link_state"] == "done"
    )
    assert (deal["title"], deal["comments"], deal["template_id"]) == ("Service contract", "yearly", template["id"])
    assert (deal["begin_date"], deal["close_date"], deal["stage_id"]) == (day(1), day(7), "NEW")
    assert (deal["amount"], [row["name"] for row in deal["rows"]]) == (template["amount"], ["Pump"])
    assert deal["client"]["company"]["id"] == company
    assert {link["contact_id"] for link in deal["client"]["contacts"]} == set(contacts)
    recurrence = (await crm.get("deals", path))["recurrence"]
    assert (recurrence["made"], recurrence["last_date"], recurrence["next_date"]) == (1, day(0), day(1))
    assert recurrence["last_at"] is not None
    await crm.settle()
    told = await crm.events(topics.DEALS)
    both = DealCreated | DealRecurringExposed
    of_deal = [type(event.data) for event in told if event.subject == deal["id"] and isinstance(event.data, both)]
    assert of_deal == [DealCreated, DealRecurringExposed]
    of_template = [event.data for event in told if event.subject == template["id"]]
    assert [each.planned_for.isoformat() for each in of_template if isinstance(each, DealRecurringDue)] == [day(0)]
    kinds = [entry["type"] for entry in await crm.timeline(f"deal:{template['id']}")]
    assert {"crm.deal.recurring_created.v1", "crm.deal.recurring_due.v1", "crm.deal.recurring_exposed.v1"} <= {*kinds}
    found = await crm.get("timeline", "/search?q=Service+contract&types=deal")
    assert template["id"] not in {ref["id"] for ref in found["deal"]["items"]}
    of_company = await crm.timeline(f"company:{company}")
    assert f"deal:{deal['id']}" in str(of_company)


@pytest.mark.parametrize("limit", ["limit_count", "limit_date"])
async def test_a_limit_ends_a_template_over_all_services(crm: Crm, limit: str) -> None:
    """DEAL-15: a number of deals, or a date; dates that passed while nothing ran are caught up with."""
    limits: Json = {limit: 2 if limit == "limit_count" else day(2)}
    template = await a_template(crm, **limits)
    await nothing_has_run_for(crm, template["id"], 3)

    async def recurrence() -> Json:
        found: Json = (await crm.get("deals", f"/recurring-deals/{template['id']}"))["recurrence"]
        return found

    ended = await until(recurrence, lambda found: found["made"] == 2)
    assert (ended["next_date"], ended["next_at"]) == (None, None)
    await until(lambda: made(crm, template["id"]), lambda deals: len(deals) == 2)
    await crm.settle()
    assert [deal["begin_date"] for deal in await made(crm, template["id"])] == [day(-2), day(-1)]


@pytest.mark.real_kafka
async def test_deals_killed_between_each_two_steps_makes_each_deal_once(crm: Crm) -> None:
    """DEAL-15: after the write of the template, before and after its event, after the write of the deal."""
    service = crm.services["deals"]
    template = await a_template(crm)
    await crm.settle()
    points = ("written:deals", "publish:crm.deal.recurring_due.v1", "written:deals", "publish:crm.deal.created.v1")
    await asyncio.to_thread(service.terminate)
    await nothing_has_run_for(crm, template["id"], 3)
    try:
        for point in points:
            await restart(service, point)
            await until(is_dead(service), bool)
    finally:
        await restart(service, None)
    await until(lambda: made(crm, template["id"]), lambda deals: len(deals) == 3)
    await crm.settle()
    assert [deal["begin_date"] for deal in await made(crm, template["id"])] == [day(-2), day(-1), day(0)]
    told = [event.data for event in await crm.events(topics.DEALS)]
    exposed = [each for each in told if isinstance(each, DealRecurringExposed) and each.template.id == template["id"]]
    assert len({each.deal.id for each in exposed}) == 3


async def test_every_event_of_a_template_delivered_again_makes_no_second_deal(crm: Crm) -> None:
    """DEAL-15."""
    template = await a_template(crm)
    await nothing_has_run_for(crm, template["id"], 2)
    deals = await until(lambda: made(crm, template["id"]), lambda found: len(found) == 2)
    await crm.settle()
    again = [record for record in await crm.log() if record.key == template["id"].encode()]
    await crm.deliver([*again, *again])
    await crm.settle()
    assert [deal["id"] for deal in await made(crm, template["id"])] == [deal["id"] for deal in deals]
