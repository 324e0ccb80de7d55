"""A MongoDB to develop and test on. Providers in order: given, docker, path, wheel; `CRM_MONGO` forces one."""

from deploy.local.mongo.provider_order import choose_mongo, launch_mongo, start_mongo
from deploy.local.mongo.server import Mongo

__all__ = ["Mongo", "choose_mongo", "launch_mongo", "start_mongo"]
