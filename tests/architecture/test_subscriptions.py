"""What each service really subscribes with: the built objects are asked, not the source."""

import gc
import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from crm_contracts import registry
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from shared.kit.messaging.subscribing import Subscription
from tests.architecture.sources import ROOT, SERVICES
from tests.architecture.test_events import reactions_of

Subscriber = Any
"""FastStream's batch subscriber, whose options have no public names."""


def problems_of(subscriber: Subscriber, service: str) -> list[str]:
    options = subscriber._connection_args
    found = {
        "ack policy": (subscriber.ack_policy, AckPolicy.MANUAL),
        "auto_offset_reset": (options["auto_offset_reset"], "earliest"),
        "enable_auto_commit": (options["enable_auto_commit"], False),
        "group": (subscriber.group_id, f"{service}.reactions"),
        "no_reply": (subscriber._no_reply, True),
        "batch": (type(subscriber).__name__, "BatchSubscriber"),
    }
    problems = [f"{name} is {value!r}, not {wanted!r}" for name, (value, wanted) in found.items() if value != wanted]
    pause = getattr(subscriber, "batch_timeout_ms", None)
    if pause is None or not 5 <= pause <= 20:
        problems.append(f"batch_timeout_ms is {pause}, not 5 to 20")
    return problems


async def subscribers_of(service: str) -> Sequence[Subscriber]:
    """Build the service, which contacts nothing, and find its subscribers.

    The composition root hands out the HTTP app alone, so the subscriptions are asked of the garbage collector.
    """
    app, _ = import_module(f"services.{service}.app").build()
    assert app is not None
    subscriptions = [each for each in gc.get_objects() if type(each) is Subscription and each._service == service]
    return [subscriber for each in subscriptions for subscriber in each.broker.subscribers]


@pytest.fixture(autouse=True)
def app_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps({"keys": []}))
    monkeypatch.setenv("CRM_JWKS_FILE", str(keys))
    gc.collect()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_subscribes_as_everybody_must(service: str) -> None:
    subscribers = await subscribers_of(service)
    assert bool(subscribers) == bool(reactions_of(service)), (
        f"{service} has reactions and no subscriber, or no reactions"
    )
    for subscriber in subscribers:
        assert problems_of(subscriber, service) == []


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_hears_the_topics_of_the_events_it_reacts_to(service: str) -> None:
    """All of them, and none besides: a topic without a reaction is read for nothing."""
    heard = {topic for subscriber in await subscribers_of(service) for topic in subscriber.topic_names}
    assert heard == {registry.TOPICS[event] for event in reactions_of(service)}


@pytest.mark.parametrize("service", SERVICES)
async def test_every_topic_that_a_service_hears_has_its_dead_letter_topic(service: str) -> None:
    hears = yaml.safe_load((ROOT / "deploy" / "topics.yaml").read_text())["dead_letters"]["hears"]
    heard = {topic for subscriber in await subscribers_of(service) for topic in subscriber.topic_names}
    assert heard <= set(hears.get(service) or ()), "a record that cannot be parked blocks its partition for ever"


async def test_a_subscriber_with_other_settings_is_found() -> None:
    careless = KafkaBroker("127.0.0.1:9").subscriber("crm.leads.events", group_id="mine")
    assert len(problems_of(careless, "leads")) >= 5
