"""Load the keys that verify tokens, from a file or an issuer's JWKS."""

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
from shared.kit.settings import ServiceSettings
from shared.kit.telemetry.logs import log

MAX_STALE_S = 24 * 3600.0
"""How long keys are trusted while their issuer cannot be reached."""


class Unauthenticated(Exception):
    """No valid token; the message is safe to show."""


def unverified_header(token: str) -> dict[str, Any]:
    """Read the header of a token without checking the signature.

    Raises:
        Unauthenticated: it is not a token.
    """
    try:
        return jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        message = "the token is malformed"
        raise Unauthenticated(message) from error


class Keys(Protocol):
    """A source of signing keys."""

    async def for_token(self, token: str) -> PyJWK:
        """Find the key that the token names as its signing key.

        Raises:
            Unauthenticated: no such key.
        """
        ...


class KeyFile:
    """A JWKS in a file, read again when it changes: for development and mounted secrets."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._modified = 0.0
        self._keys: PyJWKSet | None = None

    async def for_token(self, token: str) -> PyJWK:
        """Find the token's key: see `Keys`."""
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
    """The issuer's JWKS cannot be fetched; only cached keys can be verified."""

    code = "keys_unavailable"


class KeyUrl:
    """An issuer's JWKS, fetched again when it is old or a key is unknown, within a cooldown.

    While the issuer is away, cached keys are trusted for a day; a token of an unknown key is then neither accepted nor
    rejected, and the caller is asked to retry.
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
        """Trust a withdrawn key for `lifetime_s` at most; `clock` returns seconds."""
        self._client = PyJWKClient(url, cache_keys=False, cache_jwk_set=False, timeout=timeout_s)
        self._lifetime_s = lifetime_s
        self._cooldown_s = cooldown_s
        self._clock = clock
        self._fetching = asyncio.Lock()
        self._keys: Mapping[str | None, PyJWK] = {}
        self._fetched_at = self._tried_at = -math.inf
        self._failed = False

    async def for_token(self, token: str) -> PyJWK:
        """Find the token's key: see `Keys`.

        Raises:
            KeysUnavailable: the issuer cannot be reached, and the key is not cached.
        """
        wanted = unverified_header(token).get("kid")
        if self._is_old() or wanted not in self._keys:
            async with self._fetching:  # one fetch for all waiting requests
                if (self._is_old() or wanted not in self._keys) and self._may_fetch():
                    await self._fetch()
        key = self._keys.get(wanted)
        if key is None and self._failed:
            raise KeysUnavailable("The issuer of tokens cannot be asked for its keys; try again later.")
        if key is None:
            message = "the token is signed with an unknown key"
            raise Unauthenticated(message)
        return key

    def _is_old(self) -> bool:
        return self._clock() - self._fetched_at > self._lifetime_s

    def _may_fetch(self) -> bool:
        return self._clock() - self._tried_at >= self._cooldown_s

    async def _fetch(self) -> None:
        self._tried_at = self._clock()
        try:
            found = await asyncio.to_thread(self._client.get_jwk_set, refresh=True)
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, OSError) as error:
            self._failed = True
            if self._clock() - self._fetched_at > MAX_STALE_S:
                self._keys = {}
            log.warning("signing keys cannot be fetched", error=type(error).__name__)
        else:
            self._failed = False
            self._keys = {key.key_id: key for key in found.keys}
            self._fetched_at = self._clock()


def keys_of(settings: ServiceSettings) -> Keys:
    """Choose the source of signing keys.

    Raises:
        ValueError: the settings name none.
    """
    if settings.jwks_file is not None:
        return KeyFile(settings.jwks_file)
    if settings.jwks_url is None:
        message = "CRM_JWKS_FILE or CRM_JWKS_URL must say where the signing keys are"
        raise ValueError(message)
    return KeyUrl(settings.jwks_url, lifetime_s=settings.jwks_lifetime_s, cooldown_s=settings.jwks_cooldown_s)
