"""Only relay, answers and the dead-letter path publish; only one function subscribes; drivers have their places."""

from collections.abc import Iterable, Mapping

import pytest

from tests.architecture.conftest import Plant
from tests.architecture.sources import Module, read, report, within

PUBLISHERS = (
    *(
        f"shared/kit/messaging/{name}.py"
        for name in (
            "answers",
            "dead_letter_publisher",
            "prefix_sender",
            "publishing",
            "record_handling",
            "relay",
        )
    ),
    "shared/kit/service/service.py",
)
SENDING = {"Publisher", "AIOKafkaProducer"}
SUBSCRIBING = {"KafkaBroker", "KafkaRouter", "KafkaRoute", "AIOKafkaConsumer", "subscriber"}
READERS = {
    "shared/kit/messaging/log_reader.py": {"AIOKafkaConsumer"},
    "shared/kit/messaging/topic_reader.py": {"AIOKafkaConsumer"},
}
"""Who reads outside of any group, which is no subscription: nothing is committed."""

PLACES: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("motor", "pymongo", "bson"): (
        "shared/kit/storage/*",
        "services/*/*/store.py",
        "services/*/*/store/*",
        "deploy/local/mongo/*",
    ),
    ("aiokafka",): (
        "shared/kit/*",
        "deploy/topics.py",
        "deploy/verify/log.py",
        "deploy/local/kafka/*",
    ),
    ("faststream",): ("shared/kit/*",),
    ("fastapi", "starlette", "fastapi_offline"): (
        "shared/kit/*",
        "shared/elements/http/*",
        "services/*/*/http.py",
        "services/*/*/http/*",
        "services/*/app.py",
    ),
    ("shared.contracts",): (),
}


def product(modules: Iterable[Module]) -> Iterable[Module]:
    return (module for module in modules if module.is_in("services/*", "shared/*"))


def other_publishers(modules: Iterable[Module]) -> list[str]:
    others = [module for module in product(modules) if not module.is_in(*PUBLISHERS)]
    return [
        module.at(node, f"uses {name}") for module in others for node, name in module.names() if name in SENDING
    ] + [
        module.at(call, f"calls {name}()")
        for module in others
        for call, name in module.calls()
        if name.rpartition(".")[2] in {"send", "send_and_wait", "send_batch", "publish", "publisher"} and "." in name
    ]


def other_subscribers(modules: Iterable[Module]) -> list[str]:
    return [
        module.at(node, f"uses {name}")
        for module in product(modules)
        if not module.is_in("shared/kit/messaging/broker.py")
        for node, name in module.names()
        if name in SUBSCRIBING - READERS.get(module.path, set())
    ]


def misplaced_drivers(modules: Iterable[Module]) -> list[str]:
    return [
        module.at(node, f"imports {name}; allowed in: {', '.join(allowed) or 'no file'}")
        for module in modules
        for node, name in module.imports()
        for packages, allowed in PLACES.items()
        if within(name, *packages) and not module.is_in(*allowed)
    ]


def test_nothing_publishes_but_relay_answers_and_dead_letters() -> None:
    report(
        other_publishers(read()),
        "record an event in its aggregate, or give an answer by `Answers.give`; nothing else publishes:",
    )


def test_subscribers_are_made_in_one_place() -> None:
    report(
        other_subscribers(read()),
        "every default matters: only shared/kit/messaging/broker.py makes a broker or subscriber:",
    )


def test_drivers_and_frameworks_stay_in_their_places() -> None:
    report(misplaced_drivers(read()), "a driver or framework is imported outside of its place:")


@pytest.mark.parametrize(
    "source",
    [
        "from shared.kit.messaging.publishing import Publisher",
        "from aiokafka import AIOKafkaProducer",
        "async def convert_lead(producer):\n    await producer.send_and_wait('topic', b'')",
        "async def convert_lead(broker):\n    await broker.publish({}, 'topic')",
        "@broker.publisher('topic')\nasync def convert_lead():\n    return 1",
    ],
)
def test_a_planted_publisher_is_found(plant: Plant, source: str) -> None:
    assert other_publishers(plant("services/leads/lead/usecases.py", source))


@pytest.mark.parametrize(
    "source",
    [
        "from faststream.kafka import KafkaBroker",
        "@broker.subscriber('topic')\nasync def on_lead_created(event):\n    pass",
    ],
)
@pytest.mark.parametrize(
    "path",
    ["services/leads/lead/events.py", "shared/kit/service/service.py", "shared/kit/messaging/log_reader.py"],
)
def test_a_planted_subscriber_is_found(plant: Plant, path: str, source: str) -> None:
    assert other_subscribers(plant(path, source))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("services/leads/lead/usecases.py", "from pymongo import ReturnDocument"),
        ("shared/kit/messaging/relay.py", "import bson"),
        ("services/leads/lead/events.py", "from faststream import AckPolicy"),
        ("services/leads/lead/store.py", "import aiokafka"),
        ("services/leads/lead/schemas.py", "from fastapi import Query"),
        ("services/leads/app.py", "from shared.contracts.crm_contracts import leads"),
    ],
)
def test_a_planted_driver_is_found(plant: Plant, path: str, line: str) -> None:
    assert misplaced_drivers(plant(path, line))
