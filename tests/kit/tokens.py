"""Signing keys and tokens, good and bad."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ISSUER, AUDIENCE = "crm-local", "crm"


class Signer:
    """One key pair, published in a JWKS file."""

    def __init__(self, jwks_file: Path, kid: str = "k1") -> None:
        self.key: RSAPrivateKey = generate_private_key(public_exponent=65537, key_size=2048)
        self.kid, self.jwks_file = kid, jwks_file
        self.publish()

    def publish(self, *others: "Signer") -> None:
        keys = []
        for signer in (self, *others):
            jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(signer.key.public_key()))
            keys.append({**jwk, "kid": signer.kid, "alg": "RS256", "use": "sig"})
        self.jwks_file.write_text(json.dumps({"keys": keys}))

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "exp": now + 300, "roles": ["user"], **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, *, key: RSAPrivateKey | None = None, kid: str | None = None, **changes: Any) -> str:
        """A good token, but for the changes; a claim changed to None is left out."""
        return jwt.encode(self.claims(**changes), key or self.key, "RS256", headers={"kid": kid or self.kid})

    def unsigned(self) -> str:
        """`alg` none: anybody can make it."""
        return _token({"alg": "none", "kid": self.kid, "typ": "JWT"}, self.claims(), lambda _: b"")

    def signed_with_the_public_key(self) -> str:
        """HS256 with the public key as its secret, which everybody knows."""
        secret = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        header = {"alg": "HS256", "kid": self.kid, "typ": "JWT"}
        return _token(header, self.claims(), lambda text: hmac.digest(secret, text, hashlib.sha256))


def _token(header: dict[str, str], claims: dict[str, Any], sign: Any) -> str:
    def encoded(data: bytes) -> bytes:
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    text = encoded(json.dumps(header).encode()) + b"." + encoded(json.dumps(claims).encode())
    signature: bytes = sign(text)
    return (text + b"." + encoded(signature)).decode()
