"""A service process: started and stopped in the right order, and ready whenever it can take writes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from crm_contracts.client_answers import ElementCompanyRefused
from crm_contracts.envelope import Envelope
from crm_contracts.registry import parse
from crm_contracts.topics import dead_letters
from fastapi import FastAPI
from pydantic import SecretStr

from deploy.local.kafka import Kafka
from deploy.local.mongo import Mongo, start_mongo
from deploy.local.ports import free_port
from shared.kit.domain import Cause, Unavailable
from shared.kit.messaging.publishing import Publisher
from shared.kit.messaging.reactions import on
from shared.kit.service.service import Contracts, Service
from shared.kit.settings import KafkaSettings, MongoSettings, ServiceSettings
from shared.kit.storage.mongo_repository import MongoRepository
from tests.collector import Collector, collecting
from tests.kit.jars import Jar, because, filled_jar
from tests.kit.metrics import metric
from tests.kit.test_subscription import wire
from tests.kit.tokens import Signer
from tests.kit.topics import Topics
from tests.kit.waiting import eventually
from tests.stack import DropLater


class Running:
    """A jars service, as its composition root would assemble it."""

    def __init__(self, service: Service, *, subscribes: bool) -> None:
        self.service = service
        self.jars: MongoRepository[Jar] = service.repository(Jar, "jars")
        self.heard: list[int] = []
        self.failure: Exception | None = None
        if subscribes:
            service.subscribe([service.topic], [on(ElementCompanyRefused, self._on_refused)])
        self.app: FastAPI = service.app(description="Jars")
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://jars")

    async def _on_refused(self, event: Envelope[ElementCompanyRefused], _: Cause) -> None:
        if self.failure is not None:
            raise self.failure
        self.heard.append(event.data.link_no)

    async def readiness(self) -> tuple[int, dict[str, Any]]:
        answer = await self.client.get("/health/ready")
        return answer.status_code, answer.json()

    async def becomes(self, status: str, **parts: str) -> None:
        async def is_so() -> bool:
            _, found = await self.readiness()
            return {"status": status, **parts}.items() <= found.items()

        await eventually(is_so, f"the service is {status} {parts or ''}")


Assemble = Callable[..., Running]


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path / "jwks.json")


@pytest.fixture
async def topic(topics: Topics) -> str:
    topic = await topics.make()
    await topics.make(dead_letters(topic, "jars"))
    return topic


@pytest.fixture
async def assemble(
    signer: Signer, mongo: Mongo, kafka_settings: KafkaSettings, topic: str, drop_later: DropLater
) -> AsyncIterator[Assemble]:
    made: list[Running] = []
    prefix = f"kit_{uuid4().hex[:8]}_"

    def build(
        *,
        mongo_url: str | None = None,
        bootstrap_servers: str | None = None,
        server_selection_timeout_ms: int = 300,
        subscribes: bool = True,
        kafka_changes: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> Running:
        service = Service(
            "jars",
            topic,
            Contracts(parse, dead_letters, ()),
            ServiceSettings(database_prefix=prefix, jwks_file=signer.jwks_file, sweep_interval_s=0.05, **changes),
            kafka=kafka_settings.model_copy(
                update={
                    "bootstrap_servers": bootstrap_servers or kafka_settings.bootstrap_servers,
                    **(kafka_changes or {}),
                }
            ),
            mongo=MongoSettings(
                url=SecretStr(mongo_url or mongo.url), server_selection_timeout_ms=server_selection_timeout_ms
            ),
        )
        made.append(Running(service, subscribes=subscribes))
        return made[-1]

    yield build
    for running in made:
        await running.client.aclose()
        running.service.database.close()
    drop_later(f"{prefix}jars")


def unused_address() -> str:
    """An address where nothing answers."""
    return f"127.0.0.1:{free_port()}"


async def test_a_service_hears_says_and_is_ready(assemble: Assemble, topics: Topics, topic: str) -> None:
    await topics.put(topic, *wire("a", 7))
    running = assemble()
    async with running.app.router.lifespan_context(running.app):
        await running.becomes("ok")
        assert await running.readiness() == (
            200,
            {"status": "ok", "database": "ok", "kafka": "ok", "backlog": "ok", "consumer": "ok", "views": "ok"},
        )
        assert (await running.client.get("/health/live")).json() == {"status": "ok"}

        async def has_heard() -> bool:
            return running.heard == [7]

        await eventually(has_heard, "the event was heard")
        await running.jars.add(filled_jar("j1"), because("create"))
        await topics.read(topic, at_least=2)


async def test_while_kafka_is_away_the_service_takes_writes_and_is_degraded(assemble: Assemble) -> None:
    running = assemble(bootstrap_servers=unused_address())
    async with running.app.router.lifespan_context(running.app):
        await running.jars.add(filled_jar("j1"), because("create"))
        status, parts = await running.readiness()
        assert (status, parts["status"], parts["kafka"]) == (200, "degraded", "degraded")


@pytest.mark.real_kafka
async def test_a_service_that_started_without_kafka_hears_and_says_once_it_is_there(
    assemble: Assemble, kafka: Kafka, topics: Topics, topic: str
) -> None:
    await topics.put(topic, *wire("a", 7))
    running = assemble(sweep_grace_s=0.2)
    async with AsyncExitStack() as life:
        kafka.kill()
        try:
            await life.enter_async_context(running.app.router.lifespan_context(running.app))
            await running.becomes("degraded")
            await running.jars.add(filled_jar("j1"), because("create"))
        finally:
            await asyncio.to_thread(kafka.restart)
        await running.becomes("ok")
        await topics.read(topic, at_least=2)

        async def has_heard() -> bool:
            return running.heard == [7]

        await eventually(has_heard, "the event was heard")


@pytest.mark.real_kafka
async def test_a_service_that_has_nothing_to_say_sees_that_kafka_is_back(assemble: Assemble, kafka: Kafka) -> None:
    """What it could not say is another replica's by now."""
    running = assemble(sweep_grace_s=3600.0)
    async with running.app.router.lifespan_context(running.app):
        await running.becomes("ok")
        await asyncio.to_thread(kafka.kill)
        try:
            await running.jars.add(filled_jar("j1"), because("create"))
            await running.becomes("degraded")
        finally:
            await asyncio.to_thread(kafka.restart)
        await running.becomes("ok")


