"""Tokens of the development key pair, which is created at set-up and trusted by the local stack alone.

The services check these tokens exactly as they check an issuer's.
"""

import json
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import jwt

ISSUER: Final = "crm-local"
AUDIENCE: Final = "crm"


def trusted() -> dict[str, str]:
    """Return the settings by which services know whom to trust: those of the environment, or else our own."""
    own = {"CRM_JWT_ISSUER": ISSUER, "CRM_JWT_AUDIENCE": AUDIENCE}
    return {name: os.environ.get(name) or default for name, default in own.items()}


def claims(
    subject: str,
    *,
    now: datetime,
    lifetime: timedelta,
    roles: Sequence[str] = (),
    scopes: Sequence[str] = (),
    service: bool = False,
    department: str | None = None,
) -> dict[str, Any]:
    """Return the claims of a token, for the issuer and the audience that the services are set to."""
    whom = trusted()
    return {
        "iss": whom["CRM_JWT_ISSUER"],
        "aud": whom["CRM_JWT_AUDIENCE"],
        "sub": subject,
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
        "kind": "service" if service else "user",
        "roles": list(roles),
        "scope": " ".join(scopes),
        **({} if department is None else {"department": department}),
    }


def sign(content: dict[str, Any], *, private_key: Path, jwks: Path) -> str:
    """Sign claims with the private key (PEM) whose public half is the first of the JWKS; return the token."""
    public = jwt.PyJWK.from_dict(json.loads(jwks.read_text())["keys"][0])
    return jwt.encode(content, private_key.read_text(), algorithm=public.algorithm_name, headers={"kid": public.key_id})
