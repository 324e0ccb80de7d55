"""Several reactions to one event: each runs, each under a cause of its own."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from crm_contracts.client_answers import ElementCompanyRefused
from crm_contracts.envelope import Envelope, Event

from shared.kit.domain import Cause, NotYet, Refused, Unavailable
from shared.kit.messaging.handling import EventHandler
from shared.kit.messaging.reactions import by_event, on
from shared.kit.storage.repository_errors import Gone
from shared.kit.testing import MemoryRepository
from tests.kit.jars import Jar, because
from tests.kit.test_subscription import envelope

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def a_handler(*reactions: object) -> EventHandler:
    return EventHandler(list(reactions), clock=lambda: NOON)  # type: ignore[arg-type]


async def test_two_reactions_to_one_event_may_change_one_document() -> None:
    jars = MemoryRepository(Jar, source="/crm/jars", new_id=iter("abcdefgh").__next__)
    await jars.add(Jar(id="a"), because("create"))

    async def fill_it(_: Envelope[Event], cause: Cause) -> None:
        await jars.change("a", lambda jar: jar.fill(1), cause)

    async def top_it_up(_: Envelope[Event], cause: Cause) -> None:
        await jars.change("a", lambda jar: jar.fill(2), cause)

    handler = a_handler(on(ElementCompanyRefused, fill_it), on(ElementCompanyRefused, top_it_up))
    for _ in range(2):  # redelivered, it changes nothing more
        assert (await handler.handle(envelope("a", 1))).outcome == "done"
    assert (await jars.get("a")).amount == 3


async def test_each_reaction_gets_a_cause_of_its_own_from_the_same_event() -> None:
    causes: list[Cause] = []

    async def first(_: Envelope[Event], cause: Cause) -> None:
        causes.append(cause)

    async def second(_: Envelope[Event], cause: Cause) -> None:
        causes.append(cause)

    event = replace(envelope("a", 1), actor_roles=("sales",))
    await a_handler(on(ElementCompanyRefused, first), on(ElementCompanyRefused, second)).handle(event)
    assert [cause.key for cause in causes] == [f"{event.id}/first", f"{event.id}/second"]
    assert {cause.causation_id for cause in causes} == {event.id}
    assert {cause.roles for cause in causes} == {("sales",)}


@pytest.mark.parametrize("error", [Refused("never"), NotYet("later")], ids=["for ever", "for now"])
async def test_a_reaction_that_fails_stops_no_other(error: Exception) -> None:
    ran: list[str] = []

    async def fails(_: Envelope[Event], __: Cause) -> None:
        raise error

    async def runs(_: Envelope[Event], __: Cause) -> None:
        ran.append("runs")

    handler = a_handler(on(ElementCompanyRefused, fails), on(ElementCompanyRefused, runs))
    result = await handler.handle(envelope("a", 1))
    assert (result.outcome, result.error, ran) == ("failed", error, ["runs"])


async def test_a_failure_that_may_pass_counts_before_one_that_cannot() -> None:
    """Otherwise the event would be parked, and the reaction that only had to wait would never run."""

    async def never(_: Envelope[Event], __: Cause) -> None:
        raise Refused("never")

    async def later(_: Envelope[Event], __: Cause) -> None:
        raise NotYet("later")

    result = await a_handler(on(ElementCompanyRefused, never), on(ElementCompanyRefused, later)).handle(
        envelope("a", 1)
    )
    assert isinstance(result.error, NotYet)


@pytest.mark.parametrize("first", ["not yet", "away"])
async def test_waiting_for_another_process_counts_after_what_passes_by_itself(first: str) -> None:
    """`NotYet` is parked after many times: not while the other reaction never got through."""

    async def not_yet(_: Envelope[Event], __: Cause) -> None:
        raise NotYet("later")

    async def away(_: Envelope[Event], __: Cause) -> None:
        raise Unavailable("away")

    reactions = [on(ElementCompanyRefused, not_yet), on(ElementCompanyRefused, away)]
    handler = a_handler(*(reactions if first == "not yet" else reversed(reactions)))
    error = (await handler.handle(envelope("a", 1))).error
    assert isinstance(error, Unavailable)
    assert not isinstance(error, NotYet)


async def test_an_event_is_gone_only_where_it_is_so_for_all_reactions() -> None:
    async def gone(_: Envelope[Event], __: Cause) -> None:
        raise Gone("deleted")

    async def done(_: Envelope[Event], __: Cause) -> None:
        pass

    event = envelope("a", 1)
    assert (
        await a_handler(on(ElementCompanyRefused, gone), on(ElementCompanyRefused, done)).handle(event)
    ).outcome == "done"
    assert (await a_handler(on(ElementCompanyRefused, gone)).handle(event)).outcome == "gone"
    assert (await a_handler().handle(event)).outcome == "passed_over"


def test_two_reactions_of_one_name_to_one_event_are_refused_at_start() -> None:
    """They would share a cause, and the second would be taken for a repeat of the first."""

    async def react(_: Envelope[Event], __: Cause) -> None: ...

    with pytest.raises(ValueError, match="two reactions to ElementCompanyRefused are called react"):
        by_event([on(ElementCompanyRefused, react), on(ElementCompanyRefused, react)])