@pytest.mark.real_kafka
@pytest.mark.parametrize("end", ["kill", "pause"])
@pytest.mark.parametrize("subscribes", [True, False])
async def test_a_service_that_publishes_nothing_sees_that_kafka_is_dead(
    assemble: Assemble, kafka: Kafka, signer: Signer, end: str, *, subscribes: bool
) -> None:
    """A dead Kafka fails nothing by itself: it is asked, and has to answer."""
    running = assemble(subscribes=subscribes)
    caller = {"authorization": f"Bearer {signer.token(roles=[], scope='metrics:read')}"}
    async with running.app.router.lifespan_context(running.app):
        await running.becomes("ok")
        await asyncio.to_thread(getattr(kafka, end))
        try:
            await running.becomes("degraded", kafka="degraded")
            assert (await running.readiness())[0] == 200
            metrics = (await running.client.get("/metrics", headers=caller)).text
            assert 'crm_ready{part="kafka"} 0.0' in metrics
        finally:
            await asyncio.to_thread(kafka.restart if end == "kill" else kafka.resume)
        await running.becomes("ok")


@pytest.mark.real_kafka
async def test_a_publisher_that_waits_for_acknowledgements_knows_that_none_come(
    kafka: Kafka, kafka_settings: KafkaSettings, topic: str
) -> None:
    """An idempotent producer gives up no record; so its silence has a deadline of its own."""
    publisher = Publisher(kafka_settings)
    await publisher.publish(topic, "a", b"1", [])

    async def is_failing() -> bool:
        return publisher.is_failing

    await asyncio.to_thread(kafka.pause)
    try:
        acknowledged = await publisher.send(topic, "a", b"2", [])
        await eventually(is_failing, "the silence is noticed")
        assert not acknowledged.done()
    finally:
        await asyncio.to_thread(kafka.resume)
    await acknowledged
    assert not publisher.is_failing
    await publisher.stop(1.0)


