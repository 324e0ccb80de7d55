"""Who calls, and what they may do.

The surprise: there is no switch that turns this off. Development uses a local key pair made at set-up; production
points at an OIDC issuer's JWKS, whose keys may rotate at any time.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import jwt
from jwt import PyJWK, PyJWKClient, PyJWKSet

ALGORITHMS = ("RS256", "ES256", "EdDSA")

ROLES: Mapping[str, frozenset[str]] = {
    "reader": frozenset({"read"}),
    "user": frozenset({"read", "write"}),
    "admin": frozenset({"read", "write", "admin", "dead-letters"}),
}
"""What a role allows on every service; a `scope` allows one action on one service."""


class Unauthenticated(Exception):
    """No token, or one that proves nothing. The message is safe to show."""


class Forbidden(Exception):
    """The caller is known and may not do this; the message names the missing permission."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a valid token speaks for.

    Attributes:
        actor: `user:<sub>` or `service:<sub>`.
        scopes: single permissions such as `leads:read`.
    """

    actor: str
    roles: frozenset[str]
    scopes: frozenset[str]

    @property
    def subject(self) -> str:
        """The user's or service's id."""
        return self.actor.partition(":")[2]

    def may(self, permission: str) -> bool:
        """Whether a role or a scope allows `<service>:<action>`."""
        action = permission.partition(":")[2]
        return permission in self.scopes or any(action in ROLES.get(role, ()) for role in self.roles)


class Keys(Protocol):
    """Where signing keys come from."""

    async def for_token(self, token: str) -> PyJWK:
        """The key that the token says it was signed with.

        Raises:
            Unauthenticated: no such key.
        """
        ...


class KeyFile:
    """A JWKS in a file, read again when it changes: for development and for mounted secrets."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._modified = 0.0
        self._keys: PyJWKSet | None = None

    async def for_token(self, token: str) -> PyJWK:
        """See `Keys`."""
        modified = self._path.stat().st_mtime
        if self._keys is None or modified != self._modified:
            self._keys = PyJWKSet.from_dict(json.loads(self._path.read_text()))
            self._modified = modified
        wanted = _header(token).get("kid")
        for key in self._keys.keys:
            if key.key_id == wanted:
                return key
        message = "the token is signed with an unknown key"
        raise Unauthenticated(message)


class KeyUrl:
    """An issuer's JWKS, fetched when a key is not known yet."""

    def __init__(self, url: str) -> None:
        self._client = PyJWKClient(url, cache_keys=True, lifespan=300, timeout=5)

    async def for_token(self, token: str) -> PyJWK:
        """See `Keys`."""
        try:
            return await asyncio.to_thread(self._client.get_signing_key_from_jwt, token)
        except jwt.PyJWTError as error:
            message = "the token is signed with an unknown key"
            raise Unauthenticated(message) from error


def _header(token: str) -> dict[str, Any]:
    try:
        return jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        message = "the token is malformed"
        raise Unauthenticated(message) from error


class Authenticator:
    """Checks bearer tokens: signature, algorithm, issuer, audience, expiry, subject."""

    def __init__(self, keys: Keys, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    async def caller(self, authorization: str | None) -> Caller:
        """Whoever the `Authorization` header speaks for.

        Raises:
            Unauthenticated: it is missing or proves nothing.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            message = "a bearer token is needed"
            raise Unauthenticated(message)
        key = await self._keys.for_token(token)
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                issuer=self._issuer,
                audience=self._audience,
                leeway=5,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError as error:
            message = "the token has expired"
            raise Unauthenticated(message) from error
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            message = "the token is not valid"
            raise Unauthenticated(message) from error
        kind = "service" if claims.get("kind") == "service" else "user"
        roles = claims.get("roles")
        return Caller(
            actor=f"{kind}:{claims['sub']}",
            roles=frozenset(map(str, roles)) if isinstance(roles, list) else frozenset(),
            scopes=frozenset(str(claims.get("scope") or "").split()),
        )
