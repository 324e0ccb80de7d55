"""Authenticate callers by bearer token, and check their permissions.

No setting turns this off. Development uses a local key pair made at set-up, production an OIDC issuer's JWKS, whose
keys may rotate at any time.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from time import time
from typing import Any

import jwt
from jwt import PyJWK

from shared.kit.domain import IN_DEPARTMENT
from shared.kit.web.signing_keys import Keys, Unauthenticated, key_named_by

LEEWAY_S = 5
"""Tolerated difference of clocks."""

MAX_EXPIRY_S = 2**40
"""Seconds since 1970; no token expires later."""

MAX_SUBJECT = 255
"""Characters of a subject, as in OpenID Connect."""

MAX_CHECKED = 1_000
"""Tokens whose check is remembered."""

ALGORITHMS = ("RS256", "ES256", "EdDSA")

ROLES: Mapping[str, frozenset[str]] = {
    "reader": frozenset({"read"}),
    "user": frozenset({"read", "write"}),
    "admin": frozenset({"read", "write", "admin", "dead-letters", "export", "settings"}),
}
"""Actions that a role allows on every service; a `scope` allows one action on one service."""

_ADMINISTRATOR = frozenset({"admin"})
"""The role of users of whom a token says `is_admin`."""

ROUTES_ALONE = frozenset({"reader", "user"})
"""The roles among them that say nothing of single records."""


class Forbidden(Exception):
    """The caller lacks permissions, which the message names."""

    def __init__(self, *permissions: str) -> None:
        super().__init__(", ".join(permissions))
        self.permissions = permissions


@dataclass(frozen=True, slots=True)
class Caller:
    """The subject of a valid token.

    Attributes:
        actor: `user:<sub>` or `service:<sub>`; of a request without a token, who proves itself by something else.
        scopes: single permissions such as `leads:read`; a token that has any allows these alone, whatever its roles.
        opened: permissions that something else than the token has given for this request.
        department: id of the department that a user works in; None where the token does not tell.
    """

    actor: str
    roles: frozenset[str]
    scopes: frozenset[str]
    department: str | None = None
    opened: frozenset[str] = frozenset()

    @property
    def is_user(self) -> bool:
        """Whether it is a person, and no service account."""
        return self.actor.startswith("user:")

    @property
    def is_limited(self) -> bool:
        """Whether the token has scopes, so that nothing else opens anything to it."""
        return bool(self.scopes)

    @property
    def subject(self) -> str:
        """The user's or service's id."""
        return self.actor.partition(":")[2]

    @property
    def named_roles(self) -> tuple[str, ...]:
        """Roles of a user's token that say more than which routes are open to it, as its events name them.

        The department of the token is among them, as `department:<id>`.
        """
        if not self.is_user:
            return ()
        named = self.roles - ROUTES_ALONE
        if self.department is not None:
            named |= {f"{IN_DEPARTMENT}{self.department}"}
        # A header has them, parted by spaces; what has one itself cannot be the id of a role.
        return tuple(sorted(role for role in named if role.isprintable() and role.split() == [role]))

    def may(self, permission: str) -> bool:
        """Return whether a scope allows `<service>:<action>`, or a role, or whether it was opened to this request."""
        if self.is_limited:
            return permission in self.scopes
        action = permission.partition(":")[2]
        return permission in self.opened or any(action in ROLES.get(role, ()) for role in self.roles)


def check_permission(caller: Caller, *permissions: str) -> None:
    """Check that the caller has all of these permissions.

    Raises:
        Forbidden: naming each that neither a role nor a scope of the caller allows.
    """
    missing = [permission for permission in permissions if not caller.may(permission)]
    if missing:
        raise Forbidden(*missing)


@dataclass(frozen=True)
class _Checked:
    """The checked content of a token, valid as long as its key is the same and it has not expired."""

    key_id: str | None
    key: PyJWK
    expires_at: float
    caller: Caller


class Authenticator:
    """Checks bearer tokens: signature, algorithm, issuer, audience, expiry, subject.

    A valid token is remembered by its hash; its key and its expiry are checked each time.
    """

    def __init__(self, keys: Keys, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._checked: OrderedDict[bytes, _Checked] = OrderedDict()

    async def caller(self, authorization: str | None) -> Caller:
        """Authenticate the caller by the `Authorization` header.

        Raises:
            Unauthenticated: it is missing or invalid.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            message = "a bearer token is needed"
            raise Unauthenticated(message)
        hashed = sha256(token.encode(errors="surrogateescape")).digest()
        known = self._checked.get(hashed)
        key_id = known.key_id if known is not None else key_named_by(token)
        key = await self._keys.named(key_id)
        if known is not None and known.key is key and time() < known.expires_at:
            return known.caller
        caller, expires_at = self._check(token, key)
        self._checked[hashed] = _Checked(key_id, key, expires_at, caller)
        if len(self._checked) > MAX_CHECKED:
            self._checked.popitem(last=False)
        return caller

    def _check(self, token: str, key: PyJWK) -> tuple[Caller, float]:
        """Check a token, and return its caller and expiry."""
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
        except (jwt.PyJWTError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            message = "the token is not valid"
            raise Unauthenticated(message) from error
        subject, expires_at = claims["sub"], claims["exp"]
        # It is stored in every record and sent in a header of every event.
        if not (1 <= len(subject) <= MAX_SUBJECT and subject.isprintable()):
            message = f"the subject of the token is not {MAX_SUBJECT} printable characters at most"
            raise Unauthenticated(message)
        if not isinstance(expires_at, (int, float)) or expires_at > MAX_EXPIRY_S:
            message = "the token has no valid expiry"
            raise Unauthenticated(message)
        kind = "service" if claims.get("kind") == "service" else "user"
        caller = Caller(
            actor=f"{kind}:{subject}",
            roles=_roles_in(claims) | (_ADMINISTRATOR if kind == "user" and claims.get("is_admin") is True else set()),
            scopes=_scopes_in(claims),
            department=_department_in(claims),
        )
        return caller, float(expires_at) + LEEWAY_S


def _roles_in(claims: Mapping[str, Any]) -> frozenset[str]:
    roles = claims.get("roles")
    named = map(str, roles) if isinstance(roles, list) else ()
    return frozenset(role for role in named if not role.startswith(IN_DEPARTMENT))


def _scopes_in(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return the permissions among the scopes: `openid` and the like say nothing of what a token allows."""
    return frozenset(scope for scope in str(claims.get("scope") or "").split() if ":" in scope)


def _department_in(claims: Mapping[str, Any]) -> str | None:
    """Return the department that a user works in: the last one of a path such as `hq/sales`."""
    path = claims.get("department")
    return path.rpartition("/")[2] or None if isinstance(path, str) else None
