"""Templates whose date has come: each date makes one deal, whoever wakes them, dies meanwhile or hears it again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from crm_contracts.deals import DealCreated
from crm_contracts.recurrences import (
    DealRecurringDue,
    DealRecurringExposed,
    DealRecurringUpdated,
    Period,
    Schedule,
)

from deploy.local.mongo import Mongo
from services.deals.deal.domain.deal import Deal
from services.deals.recurring.domain import make_template
from services.deals.recurring.events import reactions
from shared.kit.domain import Cause
from shared.kit.storage.collection import Collection
from shared.kit.timers.waker import WAKE_INDEX, Waker
from tests.builders.causes import ANNA, NOON, a_cause
from tests.builders.deals import DEAL_STAGES, StartPipelines, a_deal, deal_collaborators, stored_deals
from tests.builders.events import an_event, react
from tests.builders.fakes import Documents, NobodyLeft, Power, PowerCut
from tests.builders.values import a_client, a_row, priced

TODAY = NOON.date()


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def daily(**fields: Any) -> Schedule:
    every = Period(number=1, unit="day")
    return Schedule(**{"start_date": day(1), "every": every, "time_of_day": "09:00", **fields})


class Desk:
    """Deals in a real database, the replicas that wake templates, and the reaction to what they say."""

    def __init__(self, collection: Collection) -> None:
        self.collection, self.now = collection, NOON
        self.deals = Documents(Deal, collection)
        self.collaborators = deal_collaborators()

    async def add(self, id_: str = "template", *, source: Deal | None = None, **schedule: Any) -> Deal:
        """A template, with numbers that no other deal has."""
        cause = Cause(key=f"create {id_}", actor=ANNA, at=self.now, correlation_id="chain-1", roles=("seller",))
        await self.deals.add_numbered(
            lambda number: make_template(
                id_, number, source or a_deal(), cause, first=DEAL_STAGES.first, schedule=daily(**schedule)
            ),
            cause,
            self.collaborators.numbers,
        )
        return await self.deals.get(id_)

    def replica(self, power: Power | None = None, first_shard: int = 0) -> Waker:
        waker = Waker(lambda: self.now, first_shard=lambda: first_shard)
        waker.watch(Documents(Deal, self.collection, power))
        return waker

    async def due(self, id_: str = "template") -> list[DealRecurringDue]:
        """What a template has asked for so far."""
        return [event for event in await self.deals.said(id_) if isinstance(event, DealRecurringDue)]

    async def hear(self, event: DealRecurringDue, *, id_: str | None = None, power: Power | None = None) -> None:
        deals = Documents(Deal, self.collection, power)
        envelope = an_event(event, id_=id_ or f"event-{event.proposed_deal_id}")
        heard = reactions(deals=deals, pipelines=StartPipelines(), collaborators=self.collaborators)
        await react(heard, envelope)

    async def made(self, id_: str = "template") -> list[Deal]:
        """The deals that were made from a template, the oldest first."""
        found = await self.collection.find({"template_id": id_}, sort=[("begin_date", 1)])
        return [self.deals.read(each) for each in found]


@pytest.fixture
async def desk(mongo: Mongo) -> AsyncIterator[Desk]:
    async with stored_deals(mongo, []) as collection:
        await collection.ensure([WAKE_INDEX])
        yield Desk(collection)


async def test_a_date_that_has_come_makes_a_deal(desk: Desk) -> None:
    """DEAL-15: with rows, company and contacts, on the first stage, in the name of who set the schedule."""
    source = a_deal(
        client=a_client("ada", company_id="acme"), priced=priced(a_row("row-1")), comments="yearly", probability=80
    )
    template = await desk.add(source=source, begin_after=Period(number=2, unit="day"))
    assert await desk.replica().wake_due() == 0
    desk.now = datetime(2026, 3, 3, 9, 0, tzinfo=NOON.tzinfo)
    assert await desk.replica().wake_due() == 1
    (due,) = await desk.due()
    assert (due.planned_for, due.template.id, due.recurrence.made) == (day(1), "template", 1)
    await desk.hear(due)
    (deal,) = await desk.made()
    assert (deal.id, deal.template_id, deal.is_recurring) == (due.proposed_deal_id, "template", False)
    assert (deal.begin_date, deal.close_date) == (day(3), day(10))
    assert (deal.title, deal.comments, deal.probability) == (source.title, "yearly", 80)
    assert (deal.stage_id, deal.created_by) == ("NEW", ANNA)
    assert [(row.name, row.quantity, row.price) for row in deal.rows] == [
        (row.name, row.quantity, row.price) for row in source.rows
    ]
    assert deal.rows[0].id not in {source.rows[0].id, template.rows[0].id}
    assert deal.amount == source.amount
    assert [ref.id for ref in deal.client.refs] == [ref.id for ref in source.client.refs]
    assert deal.client.link_state == "pending"
    assert not deal.timers


async def test_what_a_date_makes_is_told_by_two_events(desk: Desk) -> None:
    """DEAL-15, DEAL-22."""
    await desk.add()
    desk.now = NOON + timedelta(days=1)
    await desk.replica().wake_due()
    (due,) = await desk.due()
    await desk.hear(due)
    created, exposed = await desk.deals.said(due.proposed_deal_id)
    assert isinstance(created, DealCreated)
    assert isinstance(exposed, DealRecurringExposed)
    assert (exposed.template.id, exposed.planned_for) == ("template", day(1))
    assert created.deal.template_id == "template"


async def test_a_template_goes_on_with_the_next_date(desk: Desk) -> None:
    """DEAL-15: what is to come, what came last, and how many were made are kept."""
    await desk.add()
    for number in (1, 2, 3):
        desk.now = NOON + timedelta(days=number)
        assert await desk.replica().wake_due() == 1
        recurrence = (await desk.deals.get("template")).recurrence
        assert recurrence is not None
        assert (recurrence.made, recurrence.last_date, recurrence.next_date) == (number, day(number), day(number + 1))
    assert [due.planned_for for due in await desk.due()] == [day(1), day(2), day(3)]


@pytest.mark.parametrize("limit", [{"limit_count": 2}, {"limit_date": day(2)}])
async def test_a_limit_ends_a_template(desk: Desk, limit: dict[str, Any]) -> None:
    """DEAL-15: after so many deals, or after a date."""
    await desk.add(**limit)
    for number in range(1, 6):
        desk.now = NOON + timedelta(days=number)
        await desk.replica().wake_due()
    assert [due.planned_for for due in await desk.due()] == [day(1), day(2)]
    template = await desk.deals.get("template")
    assert (template.wake_at, template.recurrence and template.recurrence.next_date) == (None, None)


@pytest.mark.parametrize(
    ("catch_up", "expected", "skipped"),
    [("all", [1, 2, 3, 4], 0), ("latest", [4], 3), ("none", [], 4)],
)
async def test_after_a_standstill_is_made_what_the_schedule_says(
    desk: Desk, catch_up: str, expected: Sequence[int], skipped: int
) -> None:
    """DEAL-15: and the rest is counted."""
    await desk.add(catch_up=catch_up)
    desk.now = NOON + timedelta(days=4)
    await desk.replica().wake_due()
    due = await desk.due()
    assert [each.planned_for for each in due] == [day(number) for number in expected]
    for each in due:
        await desk.hear(each)
    assert [deal.begin_date for deal in await desk.made()] == [day(number) for number in expected]
    recurrence = (await desk.deals.get("template")).recurrence
    assert recurrence is not None
    assert (recurrence.skipped, recurrence.made, recurrence.next_date) == (skipped, len(expected), day(5))
    told = [event for event in await desk.deals.said("template") if isinstance(event, DealRecurringUpdated)]
    assert len(told) == (1 if catch_up == "none" else 0)


async def test_replicas_that_wake_at_once_make_one_deal_for_each_date(desk: Desk) -> None:
    """DEAL-15."""
    ids = [f"template-{number}" for number in range(40)]
    for id_ in ids:
        await desk.add(id_)
    desk.now = NOON + timedelta(days=3)
    fired = await asyncio.gather(*(desk.replica(first_shard=first).wake_due() for first in (0, 0, 8)))
    assert sum(fired) == 3 * len(ids)
    for id_ in ids:
        due = await desk.due(id_)
        assert [each.planned_for for each in due] == [day(1), day(2), day(3)]
        assert len({each.proposed_deal_id for each in due}) == 3


async def a_due_date(desk: Desk, **schedule: Any) -> DealRecurringDue:
    await desk.add(**schedule)
    desk.now = NOON + timedelta(days=1)
    await desk.replica().wake_due()
    (due,) = await desk.due()
    return due


async def test_a_date_that_is_told_again_makes_no_second_deal(desk: Desk) -> None:
    """DEAL-15: as the same event, after causes were forgotten, as another event, and side by side."""
    due = await a_due_date(desk)
    await desk.hear(due)
    (deal,) = await desk.made()
    await desk.hear(due)
    await desk.deals.forget_causes(deal.id)
    await desk.hear(due)
    await asyncio.gather(*(desk.hear(due, id_=f"other-{number}") for number in range(4)))
    assert await desk.made() == [deal]
    assert len(await desk.deals.said(deal.id)) == 2


async def test_a_deal_that_was_deleted_is_not_made_again(desk: Desk) -> None:
    """DEAL-15."""
    due = await a_due_date(desk)
    await desk.hear(due)
    deleted = a_cause("delete")
    await desk.deals.change(due.proposed_deal_id, lambda deal: deal.delete(by=ANNA, at=NOON), deleted)
    await desk.hear(due)
    await desk.hear(due, id_="other")
    assert await desk.deals.find(due.proposed_deal_id) is None


async def test_a_replica_that_dies_after_the_write_of_a_date_has_made_that_date(desk: Desk) -> None:
    """DEAL-15: one write is claim, effect and completion."""
    await desk.add()
    desk.now = NOON + timedelta(days=1)
    with pytest.raises(PowerCut):
        await desk.replica(Power(off_after=1)).wake_due()
    assert await desk.replica().wake_due() == 0
    (due,) = await desk.due()
    with pytest.raises(PowerCut):
        await desk.hear(due, power=Power(off_after=1))
    await desk.hear(due)
    assert len(await desk.made()) == 1


async def test_a_date_makes_what_the_template_was_when_it_came(desk: Desk) -> None:
    """DEAL-15: a template may be corrected, or deleted, before the deal is there."""
    due = await a_due_date(desk)
    await desk.deals.change(
        "template", lambda deal: deal.correct({"title": "Other"}, by=ANNA, at=NOON), a_cause("correct")
    )
    await desk.deals.change("template", lambda deal: deal.delete(by=ANNA, at=NOON), a_cause("delete"))
    await desk.hear(due)
    (deal,) = await desk.made()
    assert deal.title == "Pumps for ACME"


async def test_neither_a_deleted_nor_a_paused_template_makes_deals(desk: Desk) -> None:
    """DEAL-15."""
    await desk.add("deleted")
    await desk.deals.change("deleted", lambda deal: deal.delete(by=ANNA, at=NOON), a_cause("delete"))
    await desk.add("paused")
    paused = daily(active=False)
    await desk.deals.change("paused", lambda deal: deal.reschedule(paused, by=ANNA, at=NOON), a_cause("pause"))
    desk.now = NOON + timedelta(days=5)
    assert await desk.replica().wake_due() == 0


async def test_dates_that_pass_in_a_pause_are_not_made_afterwards(desk: Desk) -> None:
    """DEAL-15."""
    await desk.add()
    pause, go_on = daily(active=False), daily()
    await desk.deals.change("template", lambda deal: deal.reschedule(pause, by=ANNA, at=NOON), a_cause("pause"))
    desk.now = NOON + timedelta(days=5)
    await desk.deals.change("template", lambda deal: deal.reschedule(go_on, by=ANNA, at=desk.now), a_cause("go on"))
    desk.now = NOON + timedelta(days=6)
    await desk.replica().wake_due()
    assert [due.planned_for for due in await desk.due()] == [day(6)]


async def test_a_link_that_has_gone_meanwhile_is_looked_for(desk: Desk) -> None:
    """COMP-10: a client that was deleted between the date and the deal."""
    source = a_deal(client=a_client("ada", company_id="acme"))
    left = desk.collaborators.removed_clients
    assert isinstance(left, NobodyLeft)
    await desk.add(source=source)
    desk.now = NOON + timedelta(days=1)
    await desk.replica().wake_due()
    (due,) = await desk.due()
    await desk.hear(due)
    assert left.asked[due.proposed_deal_id] == set(map(str, source.client.refs))


async def test_a_deal_of_a_pipeline_that_has_gone_is_made_where_stranded_deals_go(desk: Desk) -> None:
    """DEAL-15, PIPE-06: the template was moved between the date and the deal."""
    due = await a_due_date(desk)
    gone = due.template.model_copy(update={"pipeline_id": "partners"})
    await desk.hear(due.model_copy(update={"template": gone}))
    (deal,) = await desk.made()
    assert (deal.pipeline_id, deal.stage_id) == ("default", "NEW")
