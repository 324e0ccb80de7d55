"""The providers of MongoDB, in order of preference."""

from typing import Final

from deploy.local.mongo import docker, external, mongod
from deploy.local.mongo.server import Mongo
from deploy.local.providers import ProviderOrder

_ORDER: Final = ProviderOrder[Mongo](
    "CRM_MONGO",
    {"given": external.PROVIDER, "docker": docker.PROVIDER, "path": mongod.PATH, "wheel": mongod.WHEEL},
)
choose_mongo: Final = _ORDER.choose
launch_mongo: Final = _ORDER.launch
start_mongo: Final = _ORDER.start
