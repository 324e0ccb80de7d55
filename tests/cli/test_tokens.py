"""A token of the development key is accepted like an issuer's, and has the requested claims."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy.local.tokens import claims, sign
from shared.kit.web.auth import Authenticator, Caller
from shared.kit.web.signing_keys import KeyFile, Unauthenticated

NOW = datetime.now(UTC)


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


async def test_a_user_with_a_role_and_a_scope(keys: tuple[Path, Path]) -> None:
    said = claims("anna", now=NOW, lifetime=timedelta(minutes=5), roles=["reader"], scopes=["deals:write"])
    token = sign(said, private_key=keys[0], jwks=keys[1])
    assert jwt.get_unverified_header(token)["kid"] == "local-1"
    found = await caller(token, keys[1])
    assert found.actor == "user:anna"
    assert found.may("leads:read")
    assert found.may("deals:write")
    assert not found.may("leads:write")


async def test_a_service(keys: tuple[Path, Path]) -> None:
    said = claims("billing", now=NOW, lifetime=timedelta(minutes=5), service=True)
    found = await caller(sign(said, private_key=keys[0], jwks=keys[1]), keys[1])
    assert (found.actor, found.roles, found.scopes) == ("service:billing", frozenset(), frozenset())


async def test_a_token_ends(keys: tuple[Path, Path]) -> None:
    said = claims("anna", now=NOW - timedelta(hours=1), lifetime=timedelta(minutes=5))
    with pytest.raises(Unauthenticated, match="expired"):
        await caller(sign(said, private_key=keys[0], jwks=keys[1]), keys[1])


def test_the_claims_are_these_and_no_others() -> None:
    said = claims("anna", now=NOW, lifetime=timedelta(minutes=5), roles=["admin"], scopes=["a:read", "b:read"])
    assert said == {
        "iss": "crm-local",
        "aud": "crm",
        "sub": "anna",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 300,
        "kind": "user",
        "roles": ["admin"],
        "scope": "a:read b:read",
    }
