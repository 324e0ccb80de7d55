"""One trace for everything that a request sets in motion, exported or not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from opentelemetry.trace import StatusCode

from shared.kit.domain import Cause
from shared.kit.messaging.answers import Answers
from shared.kit.messaging.publishing import Publisher
from shared.kit.service.clock import new_id, utc_now
from shared.kit.settings import KafkaSettings
from shared.kit.storage.connection import Database
from shared.kit.telemetry.logs import add_trace_id
from shared.kit.telemetry.spans import current_traceparent
from shared.kit.telemetry.tracing import Traces
from shared.kit.web.app import make_app
from shared.kit.web.auth import Authenticator
from shared.kit.web.call import Call, needs
from shared.kit.web.context import AppContext
from shared.kit.web.idempotency import IdempotencyKeys
from shared.kit.web.routes import router
from shared.kit.web.signing_keys import KeyFile
from shared.kit.web.waiting import LongPolls
from tests.kit.jars import NOON, JarFilled
from tests.kit.spans import CALLER, TRACE, TRACEPARENT, Recorder, parent_of, said_of, traceparent_of
from tests.kit.test_relay import without_kafka
from tests.kit.tokens import AUDIENCE, ISSUER, Signer
from tests.kit.topics import Topics, text


class Counter:
    """A shop counter: it remembers why it was rung at."""

    def __init__(self, database: Database, signer: Signer, traces: Traces) -> None:
        self.causes: list[Cause] = []
        self.logged: list[dict[str, Any]] = []
        api = router()

        @api.post("/counters/{id_}/bell")
        async def ring(id_: str, call: Annotated[Call, needs("jars:write")], name: str = "") -> None:
            del name  # for the trace not to have it
            self.causes.append(call.cause)
            self.logged.append(dict(add_trace_id(None, "info", {"event": id_})))

        @api.post("/counters/{id_}/fall")
        async def fall(id_: str) -> None:
            raise RuntimeError(f"{id_} broke")

        @asynccontextmanager
        async def life() -> AsyncIterator[None]:
            yield

        app_context = AppContext(
            service="jars",
            authenticator=Authenticator(KeyFile(signer.jwks_file), issuer=ISSUER, audience=AUDIENCE),
            keys=IdempotencyKeys(database.collection("idempotency"), new_id=new_id),
            long_polls=LongPolls(1),
            clock=utc_now,
            new_id=new_id,
            is_database_away=lambda: False,
            traces=traces,
        )
        app = make_app(app_context, [api], life, description="Counters")
        self._token = signer.token()
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    async def ask(self, path: str, **headers: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._transport, base_url="http://shop") as client:
            return await client.post(path, headers={"authorization": f"Bearer {self._token}", **headers})


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path / "jwks.json")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


async def test_a_request_goes_on_with_its_callers_trace_and_hands_it_to_its_cause(
    database: Database, signer: Signer, recorder: Recorder
) -> None:
    counter = Counter(database, signer, recorder.traces)
    await counter.ask("/v1/counters/erna/bell?name=Erna", traceparent=TRACEPARENT, **{"x-correlation-id": "c-1"})

    span = recorder.span("POST /v1/counters/{id_}/bell")
    assert f"{span.context.trace_id:032x}" == TRACE
    assert parent_of(span) == CALLER
    assert [cause.traceparent for cause in counter.causes] == [traceparent_of(span)]
    assert counter.logged == [{"event": "erna", "trace_id": TRACE}]
    assert span.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/counters/{id_}/bell",
        "http.response.status_code": 200,
        "crm.correlation_id": "c-1",
    }
    assert "erna" not in said_of(span).lower()
    assert span.resource.attributes["service.name"] == "crm-jars"
    assert span.resource.attributes["service.version"] == "7.0"


async def test_a_request_without_a_trace_begins_one(database: Database, signer: Signer, recorder: Recorder) -> None:
    counter = Counter(database, signer, recorder.traces)
    await counter.ask("/v1/counters/1/bell")
    span = recorder.span("POST /v1/counters/{id_}/bell")
    assert span.parent is None
    assert counter.causes[0].traceparent == traceparent_of(span)


async def test_without_an_exporter_the_callers_trace_goes_on_as_it_came(database: Database, signer: Signer) -> None:
    counter = Counter(database, signer, Traces())
    await counter.ask("/v1/counters/1/bell", traceparent=TRACEPARENT)
    await counter.ask("/v1/counters/1/bell")
    assert [cause.traceparent for cause in counter.causes] == [TRACEPARENT, None]
    assert counter.logged == [{"event": "1", "trace_id": TRACE}, {"event": "1"}]


MALFORMED = (
    "",
    "rubbish",
    f"00-{'0' * 32}-{CALLER}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f"00-{TRACE.upper()}-{CALLER}-01",
    f"ff-{TRACE}-{CALLER}-01",
    f"00-{TRACE}-{CALLER}-01-more",
    "0" * 600,
)


@pytest.mark.parametrize("traceparent", MALFORMED)
async def test_a_malformed_trace_is_as_good_as_none(
    database: Database, signer: Signer, recorder: Recorder, traceparent: str
) -> None:
    silent, counter = Counter(database, signer, Traces()), Counter(database, signer, recorder.traces)
    for each in (silent, counter):
        assert (await each.ask("/v1/counters/1/bell", traceparent=traceparent)).status_code == 200
    assert silent.causes[0].traceparent is None
    assert recorder.span("POST /v1/counters/{id_}/bell").parent is None


async def test_a_failure_is_recorded_by_its_code_alone(database: Database, signer: Signer, recorder: Recorder) -> None:
    counter = Counter(database, signer, recorder.traces)
    await counter.ask("/v1/counters/erna/fall")
    await counter.ask("/v1/shelves/erna")
    broken, unknown = recorder.span("POST /v1/counters/{id_}/fall"), recorder.span("POST")
    assert (broken.status.status_code, unknown.status.status_code) == (StatusCode.ERROR, StatusCode.UNSET)
    assert broken.attributes is not None
    assert broken.attributes["error.type"] == "500"
    assert "erna" not in said_of(broken) + said_of(unknown)
    assert broken.events == ()


async def test_health_and_metrics_leave_no_trace(database: Database, signer: Signer, recorder: Recorder) -> None:
    counter = Counter(database, signer, recorder.traces)
    for path in ("/health/live", "/metrics", "/docs"):
        await counter.ask(path)
    assert recorder.names == []


async def test_an_event_is_published_beside_the_chain_and_keeps_what_was_stored(
    topics: Topics, kafka_settings: KafkaSettings, recorder: Recorder
) -> None:
    topic = await topics.make()
    publisher = Publisher(kafka_settings, traces=recorder.traces)
    answers = Answers(publisher, topic=topic, source="/kit")
    cause = Cause(key="q", actor="user:ann", at=NOON, correlation_id="c", traceparent=TRACEPARENT, roles=("sales",))
    await answers.give(JarFilled(amount=1, text="Erna"), subject="j1", cause=cause)
    await publisher.publish(topic, "j1", b"parked", [("traceparent", TRACEPARENT.encode())])
    await publisher.stop(5.0)

    record, _ = await topics.read(topic, at_least=2)
    assert text(record, "traceparent") == TRACEPARENT
    assert text(record, "ce_actorroles") == "sales"
    (name,) = recorder.names
    span = recorder.span(name)
    assert (name, parent_of(span)) == ("publish kit.jar.filled.v1", CALLER)
    assert span.attributes == {
        "messaging.system": "kafka",
        "messaging.operation.type": "send",
        "messaging.destination.name": topic,
        "messaging.destination.partition.id": "0",
        "messaging.kafka.offset": 0,
        "cloudevents.event_id": text(record, "ce_id"),
        "cloudevents.event_type": "kit.jar.filled.v1",
    }


async def test_what_could_not_be_sent_says_why(kafka_settings: KafkaSettings, recorder: Recorder) -> None:
    publisher = Publisher(without_kafka(kafka_settings), traces=recorder.traces)
    headers = {"ce_id": "e1", "ce_type": "kit.jar.filled.v1", "traceparent": TRACEPARENT}
    with pytest.raises(Exception, match="KafkaConnectionError"):
        await publisher.publish("nowhere", "j1", b"{}", headers)
    span = recorder.span("publish kit.jar.filled.v1")
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["error.type"] == "KafkaConnectionError"


def test_outside_of_everything_there_is_no_trace() -> None:
    assert current_traceparent() is None
    assert add_trace_id(None, "info", {"event": "started"}) == {"event": "started"}
