"""Create the topics of `topics.yaml` and verify those that exist.

A topic that exists with other settings is never altered, it is reported. A changed partition count moves keys, and a
wrong retention has already lost events: both need a decision by a person.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError
from crm_contracts.topics import dead_letters

from shared.kit.settings import KafkaSettings

TOPICS_FILE: Final = Path(__file__).with_name("topics.yaml")
_EXISTS_ALREADY: Final = 36
_SAFE_REPLICATION: Final = 3
MADE_WITH: Final = "CRM_EVENT_PARTITIONS"
"""Variable with the partitions of each topic of events, where they were made with another number than today's."""


@dataclass(frozen=True)
class Topic:
    """A topic as it should be."""

    name: str
    partitions: int
    config: dict[str, str]


class UnknownEnvironment(Exception):
    """`topics.yaml` has no numbers of partitions for this environment."""


class KafkaAway(Exception):
    """No broker answers."""


class TopicsDiffer(Exception):
    """Topics could not be made, or are not as `topics.yaml` says; `mismatches` names every one."""

    def __init__(self, mismatches: Sequence[str]) -> None:
        super().__init__("topics differ from topics.yaml:\n" + "\n".join(f"  {line}" for line in mismatches))
        self.mismatches = tuple(mismatches)


def read_topics(environment: str | None = None, *, file: Path = TOPICS_FILE) -> list[Topic]:
    """Read all topics of the file, dead letters included.

    Args:
        environment: of which the numbers of partitions are; by default `CRM_ENVIRONMENT`, or production.
        file: in the form of `topics.yaml`.

    Raises:
        UnknownEnvironment: the file has no numbers for it.
    """
    document = yaml.safe_load(file.read_text())
    events, parked = document["events"], document["dead_letters"]
    partitions = _event_partitions(events["partitions"], environment or os.environ.get("CRM_ENVIRONMENT", "production"))
    return [Topic(name, partitions, events["config"]) for name in events["topics"]] + [
        Topic(dead_letters(name, service), parked["partitions"], parked["config"])
        for service, names in parked["hears"].items()
        for name in names
    ]


def _event_partitions(by_environment: Mapping[str, int], environment: str) -> int:
    """Return the number for new topics, or the one that an older installation was made with."""
    made_with = os.environ.get(MADE_WITH)
    if made_with is not None:
        return int(made_with)
    if environment not in by_environment:
        raise UnknownEnvironment(f"CRM_ENVIRONMENT is {environment!r}: it is one of {', '.join(by_environment)}")
    return by_environment[environment]


def read_subscriptions(file: Path = TOPICS_FILE) -> dict[str, frozenset[str]]:
    """Return the topics that each service consumes."""
    return {service: frozenset(names) for service, names in yaml.safe_load(file.read_text())["subscriptions"].items()}


async def apply(
    kafka: KafkaSettings,
    *,
    replication_factor: int,
    verify_configs: bool = True,
    topics: Sequence[Topic] | None = None,
    environment: str | None = None,
) -> int:
    """Create the missing topics, then compare all of them with the file; return how many there are.

    Args:
        kafka: how to reach the cluster.
        replication_factor: copies of each partition; from 3 up, two of them must acknowledge a write.
        verify_configs: False only where the broker keeps no topic settings (`Kafka.verifies_topic_configs`).
        topics: other topics than those of `topics.yaml`.
        environment: see `read_topics`.

    Raises:
        KafkaAway: no broker answers.
        TopicsDiffer: naming every difference.
    """
    in_sync = "2" if replication_factor >= _SAFE_REPLICATION else "1"
    wanted = [
        Topic(topic.name, topic.partitions, {**topic.config, "min.insync.replicas": in_sync})
        for topic in (read_topics(environment) if topics is None else topics)
    ]
    async with _connected(kafka) as admin:
        refused = await _create(admin, wanted, replication_factor)
        made = [topic for topic in wanted if topic.name not in refused]
        mismatches = [*refused.values(), *await _compare_partitions(admin, made)]
        if verify_configs:
            mismatches += await _compare_configs(admin, made)
    if mismatches:
        raise TopicsDiffer(mismatches)
    return len(wanted)


async def existing(kafka: KafkaSettings) -> dict[str, int]:
    """Return the number of partitions of each topic that is there.

    Raises:
        KafkaAway: no broker answers.
    """
    async with _connected(kafka) as admin:
        return await count_partitions(admin)


@asynccontextmanager
async def _connected(kafka: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**kafka.connection())
    try:
        await admin.start()
        yield admin
    except KafkaConnectionError as error:
        raise KafkaAway(f"Kafka does not answer at {kafka.bootstrap_servers}") from error
    finally:
        await admin.close()


async def count_partitions(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """Count the partitions of each topic that is there."""
    return {
        topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics() if not topic["error_code"]
    }


async def _create(admin: AIOKafkaAdminClient, wanted: Sequence[Topic], replication_factor: int) -> dict[str, str]:
    """Create the missing topics; return the reason of each that could not be created, by its name."""
    response = await admin.create_topics(
        [NewTopic(topic.name, topic.partitions, replication_factor, topic_configs=topic.config) for topic in wanted]
    )
    # A topic that is there already does not raise: its code says so.
    return {
        name: f"{name}: could not be made: error {code} {message or ''}".rstrip()
        for name, code, message in response.topic_errors
        if code not in (0, _EXISTS_ALREADY)
    }


async def _compare_partitions(
    admin: AIOKafkaAdminClient, wanted: Sequence[Topic], deadline_s: float = 60.0
) -> list[str]:
    deadline = time.monotonic() + deadline_s
    while True:
        found = await count_partitions(admin)
        mismatches = [
            f"{topic.name}: {found.get(topic.name, 0)} partitions instead of {topic.partitions} ({MADE_WITH})"
            for topic in wanted
            if found.get(topic.name, 0) != topic.partitions
        ]
        # Metadata follows creation after a moment. A topic with the wrong number of partitions will not change.
        missing = [topic for topic in wanted if topic.name not in found]
        if not missing or time.monotonic() > deadline:
            return mismatches
        await asyncio.sleep(0.05)


async def _compare_configs(admin: AIOKafkaAdminClient, wanted: Sequence[Topic]) -> list[str]:
    responses = await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, topic.name, dict.fromkeys(topic.config)) for topic in wanted]
    )
    found: dict[str, dict[str, Any]] = {}
    for response in responses:
        for _code, _message, _type, name, entries in response.resources:
            found[name] = {entry[0]: entry[1] for entry in entries}
    return [
        f"{topic.name}: {key} is {found.get(topic.name, {}).get(key)!r} instead of {value!r}"
        for topic in wanted
        for key, value in topic.config.items()
        if found.get(topic.name, {}).get(key) != value
    ]


def main() -> None:
    """Apply the file to `KAFKA_BOOTSTRAP_SERVERS` with `CRM_REPLICATION_FACTOR` copies, as the compose file does."""
    try:
        count = asyncio.run(
            apply(
                KafkaSettings(),
                replication_factor=int(os.environ.get("CRM_REPLICATION_FACTOR", "3")),
            )
        )
    except (KafkaAway, TopicsDiffer, UnknownEnvironment) as error:
        sys.exit(str(error))
    print(f"{count} topics are as topics.yaml says")


if __name__ == "__main__":
    main()
