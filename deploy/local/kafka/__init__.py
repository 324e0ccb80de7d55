"""A Kafka to develop and test on. Providers in order: given, docker, maven, tansu; `CRM_KAFKA` forces one."""

from deploy.local.kafka.broker import Kafka
from deploy.local.kafka.provider_order import choose_kafka, launch_kafka, start_kafka

__all__ = ["Kafka", "choose_kafka", "launch_kafka", "start_kafka"]
