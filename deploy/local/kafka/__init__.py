"""A Kafka to develop and test on: the ladder given, docker, maven, tansu (`CRM_KAFKA` forces a rung)."""

from deploy.local.kafka.broker import Kafka
from deploy.local.kafka.ladder import choose_kafka, launch_kafka, start_kafka

__all__ = ["Kafka", "choose_kafka", "launch_kafka", "start_kafka"]