async def test_a_service_that_handles_nothing_of_what_there_is_says_so(
    assemble: Assemble, topics: Topics, topic: str, signer: Signer
) -> None:
    running = assemble(kafka_changes={"stalled_s": 0.5})
    caller = {"authorization": f"Bearer {signer.token(roles=[], scope='metrics:read')}"}
    running.failure = Unavailable("the printer is away")
    async with running.app.router.lifespan_context(running.app):
        await running.becomes("ok")
        await topics.put(topic, *wire("a", 7))
        await running.becomes("degraded", kafka="ok", consumer="stalled")
        assert (await running.readiness())[0] == 200
        assert 'crm_ready{part="consumer"} 0.0' in (await running.client.get("/metrics", headers=caller)).text
        running.failure = None
        await running.becomes("ok")
    assert running.heard == [7]


async def test_a_consumer_whose_task_died_is_started_again(assemble: Assemble, topics: Topics, topic: str) -> None:
    running = assemble()
    async with running.app.router.lifespan_context(running.app):
        await running.becomes("ok")
        subscription = running.service.subscription
        assert subscription is not None
        (batches,) = subscription.broker.subscribers
        tasks: list[asyncio.Task[None]] = batches.tasks  # type: ignore[attr-defined]
        for task in tasks:
            task.cancel()
        await running.becomes("degraded", consumer="stalled")
        await topics.put(topic, *wire("a", 7))
        await running.becomes("ok")

        async def has_heard() -> bool:
            return running.heard == [7]

        await eventually(has_heard, "the event was heard")


async def test_a_second_subscription_does_not_replace_the_first(assemble: Assemble) -> None:
    running = assemble()
    with pytest.raises(ValueError, match="jars has a subscription"):
        running.service.subscribe([running.service.topic], [])
    assert running.service.consumed_events == {ElementCompanyRefused}


async def test_without_its_database_a_service_is_not_ready(assemble: Assemble) -> None:
    running = assemble(mongo_url=f"mongodb://{unused_address()}/?replicaSet=rs0")
    status, parts = await running.readiness()
    assert (status, parts["status"]) == (503, "unavailable")
    assert (await running.client.get("/health/live")).status_code == 200


async def test_with_a_full_backlog_a_service_is_not_ready(assemble: Assemble) -> None:
    running = assemble(bootstrap_servers=unused_address(), backlog_cap=1)
    async with running.app.router.lifespan_context(running.app):
        await running.jars.add(filled_jar("j1"), because("create"))
        await running.jars.add(filled_jar("j2"), because("create"))
        await running.becomes("unavailable")
        assert (await running.readiness())[1]["backlog"] == "full"


async def test_while_its_database_is_away_a_service_says_so_at_once_and_comes_back_by_itself(
    assemble: Assemble, signer: Signer, tmp_path: Path
) -> None:
    mongo = await asyncio.to_thread(start_mongo, tmp_path)
    try:
        # A caller who had to wait for a primary would wait longer than the test has time.
        running = assemble(mongo_url=mongo.url, server_selection_timeout_ms=300_000)
        caller = {"authorization": f"Bearer {signer.token(roles=['admin'])}"}
        async with running.app.router.lifespan_context(running.app):
            await running.becomes("ok")
            await asyncio.to_thread(mongo.kill)
            await running.becomes("unavailable", database="away")
            answer = await running.client.get("/v1/outbox/quarantined", headers=caller)
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
            assert int(answer.headers["retry-after"]) >= 1
            assert (await running.client.get("/metrics", headers=caller)).status_code == 200

            await asyncio.to_thread(mongo.restart)
            await running.becomes("ok")
            answer = await running.client.get("/v1/outbox/quarantined", headers=caller)
            assert answer.status_code == 200
    finally:
        await asyncio.to_thread(mongo.stop)


async def test_stopping_publishes_what_is_pending(assemble: Assemble, topics: Topics, topic: str) -> None:
    running = assemble()
    async with running.app.router.lifespan_context(running.app):
        await asyncio.gather(*(running.jars.add(filled_jar(f"j{n}"), because("create")) for n in range(50)))
    assert len({record.key for record in await topics.read(topic, at_least=50)}) == 50


async def test_a_job_that_fails_runs_again(assemble: Assemble) -> None:
    running = assemble()
    runs = 0

    async def job() -> None:
        nonlocal runs
        runs += 1
        raise RuntimeError

    running.service.every(0.01, job)
    async with running.app.router.lifespan_context(running.app):

        async def ran() -> bool:
            return runs >= 3

        await eventually(ran, "the job ran three times")
    assert metric("crm_job_runs_total", name="job", outcome="failed") == runs


