"""Who calls, and what they may do.

The surprise: there is no switch that turns this off. Development uses a local key pair made at set-up; production
points at an OIDC issuer's JWKS, whose keys may rotate at any time.
"""

import asyncio
import json
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic, time
from typing import Any, Protocol

import jwt
from jwt import PyJWK, PyJWKClient, PyJWKSet

from shared.kit.domain import Unavailable
from shared.kit.observability import log

LEEWAY_S = 5
"""Clocks differ."""

MAX_CHECKED = 1_000
"""Tokens that are known again."""

MAX_STALE_S = 24 * 3600.0
"""How long keys are trusted while their issuer cannot be asked."""

ALGORITHMS = ("RS256", "ES256", "EdDSA")

ROLES: Mapping[str, frozenset[str]] = {
    "reader": frozenset({"read"}),
    "user": frozenset({"read", "write"}),
    "admin": frozenset({"read", "write", "admin", "dead-letters", "export"}),
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


class KeysUnavailable(Unavailable):
    """The issuer does not tell its keys, so nobody can be recognised who has not been before."""

    code = "keys_unavailable"


class KeyUrl:
    """An issuer's JWKS: asked again when it is old or a key is not known, but never more often than the cooldown.

    The surprise: an issuer that is away takes nobody's access who has it. The keys known last go on being trusted for
    a day; a token of an unknown key is then neither good nor bad, and its bearer is told to come back.
    """

    def __init__(
        self,
        url: str,
        *,
        lifetime_s: float = 300.0,
        cooldown_s: float = 10.0,
        timeout_s: float = 5.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """A withdrawn key is trusted for `lifetime_s` at most; `clock` gives seconds."""
        self._client = PyJWKClient(url, cache_keys=False, cache_jwk_set=False, timeout=timeout_s)
        self._lifetime_s = lifetime_s
        self._cooldown_s = cooldown_s
        self._clock = clock
        self._asking = asyncio.Lock()
        self._keys: Mapping[str | None, PyJWK] = {}
        self._fetched_at = self._asked_at = -math.inf
        self._failed = False

    async def for_token(self, token: str) -> PyJWK:
        """See `Keys`.

        Raises:
            KeysUnavailable: the issuer does not answer, and the key is none of those known before.
        """
        wanted = _header(token).get("kid")
        if self._is_old() or wanted not in self._keys:
            async with self._asking:  # one question for all who wait
                if (self._is_old() or wanted not in self._keys) and self._may_ask():
                    await self._ask()
        key = self._keys.get(wanted)
        if key is None and self._failed:
            raise KeysUnavailable("The issuer of tokens cannot be asked for its keys; try again later.")
        if key is None:
            message = "the token is signed with an unknown key"
            raise Unauthenticated(message)
        return key

    def _is_old(self) -> bool:
        return self._clock() - self._fetched_at > self._lifetime_s

    def _may_ask(self) -> bool:
        return self._clock() - self._asked_at >= self._cooldown_s

    async def _ask(self) -> None:
        self._asked_at = self._clock()
        try:
            found = await asyncio.to_thread(self._client.get_jwk_set, refresh=True)
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, OSError) as error:
            self._failed = True
            if self._clock() - self._fetched_at > MAX_STALE_S:
                self._keys = {}
            log.warning("the issuer does not tell its keys", error=type(error).__name__)
        else:
            self._failed = False
            self._keys = {key.key_id: key for key in found.keys}
            self._fetched_at = self._clock()


def _header(token: str) -> dict[str, Any]:
    try:
        return jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        message = "the token is malformed"
        raise Unauthenticated(message) from error


@dataclass(frozen=True)
class _Checked:
    """What was found of a token, as long as its key is the same and it has not expired."""

    key: PyJWK
    expires_at: float
    caller: Caller


class Authenticator:
    """Checks bearer tokens: signature, algorithm, issuer, audience, expiry, subject.

    The surprise: a token that was found good is known again by its hash; its key and its expiry count each time.
    """

    def __init__(self, keys: Keys, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._checked: OrderedDict[bytes, _Checked] = OrderedDict()

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
        hashed = sha256(token.encode(errors="surrogateescape")).digest()
        known = self._checked.get(hashed)
        if known is not None and known.key is key and time() < known.expires_at:
            return known.caller
        caller, expires_at = self._check(token, key)
        self._checked[hashed] = _Checked(key, expires_at, caller)
        if len(self._checked) > MAX_CHECKED:
            self._checked.popitem(last=False)
        return caller

    def _check(self, token: str, key: PyJWK) -> tuple[Caller, float]:
        """Whose it is, and when it expires."""
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError as error:
            message = "the token has expired"
            raise Unauthenticated(message) from error
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            message = "the token is not valid"
            raise Unauthenticated(message) from error
        if not claims["sub"]:
            message = "the token names nobody"
            raise Unauthenticated(message)
        kind = "service" if claims.get("kind") == "service" else "user"
        roles = claims.get("roles")
        caller = Caller(
            actor=f"{kind}:{claims['sub']}",
            roles=frozenset(map(str, roles)) if isinstance(roles, list) else frozenset(),
            scopes=frozenset(str(claims.get("scope") or "").split()),
        )
        return caller, float(claims["exp"]) + LEEWAY_S
