"""From the topic to the reaction: nothing lost, nothing blocked, every failure with its reason."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaTimeoutError
from aiokafka.partitioner import DefaultPartitioner
from crm_contracts.client_answers import ElementCompanyRefused
from crm_contracts.envelope import Envelope
from crm_contracts.registry import parse
from crm_contracts.topics import dead_letters
from crm_contracts.values import ElementRef
from opentelemetry.trace import StatusCode

from shared.kit.domain import Cause, NotYet, Refused, Unavailable
from shared.kit.messaging import lag, subscribing
from shared.kit.messaging.answers import Answers
from shared.kit.messaging.batch_handling import BatchHandler
from shared.kit.messaging.handling import TRIES_IN_PLACE
from shared.kit.messaging.offsets import OffsetCommitter
from shared.kit.messaging.publishing import Publisher
from shared.kit.messaging.reactions import on
from shared.kit.messaging.subscribing import Subscription
from shared.kit.settings import KafkaSettings
from shared.kit.storage.repository_errors import Gone
from shared.kit.telemetry.tracing import Traces
from tests.deadlines import DEADLINE_S
from tests.kit.jars import NOON, because
from tests.kit.metrics import metric
from tests.kit.spans import CALLER, TRACEPARENT, Recorder, parent_of, said_of, traceparent_of
from tests.kit.topics import Headers, Record, Topics, text
from tests.kit.waiting import eventually

pytestmark = pytest.mark.real_kafka

SOONER_THAN_ITS_GRACE_S = 12.0
"""A subscription that stops gives its handlers 15 s."""


@pytest.fixture(autouse=True)
def measured_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no test waits for the lag to be looked at."""
    monkeypatch.setattr(lag, "EVERY_S", 0.1)
    monkeypatch.setattr(subscribing, "WATCH_S", 0.1)


Handle = Callable[[str, int], Awaitable[None]]
"""A reaction, as (key, number)."""


def envelope(key: str, number: int) -> Envelope[ElementCompanyRefused]:
    """Any event that the contracts know; the number says which one it is."""
    deal, company = ElementRef(type="deal", id=key), ElementRef(type="company", id="acme")
    return Envelope(
        id=f"{key}/{number}",
        source="/kit",
        subject=key,
        time=NOON,
        data=ElementCompanyRefused(element=deal, link_no=number, company=company, code="company_not_found"),
        correlation_id=f"chain of {key}",
        actor="user:ann",
    )


def wire(key: str, number: int) -> tuple[bytes, bytes, list[tuple[str, bytes | None]]]:
    """Key, value and headers of a record."""
    event = envelope(key, number)
    return key.encode(), event.body(), [(name, value.encode()) for name, value in event.headers().items()]


def without(headers: Headers, *names: str) -> list[tuple[str, bytes | None]]:
    return [header for header in headers if header[0] not in names]


class Listener:
    """A service that hears one topic."""

    def __init__(
        self,
        topic: str,
        settings: KafkaSettings,
        service: str,
        handle: Handle,
        *,
        traces: Traces | None = None,
        batch_handler: BatchHandler | None = None,
        give_up: Handle | None = None,
    ) -> None:
        self.handled: list[tuple[str, int]] = []
        self.causes: list[Cause] = []
        self._handle = handle
        self._give_up = give_up
        reactions = [on(ElementCompanyRefused, self._react, give_up=self._end_waiting if give_up else None)]
        self.subscription = Subscription(
            service,
            [topic],
            reactions,
            settings,
            parse=parse,
            clock=lambda: datetime.now(UTC),
            dead_letter_topic=dead_letters,
            batch_handler=batch_handler,
            traces=traces,
            kafka_answers=lambda: True,
        )

    async def _react(self, heard: Envelope[ElementCompanyRefused], cause: Cause) -> None:
        await self._handle(heard.subject, heard.data.link_no)
        self.handled.append((heard.subject, heard.data.link_no))
        self.causes.append(cause)

    async def _end_waiting(self, heard: Envelope[ElementCompanyRefused], cause: Cause) -> None:
        assert self._give_up is not None
        assert cause.key == f"{heard.id}/_react"
        await self._give_up(heard.subject, heard.data.link_no)

    async def has_handled(self, *expected: tuple[str, int]) -> None:
        async def is_so() -> bool:
            return set(expected) <= set(self.handled)

        await eventually(is_so, f"{expected} handled; {self.handled[:20]} so far")


