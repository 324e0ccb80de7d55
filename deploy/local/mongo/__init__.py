"""A MongoDB to develop and test on: the ladder given, docker, path, wheel (`CRM_MONGO` forces a rung)."""

from deploy.local.mongo.ladder import choose_mongo, launch_mongo, start_mongo
from deploy.local.mongo.server import Mongo

__all__ = ["Mongo", "choose_mongo", "launch_mongo", "start_mongo"]
