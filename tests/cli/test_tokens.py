"""A token of the development key is accepted like an issuer's, and has the requested claims."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy.local.kafka.external import ExternalKafka
from deploy.local.keys import Keys
from deploy.local.mongo.external import ExternalMongo
from deploy.local.services import service_environment
from deploy.local.tokens import claims, sign
from shared.kit.web.auth import Authenticator, Caller
from shared.kit.web.signing_keys import KeyFile, Unauthenticated


@pytest.fixture
def now() -> datetime:
    """Read when the test begins: it may run long after it was collected, and a token lasts minutes."""
    return datetime.now(UTC)


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    private = ed25519.Ed25519PrivateKey.generate()
    pem, jwks = tmp_path / "private.pem", tmp_path / "jwks.json"
    pem.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(private.public_key()))
    jwks.write_text(json.dumps({"keys": [{**public, "kid": "local-1", "alg": "EdDSA", "use": "sig"}]}))
    return pem, jwks


async def caller(token: str, jwks: Path) -> Caller:
    return await Authenticator(KeyFile(jwks), issuer="crm-local", audience="crm").caller(f"Bearer {token}")


async def test_a_token_with_a_scope_is_limited_to_it_whatever_its_roles(keys: tuple[Path, Path], now: datetime) -> None:
    """PERM-09."""
    said = claims("anna", now=now, lifetime=timedelta(minutes=5), roles=["reader"], scopes=["deals:write"])
    token = sign(said, private_key=keys[0], jwks=keys[1])
    assert jwt.get_unverified_header(token)["kid"] == "local-1"
    found = await caller(token, keys[1])
    assert found.actor == "user:anna"
    assert found.may("deals:write")
    assert not found.may("leads:read")


async def test_a_service(keys: tuple[Path, Path], now: datetime) -> None:
    said = claims("billing", now=now, lifetime=timedelta(minutes=5), service=True)
    found = await caller(sign(said, private_key=keys[0], jwks=keys[1]), keys[1])
    assert (found.actor, found.roles, found.scopes) == ("service:billing", frozenset(), frozenset())


async def test_a_token_ends(keys: tuple[Path, Path], now: datetime) -> None:
    said = claims("anna", now=now - timedelta(hours=1), lifetime=timedelta(minutes=5))
    with pytest.raises(Unauthenticated, match="expired"):
        await caller(sign(said, private_key=keys[0], jwks=keys[1]), keys[1])


def test_the_claims_are_these_and_no_others(now: datetime) -> None:
    said = claims("anna", now=now, lifetime=timedelta(minutes=5), roles=["admin"], scopes=["a:read", "b:read"])
    assert said == {
        "iss": "crm-local",
        "aud": "crm",
        "sub": "anna",
        "iat": int(now.timestamp()),
        "exp": int(now.timestamp()) + 300,
        "kind": "user",
        "roles": ["admin"],
        "scope": "a:read b:read",
    }


def test_services_of_this_machine_trust_the_issuer_that_tokens_name(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`.env.example` says that its variables may be exported for `make up` as well."""
    monkeypatch.setenv("CRM_JWT_ISSUER", "https://sso.example.org")
    monkeypatch.setenv("CRM_JWT_AUDIENCE", "sales")
    told = service_environment(
        8000, kafka=ExternalKafka("kafka:9092", 1), mongo=ExternalMongo("mongodb://mongo"), keys=Keys(Path(), Path())
    )
    said = claims("anna", now=now, lifetime=timedelta(minutes=5))
    assert (told["CRM_JWT_ISSUER"], told["CRM_JWT_AUDIENCE"]) == (said["iss"], said["aud"])
    assert said["iss"] == "https://sso.example.org"