class Stage:
    """One topic with its dead-letter topic, and the services that hear it."""

    def __init__(self, topics: Topics, topic: str, settings: KafkaSettings) -> None:
        self.topics, self.topic, self.settings = topics, topic, settings
        self.service = f"s{uuid4().hex[:8]}"
        self.listeners: list[Listener] = []

    @property
    def parked_in(self) -> str:
        return dead_letters(self.topic, self.service)

    async def make_dead_letters(self) -> None:
        await self.topics.make(self.parked_in, max_message_bytes=str(4 * 1024 * 1024))

    async def say(self, key: str, *numbers: int) -> None:
        for number in numbers:
            await self.topics.put(self.topic, *wire(key, number))

    async def listen(
        self,
        handle: Handle | None = None,
        *,
        traces: Traces | None = None,
        batch_handler: BatchHandler | None = None,
        give_up: Handle | None = None,
        **changes: object,
    ) -> Listener:
        async def nothing(key: str, number: int) -> None:
            pass

        settings = self.settings.model_copy(update=changes)
        listener = Listener(
            self.topic,
            settings,
            self.service,
            handle or nothing,
            traces=traces,
            batch_handler=batch_handler,
            give_up=give_up,
        )
        self.listeners.append(listener)
        await listener.subscription.start()
        return listener

    async def parked(self, count: int = 1) -> list[Record]:
        return await self.topics.read(self.parked_in, at_least=count)

    async def all_committed(self, count: int) -> None:
        async def is_so() -> bool:
            return await self.topics.committed(f"{self.service}.reactions", self.topic) == count

        await eventually(is_so, f"{count} records committed")


@pytest.fixture
async def stage(topics: Topics, kafka_settings: KafkaSettings) -> AsyncIterator[Stage]:
    stage = Stage(topics, await topics.make(), kafka_settings)
    await stage.make_dead_letters()
    yield stage
    for listener in stage.listeners:
        await listener.subscription.stop()


async def test_a_first_start_handles_what_was_there_before(stage: Stage) -> None:
    await stage.say("a", 1, 2)
    listener = await stage.listen()
    await listener.has_handled(("a", 1), ("a", 2))
    await stage.all_committed(2)


async def test_a_reaction_gets_the_cause_of_its_event(stage: Stage) -> None:
    await stage.say("a", 1)
    listener = await stage.listen()
    await listener.has_handled(("a", 1))
    (cause,) = listener.causes
    assert (cause.key, cause.causation_id, cause.correlation_id) == ("a/1/_react", "a/1", "chain of a")
    assert cause.actor == "user:ann"


async def test_nothing_is_committed_before_the_whole_batch_is_handled(stage: Stage) -> None:
    go_on, waiting = asyncio.Event(), asyncio.Event()

    async def handle(key: str, number: int) -> None:
        if key == "slow":
            waiting.set()
            await go_on.wait()

    await stage.say("quick", 1, 2)
    await stage.say("slow", 1)
    await stage.say("quick", 3)
    listener = await stage.listen(handle)
    await asyncio.wait_for(waiting.wait(), DEADLINE_S)
    await listener.has_handled(("quick", 1), ("quick", 2), ("quick", 3))
    assert await stage.topics.committed(f"{stage.service}.reactions", stage.topic) == 0
    go_on.set()
    await stage.all_committed(4)
    assert sorted(listener.handled) == [("quick", 1), ("quick", 2), ("quick", 3), ("slow", 1)]


async def test_one_key_is_handled_in_order_and_keys_side_by_side(stage: Stage) -> None:
    """`a1` ends only after `b2` and `c1` have begun, `a2` must not begin before `a1` has ended."""
    begun: dict[tuple[str, int], asyncio.Event] = defaultdict(asyncio.Event)

    async def handle(key: str, number: int) -> None:
        begun[key, number].set()
        if (key, number) == ("a", 1):
            await asyncio.wait_for(begun["b", 2].wait(), DEADLINE_S)
            await asyncio.wait_for(begun["c", 1].wait(), DEADLINE_S)
            assert not begun["a", 2].is_set()

    await stage.say("a", 1, 2)
    await stage.say("b", 1, 2)
    await stage.say("c", 1)
    listener = await stage.listen(handle)
    await stage.all_committed(5)
    assert [number for key, number in listener.handled if key == "a"] == [1, 2]
    assert [number for key, number in listener.handled if key == "b"] == [1, 2]


