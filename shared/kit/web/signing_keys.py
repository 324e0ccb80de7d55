"""Load the keys that verify tokens, from a file or an issuer's JWKS."""

import asyncio
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Final, Protocol

import jwt
from jwt import PyJWK, PyJWKClient, PyJWKSet

from shared.kit.domain import Unavailable
from shared.kit.settings import ServiceSettings
from shared.kit.telemetry.logs import log

MAX_STALE_S = 24 * 3600.0
"""How long keys are trusted while their issuer cannot be reached."""

_UNREADABLE: Final = (jwt.PyJWTError, ValueError, TypeError, AttributeError, KeyError, RecursionError, OSError)
"""Whatever reading a JWKS ends with that is away, empty, half written or something else."""


class Unauthenticated(Exception):
    """No valid token; the message is safe to show."""


def key_named_by(token: str) -> str | None:
    """Read from a token, without checking it, the id of the key that it is signed with; None where it names none.

    Raises:
        Unauthenticated: it is not a token.
    """
    try:
        return jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError as error:
        message = "the token is malformed"
        raise Unauthenticated(message) from error


class Keys(Protocol):
    """A source of signing keys."""

    async def named(self, key_id: str | None) -> PyJWK:
        """Find the key with this id.

        Raises:
            Unauthenticated: no such key.
        """
        ...


class KeysUnavailable(Unavailable):
    """The source of the keys fails; only keys that were read before can be verified."""

    code = "keys_unavailable"


class _KnownKeys:
    """The keys as they were last read; while their source fails they remain trusted, and no other is judged."""

    def __init__(self, *, clock: Callable[[], float], trusted_s: float) -> None:
        """Trust the keys of a source that fails for `trusted_s` since they were read."""
        self._clock = clock
        self._trusted_s = trusted_s
        self._keys: Mapping[str | None, PyJWK] = {}
        self._failure: str | None = None
        self.read_at = -math.inf

    def __contains__(self, key_id: str | None) -> bool:
        return key_id in self._keys

    def replace(self, found: PyJWKSet) -> None:
        """Trust these keys and no others."""
        self._keys = {key.key_id: key for key in found.keys}
        self._failure, self.read_at = None, self._clock()

    def fail(self, error: Exception) -> None:
        """Note that the source fails."""
        self._failure = type(error).__name__
        log.warning("signing keys cannot be read", error=self._failure)

    def find(self, key_id: str | None) -> PyJWK:
        """Find a key.

        Raises:
            KeysUnavailable: it is not known, and its source fails.
            Unauthenticated: there is no such key.
        """
        is_stale = self._failure is not None and self._clock() - self.read_at > self._trusted_s
        key = None if is_stale else self._keys.get(key_id)
        if key is not None:
            return key
        if self._failure is not None:
            message = f"The keys of the issuer of tokens cannot be read ({self._failure}); try again later."
            raise KeysUnavailable(message)
        message = "the token is signed with an unknown key"
        raise Unauthenticated(message)


class KeyFile:
    """A JWKS in a file, read again when it changes: for development and mounted secrets.

    A file that is away, empty or half written changes nothing until it can be read again.
    """

    def __init__(self, path: Path) -> None:
        """Read the file at its first use."""
        self._path = path
        self._known = _KnownKeys(clock=monotonic, trusted_s=math.inf)
        self._tried: object = None

    async def named(self, key_id: str | None) -> PyJWK:
        """Find a key: see `Keys`.

        Raises:
            KeysUnavailable: the file cannot be read, and held no such key before.
        """
        self._read_changes()
        return self._known.find(key_id)

    def _read_changes(self) -> None:
        version = _version(self._path)
        if version == self._tried:
            return
        self._tried = version
        try:
            self._known.replace(PyJWKSet.from_dict(json.loads(self._path.read_bytes())))
        except _UNREADABLE as error:
            self._known.fail(error)


def _version(path: Path) -> object:
    """Return what is another whenever the file is: mounted secrets are replaced as a whole."""
    try:
        found = path.stat()
    except OSError as error:
        return type(error)
    return found.st_mtime_ns, found.st_size, found.st_ino


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
        self._known = _KnownKeys(clock=clock, trusted_s=MAX_STALE_S)
        self._tried_at = -math.inf

    async def named(self, key_id: str | None) -> PyJWK:
        """Find a key: see `Keys`.

        Raises:
            KeysUnavailable: the issuer cannot be reached, and the key is not cached.
        """
        if self._is_old() or key_id not in self._known:
            async with self._fetching:  # one fetch for all waiting requests
                if (self._is_old() or key_id not in self._known) and self._may_fetch():
                    await self._fetch()
        return self._known.find(key_id)

    def _is_old(self) -> bool:
        return self._clock() - self._known.read_at > self._lifetime_s

    def _may_fetch(self) -> bool:
        return self._clock() - self._tried_at >= self._cooldown_s

    async def _fetch(self) -> None:
        self._tried_at = self._clock()
        try:
            found = await asyncio.to_thread(self._client.get_jwk_set, refresh=True)
        except _UNREADABLE as error:
            self._known.fail(error)
        else:
            self._known.replace(found)


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
