"""A MongoDB with TLS and authentication: the right settings work as without, others fail at start."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local.mongo.mongod import wheel_program
from deploy.local.mongo.server import REPLICA_SET
from deploy.local.ports import free_port
from deploy.local.process import ChildProcess
from deploy.local.providers import ProviderUnavailable
from shared.kit.settings import MongoSettings
from shared.kit.storage.connection import Database, connect
from tests.deadlines import DEADLINE_S
from tests.kit.certificates import Certificates, make_certificates
from tests.kit.waiting import eventually

PASSWORD = "correct-horse"
NOT_YET_INITIALIZED = 94


@dataclass(frozen=True)
class Secured:
    """Where it is, and what its clients must know."""

    port: int
    certificates: Certificates

    def url(self, name: str = "crm", password: str = PASSWORD) -> str:
        return f"mongodb://{name}:{password}@127.0.0.1:{self.port}/?replicaSet={REPLICA_SET}&authSource=admin"

    def database(self, url: str | None = None, *, tls: bool = True) -> Database:
        ca_file = self.certificates.authority if tls else None
        settings = MongoSettings(
            url=SecretStr(url or self.url()), server_selection_timeout_ms=1_500, tls_ca_file=ca_file
        )
        return connect(settings.url.get_secret_value(), "kit", **settings.options())


@pytest.fixture(scope="module")
async def secured(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Secured]:
    try:
        program = wheel_program()
    except ProviderUnavailable as reason:
        pytest.skip(str(reason))
    directory = tmp_path_factory.mktemp("secured")
    secured = Secured(free_port(), make_certificates(directory))
    (directory / "data").mkdir()
    key_file = directory / "key"
    key_file.write_text(base64.b64encode(os.urandom(96)).decode())
    key_file.chmod(0o600)
    listen = ["--bind_ip", "127.0.0.1", "--port", str(secured.port), "--nounixsocket", "--replSet", REPLICA_SET]
    tls = ["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(secured.certificates.server)]
    tls += ["--tlsCAFile", str(secured.certificates.authority), "--tlsAllowConnectionsWithoutCertificates"]
    access = ["--auth", "--keyFile", str(key_file), "--dbpath", str(directory / "data")]
    server = ChildProcess("secured-mongo", [str(program), *listen, *tls, *access], directory=directory)
    server.start()
    try:
        await asyncio.to_thread(server.wait_ready, lambda: is_ours(secured), DEADLINE_S)
        yield secured
    finally:
        server.kill()


def is_ours(secured: Secured) -> bool:
    """Make it a replica set with one user, as only clients on its own machine may; whether that is done."""
    certificates = {"tls": True, "tlsCAFile": str(secured.certificates.authority)}
    options: dict[str, Any] = {"directConnection": True, "serverSelectionTimeoutMS": 300, **certificates}
    with MongoClient[dict[str, Any]]("127.0.0.1", secured.port, **options) as client:
        try:
            hello = client.admin.command("hello")
            if "setName" not in hello:
                members = [{"_id": 0, "host": f"127.0.0.1:{secured.port}"}]
                client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
            if hello["isWritablePrimary"]:
                client.admin.command("createUser", "crm", pwd=PASSWORD, roles=["root"])
                return True
        except OperationFailure as error:
            if error.code != NOT_YET_INITIALIZED:
                raise
        except PyMongoError:
            return False
    return False


async def test_with_name_password_and_encryption_writes_are_as_safe_as_ever(secured: Secured) -> None:
    database = secured.database()
    await database.check()
    await database.collection("things").insert({"_id": "one"})
    assert await database.collection("things").get("one") == {"_id": "one"}
    assert database.collection("things")._inner.write_concern.document == {"w": "majority", "j": True}
    database.close()


@pytest.mark.parametrize(
    ("wrong", "tls"),
    [({"password": "wrong"}, True), ({"name": "mallory"}, True), ({}, False)],
    ids=["password", "name", "no encryption"],
)
async def test_a_client_without_all_credentials_is_refused(
    secured: Secured, wrong: dict[str, str], *, tls: bool
) -> None:
    """Nor does a password stand in the message."""
    url = secured.url(**wrong)
    database = secured.database(url, tls=tls)
    with pytest.raises(PyMongoError) as refused:
        await database.collection("things").insert({"_id": "two"})
    assert PASSWORD not in repr(refused.value)
    assert "password=wrong" not in repr(refused.value)
    database.close()


async def test_an_unknown_authority_is_not_trusted(secured: Secured, tmp_path: Path) -> None:
    stranger = make_certificates(tmp_path).authority
    settings = MongoSettings(url=SecretStr(secured.url()), server_selection_timeout_ms=500, tls_ca_file=stranger)
    database = connect(settings.url.get_secret_value(), "kit", **settings.options())

    async def is_refused() -> bool:
        try:
            await database.check()
        except PyMongoError as error:
            return "certificate verify failed" in str(error)
        return False

    await eventually(is_refused, "the certificate is refused")
    database.close()


def test_a_password_is_not_shown_with_the_settings() -> None:
    settings = MongoSettings(url=SecretStr(f"mongodb://crm:{PASSWORD}@h/?replicaSet=rs0"))
    assert PASSWORD not in f"{settings!r} {settings.options()!r}"