async def test_what_a_job_changed_is_counted(assemble: Assemble) -> None:
    running = assemble()

    async def water_jars(*, each: int) -> int:
        return each

    running.service.every(0.01, partial(water_jars, each=2))
    async with running.app.router.lifespan_context(running.app):

        async def ran() -> bool:
            return (metric("crm_job_runs_total", name="water_jars", outcome="done") or 0) >= 3

        await eventually(ran, "the job ran three times")
    runs = metric("crm_job_runs_total", name="water_jars", outcome="done")
    assert runs is not None
    assert metric("crm_job_changes_total", name="water_jars") == 2 * runs


async def test_the_metrics_tell_what_runs_and_whether_its_parts_are_there(assemble: Assemble, signer: Signer) -> None:
    running = assemble(bootstrap_servers=unused_address(), version="7.0")
    caller = {"authorization": f"Bearer {signer.token(roles=[], scope='metrics:read')}"}
    async with running.app.router.lifespan_context(running.app):
        lines = (await running.client.get("/metrics", headers=caller)).text.splitlines()
    for line in (
        'crm_build_info{version="7.0"} 1.0',
        'crm_ready{part="database"} 1.0',
        'crm_ready{part="kafka"} 0.0',
        'crm_ready{part="backlog"} 1.0',
        'crm_outbox_oldest_age_seconds{collection="jars"} 0.0',
        "crm_outbox_documents_limit 200000.0",
    ):
        assert line in lines


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        yield collector


async def rung_at(running: Running, signer: Signer) -> int:
    caller = {"authorization": f"Bearer {signer.token(roles=['admin'])}"}
    return (await running.client.get("/v1/outbox/quarantined", headers=caller)).status_code


async def test_what_is_left_of_the_traces_is_exported_by_a_service_that_stops(
    assemble: Assemble, signer: Signer, collector: Collector
) -> None:
    running = assemble(traces_exporter="otlp")
    async with running.app.router.lifespan_context(running.app):
        assert await rung_at(running, signer) == 200
    (span,) = collector.spans
    assert (span.service, span.name) == ("crm-jars", "GET /v1/outbox/quarantined")


async def test_a_collector_that_hangs_holds_up_nothing_and_no_stop(
    assemble: Assemble, signer: Signer, collector: Collector, topics: Topics, topic: str
) -> None:
    collector.answers.clear()
    running = assemble(traces_exporter="otlp")
    async with running.app.router.lifespan_context(running.app):
        assert await rung_at(running, signer) == 200
        await running.jars.add(filled_jar("j1"), because("create"))
        await topics.read(topic, at_least=1)
    assert collector.exports == 1
    assert not collector.answers.is_set()  # it was still being asked when the service had stopped


async def test_a_collector_that_is_away_makes_nothing_fail(
    assemble: Assemble, signer: Signer, monkeypatch: pytest.MonkeyPatch, topics: Topics, topic: str
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{unused_address()}")
    running = assemble(traces_exporter="otlp")
    async with running.app.router.lifespan_context(running.app):
        assert await rung_at(running, signer) == 200
        await running.jars.add(filled_jar("j1"), because("create"))
        await topics.read(topic, at_least=1)


async def test_metrics_and_what_is_kept_back_are_for_those_who_may(assemble: Assemble, signer: Signer) -> None:
    running = assemble()

    async def status(method: str, path: str, **claims: Any) -> int:
        token = {"authorization": f"Bearer {signer.token(**claims)}"} if claims else {}
        return (await running.client.request(method, path, headers=token)).status_code

    release = "/v1/outbox/jars/j1/release"
    assert await status("GET", "/metrics") == 401
    assert await status("GET", "/metrics", roles=[], scope="jars:read") == 403
    assert await status("GET", "/metrics", roles=[], scope="metrics:read") == 200
    assert await status("GET", "/v1/outbox/quarantined", roles=["user"]) == 403
    assert await status("GET", "/v1/outbox/quarantined", roles=["admin"]) == 200
    assert await status("POST", release, roles=["user"]) == 403
    assert await status("POST", release, roles=["admin"]) == 404
