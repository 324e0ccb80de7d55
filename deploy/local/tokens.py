"""Tokens of the development key pair, which is made at set-up and trusted by the local stack alone.

The surprise: nothing here is a back door. The services check these tokens exactly as they check an issuer's.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import jwt

ISSUER: Final = "crm-local"
AUDIENCE: Final = "crm"


def claims(
    subject: str,
    *,
    now: datetime,
    lifetime: timedelta,
    roles: Sequence[str] = (),
    scopes: Sequence[str] = (),
    service: bool = False,
) -> dict[str, Any]:
    """What the token says of its bearer."""
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
        "kind": "service" if service else "user",
        "roles": list(roles),
        "scope": " ".join(scopes),
    }


def sign(said: dict[str, Any], *, private_key: Path, jwks: Path) -> str:
    """The token, signed with the private key (PEM) whose public half is the first of the JWKS."""
    public = jwt.PyJWK.from_dict(json.loads(jwks.read_text())["keys"][0])
    return jwt.encode(said, private_key.read_text(), algorithm=public.algorithm_name, headers={"kid": public.key_id})
