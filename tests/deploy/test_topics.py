"""Topics are created as the file defines them, and any difference is reported at once and never altered."""

from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from crm_contracts import topics

from deploy.local.kafka import Kafka
from deploy.topics import Topic, TopicsDiffer, UnknownEnvironment, apply, read_topics
from shared.kit.settings import KafkaSettings


def test_every_pair_of_a_topic_and_a_service_that_consumes_it_has_dead_letters() -> None:
    names = [topic.name for topic in read_topics()]
    assert set(topics.ALL) < set(names)
    assert len(names) == len(set(names)) == 5 + 20
    assert topics.dead_letters(topics.TIMELINE, "timeline") in names
    assert topics.dead_letters(topics.CATALOG, "catalog") not in names


def test_no_history_expires_or_is_compacted_and_a_parked_event_always_fits() -> None:
    for topic in read_topics():
        assert topic.config["cleanup.policy"] == "delete"
        assert topic.config["retention.ms"] == topic.config["retention.bytes"] == "-1"
        assert topic.config["message.timestamp.type"] == "LogAppendTime"
        parked = topic.name.endswith(".dlt")
        assert topic.config.get("max.message.bytes") == ("4194304" if parked else None)


@pytest.mark.parametrize(("environment", "number"), [("local", 2), ("compose", 6), ("production", 12), (None, 12)])
def test_topics_of_events_have_partitions_for_their_environment_and_dead_letters_have_one(
    environment: str | None, number: int
) -> None:
    for topic in read_topics(environment):
        assert topic.partitions == (1 if topic.name.endswith(".dlt") else number)


def test_an_installation_made_with_another_number_of_partitions_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_EVENT_PARTITIONS", "6")
    assert {topic.partitions for topic in read_topics("local")} == {1, 6}


def test_an_environment_without_numbers_is_named() -> None:
    with pytest.raises(UnknownEnvironment, match="one of local, compose, production"):
        read_topics("laptop")


async def apply_to(kafka: Kafka, *wanted: Topic) -> int:
    return await apply(
        KafkaSettings.of(kafka.environment),
        replication_factor=1,
        verify_configs=kafka.verifies_topic_configs,
        topics=wanted,
    )


async def test_topics_are_made_and_applying_them_again_changes_nothing(kafka: Kafka) -> None:
    name = uuid4().hex
    wanted = Topic(f"{name}.events", 3, {"retention.ms": "-1"}), Topic(f"{name}.dlt", 1, {})
    assert await apply_to(kafka, *wanted) == 2
    assert await apply_to(kafka, *wanted) == 2


async def test_a_wrong_partition_count_is_refused_and_left_as_it_is(kafka: Kafka) -> None:
    name = uuid4().hex
    await apply_to(kafka, Topic(name, 3, {}))
    with pytest.raises(TopicsDiffer) as refused:
        await apply_to(kafka, Topic(name, 6, {}), Topic(f"{name}.other", 1, {}))
    assert refused.value.mismatches == (f"{name}: 3 partitions instead of 6 (CRM_EVENT_PARTITIONS)",)
    assert await partitions(kafka, name) == 3


@pytest.mark.real_kafka
async def test_every_setting_that_differs_is_named_in_one_error(kafka: Kafka) -> None:
    name = uuid4().hex
    await apply_to(kafka, Topic(name, 2, {"cleanup.policy": "compact", "retention.ms": "1000"}))
    with pytest.raises(TopicsDiffer) as refused:
        await apply_to(kafka, Topic(name, 6, {"cleanup.policy": "delete", "retention.ms": "-1"}))
    assert sorted(refused.value.mismatches) == [
        f"{name}: 2 partitions instead of 6 (CRM_EVENT_PARTITIONS)",
        f"{name}: cleanup.policy is 'compact' instead of 'delete'",
        f"{name}: retention.ms is '1000' instead of '-1'",
    ]


@pytest.mark.real_kafka
async def test_a_setting_that_kafka_refuses_is_named(kafka: Kafka) -> None:
    name = uuid4().hex
    with pytest.raises(TopicsDiffer, match=f"{name}: could not be made: error 40"):
        await apply_to(kafka, Topic(name, 1, {"retention.ms": "for ever"}))


async def partitions(kafka: Kafka, name: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([name])
        return len(described["partitions"])
    finally:
        await admin.close()
