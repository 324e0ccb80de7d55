"""Read the keys that sign tokens, from a file or an issuer's JWKS."""

import asyncio
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import jwt
from jwt import PyJWK, PyJWKClient, PyJWKSet

from shared.kit.domain import Unavailable
from shared.kit.telemetry.logs import log

MAX_STALE_S = 24 * 3600.0
"""How long keys are trusted while their issuer cannot be asked."""


class Unauthenticated(Exception):
    """No token, or one that proves nothing. The message is safe to show."""


def unverified_header(token: str) -> dict[str, Any]:
    """The header of a token whose signature was not checked yet.

    Raises:
        Unauthenticated: it is no token.
    """
    try:
        return jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        message = "the token is malformed"
        raise Unauthenticated(message) from error


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
        wanted = unverified_header(token).get("kid")
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
        wanted = unverified_header(token).get("kid")
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
