"""Who calls, and what they may do."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from shared.kit.web.auth import LEEWAY_S, Authenticator, Caller
from shared.kit.web.signing_keys import KeyFile, KeysUnavailable, Unauthenticated
from tests.kit.tokens import AUDIENCE, ISSUER, Signer
from tests.kit.waiting import eventually


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path / "jwks.json")


@pytest.fixture
def authenticator(signer: Signer) -> Authenticator:
    return Authenticator(KeyFile(signer.jwks_file), issuer=ISSUER, audience=AUDIENCE)


async def test_a_good_token_names_its_user(authenticator: Authenticator, signer: Signer) -> None:
    caller = await authenticator.caller(f"Bearer {signer.token(scope='leads:read deals:admin')}")
    assert (caller.actor, caller.subject) == ("user:ann", "ann")
    assert caller.scopes == {"leads:read", "deals:admin"}
    service = await authenticator.caller(f"bearer {signer.token(kind='service', sub='billing')}")
    assert service.actor == "service:billing"


async def test_a_token_with_scopes_allows_exactly_these_whatever_its_roles(
    authenticator: Authenticator, signer: Signer
) -> None:
    """PERM-09: also one of an administrator that was made to read."""
    for claims in ({}, {"roles": ["user"]}, {"roles": ["admin"]}, {"is_admin": True}):
        caller = await authenticator.caller(f"Bearer {signer.token(scope='leads:read', **claims)}")
        assert caller.may("leads:read")
        assert not any(map(caller.may, ("leads:write", "deals:read", "leads:dead-letters"))), claims


async def test_what_an_issuer_says_of_the_sign_in_is_no_scope(authenticator: Authenticator, signer: Signer) -> None:
    """PERM-09: every token of OpenID Connect has `openid`; it neither allows anything nor limits the token."""
    caller = await authenticator.caller(f"Bearer {signer.token(scope='openid profile email', roles=['user'])}")
    assert (caller.scopes, caller.may("leads:write")) == (frozenset(), True)
    mixed = await authenticator.caller(f"Bearer {signer.token(scope='openid leads:read', roles=['user'])}")
    assert (mixed.scopes, mixed.may("leads:write")) == (frozenset({"leads:read"}), False)


async def test_the_roles_that_say_nothing_of_records_travel_with_no_event(
    authenticator: Authenticator, signer: Signer
) -> None:
    """PERM-09: `admin` and whatever may be a role of the CRM do."""
    roles = ["user", "reader", "sales", "admin", "Two Words", "", "line\nbreak", " lead"]
    caller = await authenticator.caller(f"Bearer {signer.token(roles=roles)}")
    assert caller.named_roles == ("admin", "sales")
    service = await authenticator.caller(f"Bearer {signer.token(kind='service', roles=roles)}")
    assert service.named_roles == ()


async def test_a_token_tells_the_department_and_whether_its_bearer_is_an_administrator(
    authenticator: Authenticator, signer: Signer
) -> None:
    """PERM-09: of a path the last department counts; roles claim none, and neither word makes a service more."""

    async def named(**claims: Any) -> tuple[str, ...]:
        return (await authenticator.caller(f"Bearer {signer.token(**claims)}")).named_roles

    for path in ("sales", "hq/sales", "/hq/sales"):
        assert await named(department=path) == ("department:sales",)
    for nothing in ("", "hq/", 7, ["sales"], "two words", "line\nbreak"):
        assert await named(department=nothing) == ()
    assert await named(roles=["department:sales"]) == ()
    assert await named(is_admin=True) == ("admin",)
    for no in (False, "true", 1):
        assert await named(is_admin=no) == ()
    service = await authenticator.caller(f"Bearer {signer.token(kind='service', roles=[], is_admin=True)}")
    assert not service.may("leads:read")


async def test_a_token_that_proves_nothing_is_refused(authenticator: Authenticator, signer: Signer) -> None:
    strangers_key = generate_private_key(public_exponent=65537, key_size=2048)
    good = signer.token()
    bad = {
        "missing": None,
        "empty": "Bearer ",
        "another scheme": f"Basic {good}",
        "rubbish": "Bearer rubbish",
        "expired": f"Bearer {signer.token(exp=int(time.time()) - 60)}",
        "signed by a stranger": f"Bearer {signer.token(key=strangers_key)}",
        "unknown key": f"Bearer {signer.token(kid='k9')}",
        "changed": f"Bearer {good[:-8]}{'A' * 8}",
        "another audience": f"Bearer {signer.token(aud='shop')}",
        "another issuer": f"Bearer {signer.token(iss='stranger')}",
        "no subject": f"Bearer {signer.token(sub=None)}",
        "empty subject": f"Bearer {signer.token(sub='')}",
        "a subject that is no text": f"Bearer {signer.token(sub=7)}",
        "a subject that is too long": f"Bearer {signer.token(sub='a' * 256)}",
        "a subject with a control character": f"Bearer {signer.token(sub='ann' + chr(0))}",
        "a subject with half a character": f"Bearer {signer.token(sub='ann' + chr(0xD800))}",
        "a subject of two lines": f"Bearer {signer.token(sub='ann' + chr(10) + 'bob')}",
        "an end that is no number": f"Bearer {signer.token(exp='soon')}",
        "an end without end": f"Bearer {signer.token(exp=float('inf'))}",
        "an end beyond all numbers": f"Bearer {signer.token(exp=10**400)}",
        "a beginning without end": f"Bearer {signer.token(nbf=float('inf'))}",
        "no end": f"Bearer {signer.token(exp=None)}",
        "not valid yet": f"Bearer {signer.token(nbf=int(time.time()) + 600)}",
        "unsigned": f"Bearer {signer.unsigned()}",
        "signed with the public key": f"Bearer {signer.signed_with_the_public_key()}",
    }
    for name, authorization in bad.items():
        try:
            caller = await authenticator.caller(authorization)
        except Unauthenticated:
            continue
        pytest.fail(f"{name}: taken for {caller}")


async def test_keys_rotate_without_a_restart(authenticator: Authenticator, signer: Signer, tmp_path: Path) -> None:
    await authenticator.caller(f"Bearer {signer.token()}")
    newer = Signer(tmp_path / "other.json", kid="k2")
    signer.publish(newer)
    os.utime(signer.jwks_file, (1, 1))
    assert (await authenticator.caller(f"Bearer {newer.token()}")).subject == "ann"


SPOILED = {
    "empty": b"",
    "half written": None,
    "away": None,
    "no object": b"[]",
    "no keys": b'{"keys": []}',
    "nothing that is a key": b'{"keys": [1, {"kty": "RSA", "kid": "k1"}]}',
    "bytes": b"\xff\xfe{",
    "deep": b"[" * 100_000,
}


def spoil(signer: Signer, how: str) -> None:
    whole = signer.jwks_file.read_bytes()
    if how == "away":
        signer.jwks_file.unlink()
    else:
        content = SPOILED[how]
        signer.jwks_file.write_bytes(whole[: len(whole) // 2] if content is None else content)


@pytest.mark.parametrize("how", SPOILED)
async def test_a_key_file_that_is_spoiled_takes_no_access_and_gives_none(
    authenticator: Authenticator, signer: Signer, how: str, tmp_path: Path
) -> None:
    """The last good keys go on; an unknown one cannot be judged, so the answer is 503 and not 401."""
    await authenticator.caller(f"Bearer {signer.token()}")
    spoil(signer, how)
    assert (await authenticator.caller(f"Bearer {signer.token()}")).subject == "ann"
    with pytest.raises(KeysUnavailable):
        await authenticator.caller(f"Bearer {signer.token(kid='k2')}")
    newer = Signer(tmp_path / "newer.json", kid="k2")
    newer.jwks_file.replace(signer.jwks_file)
    assert (await authenticator.caller(f"Bearer {newer.token()}")).subject == "ann"
    with pytest.raises(Unauthenticated):
        await authenticator.caller(f"Bearer {signer.token()}")


@pytest.mark.parametrize("how", SPOILED)
async def test_a_key_file_that_was_never_good_lets_no_caller_in_until_it_is(
    authenticator: Authenticator, signer: Signer, how: str
) -> None:
    spoil(signer, how)
    with pytest.raises(KeysUnavailable, match="cannot be read"):
        await authenticator.caller(f"Bearer {signer.token()}")
    signer.publish()
    assert (await authenticator.caller(f"Bearer {signer.token()}")).subject == "ann"


async def test_a_token_that_was_good_is_refused_once_it_has_expired(
    authenticator: Authenticator, signer: Signer
) -> None:
    good = f"Bearer {signer.token(exp=int(time.time()) - LEEWAY_S + 2)}"
    assert (await authenticator.caller(good)).subject == "ann"

    async def is_refused() -> bool:
        try:
            await authenticator.caller(good)
        except Unauthenticated:
            return True
        return False

    await eventually(is_refused, "the token has expired")


async def test_a_token_that_was_good_is_refused_once_its_key_is_another(
    authenticator: Authenticator, signer: Signer, tmp_path: Path
) -> None:
    good = f"Bearer {signer.token()}"
    assert (await authenticator.caller(good)).subject == "ann"
    stranger = Signer(tmp_path / "other.json", kid=signer.kid)
    signer.jwks_file.write_text(stranger.jwks_file.read_text())
    os.utime(signer.jwks_file, (1, 1))
    with pytest.raises(Unauthenticated):
        await authenticator.caller(good)


def test_a_role_allows_its_actions_on_every_service_and_a_scope_one_on_one() -> None:
    reader = Caller("user:ann", frozenset({"reader"}), frozenset())
    assert reader.may("deals:read")
    assert not reader.may("deals:write")
    writer = Caller("user:ann", frozenset(), frozenset({"leads:write"}))
    assert writer.may("leads:write")
    assert not any(map(writer.may, ("leads:read", "leads:admin", "deals:write")))
    stranger = Caller("user:bob", frozenset({"stranger"}), frozenset())
    assert not stranger.may("leads:read")