async def test_no_more_keys_are_handled_at_once_than_allowed(stage: Stage) -> None:
    running = most = 0

    async def handle(key: str, number: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    for n in range(10):
        await stage.say(f"k{n}", 1)
    await stage.listen(handle, parallel_keys=3)
    await stage.all_committed(10)
    assert most == 3


class Batches:
    """What handles a batch at once; it cannot do with one of the key `bad`."""

    def __init__(self) -> None:
        self.batches: list[list[tuple[str, int]]] = []

    async def __call__(self, events: Sequence[Envelope[Any]]) -> None:
        if any(event.subject == "bad" for event in events):
            raise LookupError
        self.batches.append([(event.subject, event.data.link_no) for event in events])


async def test_what_comes_together_is_handled_at_once(stage: Stage) -> None:
    together = Batches()
    await stage.say("a", 1, 2)
    await stage.say("b", 1)
    listener = await stage.listen(batch_handler=together)
    await stage.all_committed(3)
    assert sorted(event for batch in together.batches for event in batch) == [("a", 1), ("a", 2), ("b", 1)]
    assert listener.handled == []


@pytest.mark.parametrize("spoilt_by", ["a reaction", "a record"])
async def test_what_spoils_a_batch_is_parked_and_the_rest_is_handled_one_by_one(stage: Stage, spoilt_by: str) -> None:
    async def handle(key: str, number: int) -> None:
        if key == "bad":
            raise Refused

    together = Batches()
    key, value, headers = wire("bad", 1)
    await stage.say("a", 1)
    await stage.topics.put(stage.topic, key, value if spoilt_by == "a reaction" else b"{", headers)
    await stage.say("b", 1)
    listener = await stage.listen(handle, batch_handler=together)
    await stage.all_committed(3)
    assert [record.key for record in await stage.parked()] == [b"bad"]
    done = listener.handled + [event for batch in together.batches for event in batch]
    assert sorted(done) == [("a", 1), ("b", 1)]


async def test_a_batch_that_comes_again_until_its_database_is_back_is_handled_once_more_in_order(stage: Stage) -> None:
    calls = 0

    async def handle(key: str, number: int) -> None:
        raise Unavailable

    async def away_twice(_: Sequence[Envelope[Any]]) -> None:
        nonlocal calls
        calls += 1
        if calls <= 2:
            raise Unavailable

    await stage.say("a", 1, 2)
    await stage.listen(handle, batch_handler=away_twice, redelivery_pause_s=0.1)
    await stage.all_committed(2)
    assert calls >= 3


async def test_a_transient_error_is_retried_in_place(stage: Stage) -> None:
    tries = 0

    async def handle(key: str, number: int) -> None:
        nonlocal tries
        if key == "shaky":
            tries += 1
            if tries < 3:
                raise ConnectionError

    await stage.say("shaky", 1, 2)
    await stage.say("other", 1)
    listener = await stage.listen(handle)
    await stage.all_committed(3)
    assert tries == 4
    assert Counter(listener.handled) == {("shaky", 1): 1, ("shaky", 2): 1, ("other", 1): 1}


class NoSuchShelf(Refused):
    code = "no_such_shelf"


async def test_what_can_never_succeed_is_parked_unchanged_and_its_key_goes_on(stage: Stage) -> None:
    async def handle(key: str, number: int) -> None:
        if number == 2:
            raise NoSuchShelf("ä" * 2000)

    key, value, headers = wire("a", 2)
    headers = [*headers, ("null", None), ("binary", b"\xff\xfe"), ("traceparent", b"00-aa-bb-01")]
    await stage.say("a", 1)
    await stage.topics.put(stage.topic, key, value, headers)
    await stage.say("a", 3)
    listener = await stage.listen(handle)
    await stage.all_committed(3)

    assert listener.handled == [("a", 1), ("a", 3)]
    (parked,) = await stage.parked()
    assert (parked.key, parked.value) == (key, value)
    assert list(parked.headers[: len(headers)]) == headers
    assert text(parked, "dlt_original_topic") == stage.topic
    assert text(parked, "dlt_original_partition") == "0"
    assert text(parked, "dlt_original_offset") == "1"
    assert int(text(parked, "dlt_original_timestamp")) > 0
    assert text(parked, "dlt_consumer_group") == f"{stage.service}.reactions"
    assert text(parked, "dlt_exception") == "no_such_shelf"
    assert text(parked, "dlt_attempts") == "1"
    assert datetime.fromisoformat(text(parked, "dlt_failed_at")).utcoffset() is not None
    reason = next(value for name, value in parked.headers if name == "dlt_message")
    assert reason is not None
    assert 1000 < len(reason) <= 1024


async def test_a_bug_is_parked_with_its_name(stage: Stage) -> None:
    async def handle(key: str, number: int) -> None:
        raise RuntimeError("\udc80")  # not even the message can be encoded

    await stage.say("a", 1)
    await stage.listen(handle)
    await stage.all_committed(1)
    (parked,) = await stage.parked()
    assert text(parked, "dlt_exception") == "RuntimeError"
    assert text(parked, "dlt_attempts") == "1"


KEY, VALUE, HEADERS = wire("a", 2)
MALFORMED: dict[str, tuple[bytes | None, bytes | None, Headers]] = {
    "not json": (KEY, b"\xff{", HEADERS),
    "null value": (KEY, None, HEADERS),
    "null key": (None, b"{}", HEADERS),
    "nothing at all": (None, None, []),
    "no field": (KEY, b"{}", HEADERS),
    "no type": (KEY, VALUE, without(HEADERS, "ce_type")),
    "null type": (KEY, VALUE, [*without(HEADERS, "ce_type"), ("ce_type", None)]),
    "type not utf-8": (KEY, VALUE, [*without(HEADERS, "ce_type"), ("ce_type", b"\xff")]),
    "no id": (KEY, VALUE, without(HEADERS, "ce_id")),
    "null correlation": (KEY, VALUE, [*without(HEADERS, "ce_correlationid"), ("ce_correlationid", None)]),
    "no time": (KEY, VALUE, [*without(HEADERS, "ce_time"), ("ce_time", b"yesterday")]),
    "another version": (KEY, VALUE, [*without(HEADERS, "ce_specversion"), ("ce_specversion", b"2.0")]),
    "no headers": (KEY, VALUE, []),
}


async def test_what_cannot_be_read_is_parked_and_the_rest_goes_on(stage: Stage) -> None:
    await stage.say("a", 1)
    for key, value, headers in MALFORMED.values():
        await stage.topics.put(stage.topic, key, value, headers)
    await stage.say("a", 3)
    listener = await stage.listen()
    await listener.has_handled(("a", 1), ("a", 3))
    await stage.all_committed(len(MALFORMED) + 2)
    assert listener.handled == [("a", 1), ("a", 3)]

    parked = {int(text(record, "dlt_original_offset")): record for record in await stage.parked(len(MALFORMED))}
    for offset, (name, (key, value, headers)) in enumerate(MALFORMED.items(), 1):
        kept = b"" if key is None and value is None else value  # the client sends no record without both
        assert (parked[offset].key, parked[offset].value) == (key, kept), name
        assert list(parked[offset].headers[: len(headers)]) == list(headers), name
        assert text(parked[offset], "dlt_exception") == "MalformedEvent", name


async def test_the_log_line_of_a_parked_record_says_what_it_was_and_quotes_nothing_else(stage: Stage) -> None:
    """What a bad record has in its headers may be anything, a name among it."""
    ids = {name: str(uuid4()) for name in ("ce_id", "ce_correlationid")}
    found = [(name, value) for name, value in HEADERS if name not in ids]
    await stage.topics.put(stage.topic, KEY, b"{", [*found, *((name, id_.encode()) for name, id_ in ids.items())])
    personal = [("ce_id", b"Quendoline"), ("ce_correlationid", b"+49 30 901820")]
    await stage.topics.put(stage.topic, b"Zwirbelthal", b"{", personal)
    with structlog.testing.capture_logs() as lines:
        await stage.listen()
        await stage.all_committed(2)
    known, unknown = (line for line in lines if line["event"] == "record parked")
    assert (known["type"], known["event_id"], known["correlation_id"]) == (
        (dict(HEADERS)["ce_type"] or b"").decode(),
        ids["ce_id"],
        ids["ce_correlationid"],
    )
    assert unknown.keys() & {"type", "event_id", "correlation_id"} == set()


async def test_a_version_that_is_not_known_here_holds_up_nothing_and_is_not_parked(stage: Stage) -> None:
    """ADR 0016: the same fact is published in the version that this reader knows, too."""
    key, value, headers = wire("a", 1)
    newer = [*without(headers, "ce_type"), ("ce_type", ElementCompanyRefused.ce_type.replace(".v1", ".v2").encode())]
    await stage.topics.put(stage.topic, key, value, newer)
    await stage.say("a", 1)
    listener = await stage.listen()
    await stage.all_committed(2)
    assert listener.handled == [("a", 1)]
    assert metric("crm_reaction_unknown_total", topic=stage.topic) == 1
    assert await stage.parked(0) == []


async def test_unexpected_headers_do_no_harm(stage: Stage) -> None:
    key, value, headers = wire("a", 1)
    odd: Headers = [("null", None), ("binary", b"\xff"), ("reply_to", b"elsewhere"), ("content-encoding", b"\xfe")]
    await stage.topics.put(stage.topic, key, value, [*odd, *headers])
    listener = await stage.listen()
    await listener.has_handled(("a", 1))
    await stage.all_committed(1)


async def test_an_unknown_type_is_passed_over_and_counted(stage: Stage) -> None:
    key, _, headers = wire("a", 1)
    unknown = [*without(headers, "ce_type"), ("ce_type", b"crm.something.new.v7")]
    await stage.topics.put(stage.topic, key, b"whatever", unknown)
    await stage.say("a", 2)
    listener = await stage.listen()
    await stage.all_committed(2)
    assert listener.handled == [("a", 2)]
    assert metric("crm_reaction_unknown_total", topic=stage.topic) == 1


async def test_what_is_still_to_be_handled_is_the_lag_the_batch_in_hand_included(stage: Stage) -> None:
    go_on = asyncio.Event()

    async def handle(key: str, number: int) -> None:
        if number == 2:
            await go_on.wait()

    async def lag_is(records: float | None) -> None:
        async def is_so() -> bool:
            return metric("crm_consumer_lag_records", topic=stage.topic) == records

        await eventually(is_so, f"{records} behind")

    await stage.say("a", 1)
    listener = await stage.listen(handle)
    await lag_is(0)
    await stage.say("a", 2)
    await lag_is(1)
    await stage.say("a", 3, 4, 5)
    await lag_is(4)
    go_on.set()
    await lag_is(0)
    await listener.subscription.stop()
    await lag_is(None)


async def put_traced(stage: Stage, number: int, traceparent: str) -> None:
    key, value, headers = wire("a", number)
    await stage.topics.put(stage.topic, key, value, [*headers, ("traceparent", traceparent.encode())])


PROCESS = "process crm.element.company_refused.v1"


async def test_a_reaction_goes_on_with_the_trace_of_its_event(stage: Stage) -> None:
    recorder = Recorder()
    tries = 0

    async def handle(key: str, number: int) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise ConnectionError("Erna")

    await put_traced(stage, 1, TRACEPARENT)
    listener = await stage.listen(handle, traces=recorder.traces)
    await stage.all_committed(1)
    span = recorder.span(PROCESS)
    assert parent_of(span) == CALLER
    assert [cause.traceparent for cause in listener.causes] == [traceparent_of(span)]
    assert span.attributes == {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": stage.topic,
        "messaging.destination.partition.id": "0",
        "messaging.kafka.offset": 0,
        "messaging.consumer.group.name": f"{stage.service}.reactions",
        "cloudevents.event_id": "a/1",
        "cloudevents.event_type": "crm.element.company_refused.v1",
        "crm.correlation_id": "chain of a",
        "crm.outcome": "done",
    }
    (retry,) = span.events
    assert (retry.name, retry.attributes) == ("retry", {"error.type": "ConnectionError", "crm.attempt": 1})
    assert "Erna" not in said_of(span)


async def test_without_an_exporter_the_trace_of_an_event_goes_on_as_it_came(stage: Stage) -> None:
    await put_traced(stage, 1, TRACEPARENT)
    await put_traced(stage, 2, "rubbish")
    await stage.say("a", 3)
    listener = await stage.listen()
    await stage.all_committed(3)
    assert [cause.traceparent for cause in listener.causes] == [TRACEPARENT, None, None]


async def test_what_was_parked_is_recorded_by_its_code_and_replayed_in_its_trace(stage: Stage) -> None:
    parking, replaying = Recorder(), Recorder()
    is_full = True

    async def handle(key: str, number: int) -> None:
        if is_full:
            raise NoSuchShelf("Erna")

    await put_traced(stage, 1, TRACEPARENT)
    await stage.listen(handle, traces=parking.traces)
    await stage.all_committed(1)
    span = parking.span(PROCESS)
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert (span.attributes["error.type"], span.attributes["crm.outcome"]) == ("no_such_shelf", "parked")
    assert "Erna" not in said_of(span)
    assert span.events == ()

    is_full = False
    (parked,) = await stage.parked()
    again = Listener(stage.topic, stage.settings, stage.service, handle, traces=replaying.traces)
    assert (await again.subscription.handle_again(parked)).outcome == "done"
    span = replaying.span(PROCESS)
    assert (parent_of(span), again.causes[0].traceparent) == (CALLER, traceparent_of(span))


async def test_what_may_be_counted_is_there_before_it_happens(stage: Stage) -> None:
    await stage.listen()
    assert metric("crm_reaction_unknown_total", topic=stage.topic) == 0
    assert metric("crm_reaction_parked_total", topic=stage.topic, reason="MalformedEvent") == 0
    type_ = ElementCompanyRefused.ce_type
    assert metric("crm_reaction_retries_total", type=type_) is not None
    assert metric("crm_reaction_duration_seconds_count", type=type_, outcome="done") is not None


async def test_a_known_event_without_a_reaction_is_done(stage: Stage) -> None:
    key, value, headers = wire("a", 1)
    other = [*without(headers, "ce_type"), ("ce_type", b"crm.element.contacts_resolved.v1")]
    await stage.topics.put(stage.topic, key, value, other)
    listener = await stage.listen()
    await stage.all_committed(1)
    assert listener.handled == []


async def test_a_record_near_the_limit_of_its_topic_can_be_parked(topics: Topics, stage: Stage) -> None:
    await topics.alter(stage.topic, max_message_bytes=str(2 * 1024 * 1024))
    key, _, headers = wire("a", 1)
    value = b"x" * (2 * 1024 * 1024 - 1000)
    await topics.put(stage.topic, key, value, headers)
    await stage.say("a", 2)
    listener = await stage.listen()
    await stage.all_committed(2)
    assert listener.handled == [("a", 2)]
    (parked,) = await stage.parked()
    assert parked.value == value


@pytest.mark.parametrize("size", [4 * 1024 * 1024 - 500, 5 * 1024 * 1024], ids=["broker refuses", "client refuses"])
async def test_what_does_not_fit_anywhere_is_parked_as_headers_and_coordinates(
    topics: Topics, stage: Stage, size: int
) -> None:
    await topics.alter(stage.topic, max_message_bytes=str(6 * 1024 * 1024))
    key, _, headers = wire("a", 1)
    await topics.put(stage.topic, key, b"x" * size, headers)
    await stage.say("a", 2)
    listener = await stage.listen()
    await stage.all_committed(2)
    assert listener.handled == [("a", 2)]
    (parked,) = await stage.parked()
    assert (parked.key, parked.value) == (key, None)
    assert text(parked, "ce_id") == "a/1"
    assert text(parked, "dlt_truncated") == "true"
    assert text(parked, "dlt_original_offset") == "0"


async def test_what_does_not_fit_holds_up_nothing_that_is_parked_beside_it(topics: Topics, stage: Stage) -> None:
    await topics.alter(stage.topic, max_message_bytes=str(6 * 1024 * 1024))
    _, _, headers = wire("a", 1)
    for n in range(20):
        value = b"x" * (4 * 1024 * 1024 - 500) if n == 3 else b"unreadable"
        await topics.put(stage.topic, f"k{n}".encode(), value, headers)
    await stage.listen(fetch_max_wait_ms=500)
    await stage.all_committed(20)
    assert {record.key for record in await stage.parked(20)} == {f"k{n}".encode() for n in range(20)}


async def test_headers_that_do_not_fit_leave_the_coordinates(topics: Topics, stage: Stage) -> None:
    await topics.alter(stage.topic, max_message_bytes=str(6 * 1024 * 1024))
    _, value, headers = wire("a", 1)
    await topics.put(stage.topic, None, value, [*without(headers, "ce_id"), ("huge", b"x" * 5 * 1024 * 1024)])
    await stage.listen()
    await stage.all_committed(1)
    (parked,) = await stage.parked()
    assert text(parked, "dlt_original_offset") == "0"
    assert text(parked, "dlt_truncated") == "true"


async def test_what_cannot_be_parked_is_delivered_again_until_it_can(
    topics: Topics, kafka_settings: KafkaSettings
) -> None:
    stage = Stage(topics, await topics.make(), kafka_settings)  # its dead-letter topic is missing
    tries = Counter[tuple[str, int]]()

    async def handle(key: str, number: int) -> None:
        tries[key, number] += 1
        if number == 1:
            raise NoSuchShelf

    await stage.say("a", 1, 2)
    listener = await stage.listen(handle)

    async def was_delivered_again() -> bool:
        return tries["a", 1] >= 2

    await eventually(was_delivered_again, "the batch came again")
    assert tries["a", 2] == 0
    assert await topics.committed(f"{stage.service}.reactions", stage.topic) == 0

    await stage.make_dead_letters()
    await listener.has_handled(("a", 2))
    await stage.all_committed(2)
    assert text((await stage.parked())[0], "dlt_original_offset") == "0"
    await listener.subscription.stop()


async def test_a_dependency_that_is_down_parks_nothing_and_loses_nothing(stage: Stage) -> None:
    tries = 0

    async def handle(key: str, number: int) -> None:
        nonlocal tries
        if (key, number) == ("b", 1):
            tries += 1
            if tries <= 2 * TRIES_IN_PLACE:
                raise Unavailable("the printer is away")

    await stage.say("a", 1)
    await stage.say("b", 1, 2)
    listener = await stage.listen(handle)
    await stage.all_committed(3)
    assert tries == 2 * TRIES_IN_PLACE + 1
    assert [number for key, number in listener.handled if key == "b"] == [1, 2]
    assert Counter(listener.handled)["a", 1] == 3  # with the batch
    assert await stage.parked(0) == []


async def test_what_never_comes_about_is_parked_in_the_end(stage: Stage) -> None:
    async def handle(key: str, number: int) -> None:
        if number == 1:
            raise NotYet("the lid is being made")

    await stage.say("a", 1, 2)
    listener = await stage.listen(handle, redeliveries_while_waiting=2)
    await stage.all_committed(2)
    assert listener.handled == [("a", 2)]
    (parked,) = await stage.parked()
    assert text(parked, "dlt_exception") == "not_yet"


async def test_what_is_gone_needs_nothing_done(stage: Stage) -> None:
    async def handle(key: str, number: int) -> None:
        if number == 1:
            raise Gone("the jar has been thrown away")

    await stage.say("a", 1, 2)
    listener = await stage.listen(handle)
    await stage.all_committed(2)
    assert listener.handled == [("a", 2)]
    assert await stage.parked(0) == []


@dataclass
class Unwilling:
    """A consumer whose first commit ends in an error; the next ones are the real one's."""

    inner: AIOKafkaConsumer
    error: Exception
    commits: int = 0

    def assignment(self) -> AbstractSet[TopicPartition]:
        mine: AbstractSet[TopicPartition] = self.inner.assignment()
        return mine

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.commits += 1
        if self.commits == 1:
            raise self.error
        await self.inner.commit(offsets)


async def test_what_could_not_be_committed_at_first_is_committed_in_the_end(topics: Topics, stage: Stage) -> None:
    """Kafka was away just then, and nothing more comes on this partition."""
    listener = await stage.listen()
    await stage.say("a", 1)
    await stage.all_committed(1)
    records = await topics.read(stage.topic, at_least=1)
    unwilling = Unwilling(listener.subscription._consumer(), KafkaTimeoutError())
    progress = OffsetCommitter()
    progress.done(unwilling, records)
    await progress.commit()
    await progress.commit()
    await progress.commit()
    assert unwilling.commits == 2


async def test_what_the_group_refuses_is_not_committed_again(topics: Topics, stage: Stage) -> None:
    """It rebalances, and the records come again; who insists makes two replicas rebalance for ever."""
    listener = await stage.listen()
    await stage.say("a", 1)
    await stage.all_committed(1)
    records = await topics.read(stage.topic, at_least=1)
    unwilling = Unwilling(listener.subscription._consumer(), CommitFailedError())
    progress = OffsetCommitter()
    progress.done(unwilling, records)
    await progress.commit()
    await progress.commit()
    assert unwilling.commits == 1


async def test_a_crash_before_the_commit_delivers_again(stage: Stage) -> None:
    stuck = asyncio.Event()

    async def hang(key: str, number: int) -> None:
        if key == "b":
            stuck.set()
            await asyncio.Event().wait()

    await stage.say("a", 1)
    await stage.say("b", 1)
    first = await stage.listen(hang)
    await asyncio.wait_for(stuck.wait(), DEADLINE_S)
    await first.has_handled(("a", 1))
    await crash(first)

    second = await stage.listen()
    await second.has_handled(("a", 1), ("b", 1))
    await stage.all_committed(2)


async def crash(listener: Listener) -> None:
    """Leave the group at once, with whatever is running."""
    for subscriber in listener.subscription.broker.subscribers:
        for task in subscriber.tasks:  # type: ignore[attr-defined]
            task.cancel()
        await subscriber.consumer.stop()  # type: ignore[attr-defined]


async def test_stopping_waits_for_the_batch_that_is_being_handled(stage: Stage) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handle(key: str, number: int) -> None:
        begun.set()
        await go_on.wait()

    await stage.say("a", 1)
    listener = await stage.listen(handle)
    await asyncio.wait_for(begun.wait(), DEADLINE_S)
    stopping = asyncio.create_task(listener.subscription.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    go_on.set()
    await asyncio.wait_for(stopping, DEADLINE_S)
    assert listener.handled == [("a", 1)]
    await stage.all_committed(1)


async def test_stopping_does_not_wait_for_the_pause_before_a_redelivery(stage: Stage) -> None:
    failed = asyncio.Event()

    async def handle(key: str, number: int) -> None:
        failed.set()
        raise NotYet

    await stage.say("a", 1)
    listener = await stage.listen(handle, redelivery_pause_s=60.0, redelivery_pause_max_s=60.0)
    await asyncio.wait_for(failed.wait(), DEADLINE_S)
    await asyncio.wait_for(listener.subscription.stop(), SOONER_THAN_ITS_GRACE_S)
    assert await stage.topics.committed(f"{stage.service}.reactions", stage.topic) == 0


async def test_a_consumer_that_reads_nothing_while_there_is_something_is_started_anew(stage: Stage) -> None:
    """It is in its group and fetches nothing, as one did after a death of Kafka."""
    listener = await stage.listen(standstill_s=1.0)
    await stage.say("a", 1)
    await listener.has_handled(("a", 1))
    stood_still = metric("crm_consumer_standstills_total") or 0
    consumer = listener.subscription._consumer()
    consumer.pause(*consumer.assignment())
    await stage.say("a", 2)
    await stage.say("b", 1)
    await listener.has_handled(("a", 2), ("b", 1))
    await stage.all_committed(3)
    assert metric("crm_consumer_standstills_total") == stood_still + 1


async def test_a_consumer_that_does_not_know_where_it_is_is_started_anew(stage: Stage) -> None:
    """Its coordinator died before it had asked for the offsets of what it was to read."""
    listener = await stage.listen(standstill_s=1.0)
    await stage.say("a", 1)
    await listener.has_handled(("a", 1))
    stood_still = metric("crm_consumer_standstills_total") or 0
    consumer = listener.subscription._consumer()

    async def never(partition: TopicPartition) -> int:
        return await asyncio.Future[int]()

    consumer.position = never
    consumer.pause(*consumer.assignment())
    await stage.say("a", 2)
    await listener.has_handled(("a", 2))
    assert metric("crm_consumer_standstills_total") == stood_still + 1


async def test_a_partition_that_alone_is_not_read_has_the_consumer_started_anew(
    topics: Topics, kafka_settings: KafkaSettings
) -> None:
    """While the other one is read all the time."""
    stage = Stage(topics, await topics.make(partitions=2), kafka_settings)
    await stage.make_dead_letters()
    listener = await stage.listen(standstill_s=1.0)
    await stage.say("a", 1)
    await stage.say("d", 0)
    await listener.has_handled(("a", 1), ("d", 0))
    stood_still = metric("crm_consumer_standstills_total") or 0
    consumer = listener.subscription._consumer()
    left, read = (DefaultPartitioner()(key, [0, 1], [0, 1]) for key in (b"a", b"d"))
    assert left != read
    consumer.pause(TopicPartition(stage.topic, left))
    await stage.say("a", 2)

    async def is_handled() -> bool:
        await stage.say("d", len(listener.handled))
        return ("a", 2) in listener.handled

    await eventually(is_handled, "what the partition had was handled")
    assert metric("crm_consumer_standstills_total") == stood_still + 1
    await listener.subscription.stop()


async def test_a_consumer_that_can_ask_nothing_although_kafka_answers_is_started_anew(stage: Stage) -> None:
    """Its connection is of no use, and it would not even see that there is something to read."""
    listener = await stage.listen(standstill_s=1.0)
    await stage.say("a", 1)
    await listener.has_handled(("a", 1))
    stood_still = metric("crm_consumer_standstills_total") or 0
    consumer = listener.subscription._consumer()

    async def refuse(places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        raise KafkaTimeoutError

    consumer.end_offsets = refuse
    consumer.pause(*consumer.assignment())
    await stage.say("a", 2)
    await listener.has_handled(("a", 2))
    assert metric("crm_consumer_standstills_total") == stood_still + 1


async def test_a_consumer_whose_part_in_the_group_ended_is_started_anew(stage: Stage) -> None:
    """An error that aiokafka does not expect ends it, and it has no partitions then that it could fail to read."""
    listener = await stage.listen()
    await stage.say("a", 1)
    await listener.has_handled(("a", 1))
    stood_still = metric("crm_consumer_standstills_total") or 0
    consumer = listener.subscription._consumer()
    consumer._coordinator._coordination_task.cancel()
    consumer.assignment = frozenset
    await stage.say("a", 2)
    await listener.has_handled(("a", 2))
    assert metric("crm_consumer_standstills_total") == stood_still + 1


async def test_a_consumer_whose_reaction_takes_long_does_not_stand_still(stage: Stage) -> None:
    go_on = asyncio.Event()

    async def handle(key: str, number: int) -> None:
        await go_on.wait()

    await stage.say("a", 1)
    stood_still = metric("crm_consumer_standstills_total") or 0
    listener = await stage.listen(handle, standstill_s=0.1)
    lag = listener.subscription._lag

    async def is_measured() -> bool:
        return (metric("crm_consumer_lag_records", topic=stage.topic) or 0) > 0 and bool(lag._reached)

    await eventually(is_measured, "the lag is seen")
    for _ in range(2):
        await lag.measure()
    assert lag.standstill_s == 0
    go_on.set()
    await listener.has_handled(("a", 1))
    assert metric("crm_consumer_standstills_total") == stood_still


async def test_a_second_member_takes_its_share_and_nothing_is_lost(
    topics: Topics, kafka_settings: KafkaSettings
) -> None:
    stage = Stage(topics, await topics.make(partitions=4), kafka_settings)
    await stage.make_dead_letters()
    sent: list[tuple[str, int]] = []

    async def handle(key: str, number: int) -> None:
        await asyncio.sleep(0.001)

    async def say(rounds: Sequence[int]) -> None:
        for number in rounds:
            for key in range(16):
                await stage.say(f"k{key}", number)
                sent.append((f"k{key}", number))

    first = await stage.listen(handle, max_batch=10)
    await say(range(10))
    joining = asyncio.create_task(stage.listen(handle, max_batch=10))
    await say(range(10, 40))
    second = await joining

    async def has_its_share() -> bool:
        await say([len(sent)])
        return bool(second.handled)

    await eventually(has_its_share, "the second member got something")
    await second.subscription.stop()
    await say([len(sent)])
    await first.has_handled(sent[-1])
    await stage.all_committed(len(sent))
    assert set(first.handled) | set(second.handled) == set(sent)
    await first.subscription.stop()


async def test_an_answer_given_twice_has_one_id(topics: Topics, stage: Stage, kafka_settings: KafkaSettings) -> None:
    """By two processes; one process gives it once, however often the question is delivered."""
    publisher = Publisher(kafka_settings)
    first_process, second_process = (Answers(publisher, topic=stage.topic, source="/kit") for _ in range(2))
    for answers, key in (
        *((first_process, "question") for _ in range(100)),
        (second_process, "question"),
        (first_process, "another question"),
    ):
        await answers.give(envelope("a", 1).data, subject="a", cause=because(key))
    await publisher.stop(1.0)
    first, second, third = await topics.read(stage.topic, at_least=3)
    assert text(first, "ce_id") == text(second, "ce_id") != text(third, "ce_id")
    assert "ce_sequence" not in dict(first.headers)
    assert first.key == b"a"
    assert parse(first.headers, first.value) is not None
