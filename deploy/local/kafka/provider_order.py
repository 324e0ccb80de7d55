"""The providers of Kafka, in order of preference."""

from typing import Final

from deploy.local.kafka import docker, external, maven, tansu
from deploy.local.kafka.broker import Kafka
from deploy.local.providers import ProviderOrder

_ORDER: Final = ProviderOrder[Kafka](
    "CRM_KAFKA",
    {"given": external.PROVIDER, "docker": docker.PROVIDER, "maven": maven.PROVIDER, "tansu": tansu.PROVIDER},
)
choose_kafka: Final = _ORDER.choose
launch_kafka: Final = _ORDER.launch
start_kafka: Final = _ORDER.start
