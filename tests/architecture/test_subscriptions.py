"""What each service really subscribes with: the built objects are asked, not the source."""

from collections.abc import Sequence
from typing import Any

import pytest
from crm_contracts import registry
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from deploy.topics import read_subscriptions
from shared.kit.service.service import Service
from tests.architecture.built import built
from tests.architecture.sources import SERVICES

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


def subscribers_of(service: Service) -> Sequence[Subscriber]:
    return list(service.subscription.broker.subscribers) if service.subscription else []


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_subscribes_as_every_one_must(name: str) -> None:
    service = built(name)
    subscribers = subscribers_of(service)
    assert bool(subscribers) == bool(service.consumed_events), f"{name}: reactions without subscriber, or none of them"
    for subscriber in subscribers:
        assert problems_of(subscriber, name) == []


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_subscribes_to_the_topics_of_the_events_it_reacts_to(name: str) -> None:
    """All of them, and none besides: a topic without a reaction is read for nothing."""
    service = built(name)
    topics = {topic for subscriber in subscribers_of(service) for topic in subscriber.topic_names}
    assert topics == {topic for event in service.consumed_events for topic in registry.TOPICS[event]}


@pytest.mark.parametrize("name", SERVICES)
async def test_every_topic_that_a_service_subscribes_to_has_its_dead_letter_topic(name: str) -> None:
    topics = {topic for subscriber in subscribers_of(built(name)) for topic in subscriber.topic_names}
    known = read_subscriptions().get(name, frozenset())
    assert topics <= known, "a record that cannot be parked blocks its partition for ever"


async def test_a_subscriber_with_other_settings_is_found() -> None:
    careless = KafkaBroker("127.0.0.1:9").subscriber("crm.leads.events", group_id="mine")
    assert len(problems_of(careless, "leads")) >= 5
