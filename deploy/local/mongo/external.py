"""An external MongoDB, named by `MONGODB_URL`."""

import os
from functools import partial
from typing import Final

from deploy.local.mongo.server import Mongo, has_primary
from deploy.local.providers import Provider, check_variable
from deploy.local.server import ExternalServer


class ExternalMongo(ExternalServer, Mongo):
    """A replica set that runs already."""

    variable = "MONGODB_URL"

    def __init__(self, url: str) -> None:
        self.url = url

    def answers(self) -> bool:
        return has_primary(self.url)


PROVIDER: Final = Provider(
    partial(check_variable, ExternalMongo.variable),
    lambda _directory: ExternalMongo(os.environ[ExternalMongo.variable]),
)
