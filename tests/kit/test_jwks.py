"""Keys that an issuer tells over HTTP: they come, they go, and the issuer may be away."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.kit.web.auth import Authenticator
from shared.kit.web.signing_keys import MAX_STALE_S, KeysUnavailable, KeyUrl, Unauthenticated
from tests.kit.issuer import Issuer, open_issuer
from tests.kit.tokens import AUDIENCE, ISSUER, Signer

LIFETIME_S, COOLDOWN_S = 300.0, 10.0


class Clock:
    """Time goes on when a test says so."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path / "jwks.json")


@pytest.fixture
def issuer(signer: Signer) -> Iterator[Issuer]:
    with open_issuer(signer.jwks_file) as issuer:
        yield issuer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authenticator(issuer: Issuer, clock: Clock) -> Authenticator:
    keys = KeyUrl(issuer.url, lifetime_s=LIFETIME_S, cooldown_s=COOLDOWN_S, clock=clock)
    return Authenticator(keys, issuer=ISSUER, audience=AUDIENCE)


async def test_many_callers_at_once_are_one_question_to_the_issuer(
    authenticator: Authenticator, issuer: Issuer, signer: Signer
) -> None:
    callers = await asyncio.gather(*(authenticator.caller(f"Bearer {signer.token()}") for _ in range(20)))
    assert {caller.actor for caller in callers} == {"user:ann"}
    assert issuer.asked == 1


async def test_a_new_key_is_known_as_soon_as_it_is_used(
    authenticator: Authenticator, signer: Signer, clock: Clock, tmp_path: Path
) -> None:
    await authenticator.caller(f"Bearer {signer.token()}")
    newer = Signer(tmp_path / "newer.json", kid="k2")
    signer.publish(newer)
    clock.pass_by(COOLDOWN_S)
    assert (await authenticator.caller(f"Bearer {newer.token()}")).subject == "ann"


async def test_a_withdrawn_key_is_trusted_no_longer_than_the_lifetime(
    authenticator: Authenticator, signer: Signer, clock: Clock
) -> None:
    await authenticator.caller(f"Bearer {signer.token()}")
    Signer(signer.jwks_file, kid="k2")  # publishes its own key alone
    clock.pass_by(LIFETIME_S - 1)
    await authenticator.caller(f"Bearer {signer.token()}")
    clock.pass_by(2)
    with pytest.raises(Unauthenticated):
        await authenticator.caller(f"Bearer {signer.token()}")


async def test_unknown_keys_do_not_make_us_hammer_the_issuer(
    authenticator: Authenticator, issuer: Issuer, signer: Signer, clock: Clock
) -> None:
    await authenticator.caller(f"Bearer {signer.token()}")
    for n in range(50):
        with pytest.raises(Unauthenticated):
            await authenticator.caller(f"Bearer {signer.token(kid=f'guess {n}')}")
    assert issuer.asked == 1
    clock.pass_by(COOLDOWN_S)
    with pytest.raises(Unauthenticated):
        await authenticator.caller(f"Bearer {signer.token(kid='guess')}")
    assert issuer.asked == 2


@pytest.mark.parametrize("failure", ["away", "rubbish", "no object", "no keys"])
async def test_an_issuer_that_fails_takes_no_access_and_gives_none(
    authenticator: Authenticator, issuer: Issuer, signer: Signer, clock: Clock, failure: str
) -> None:
    """Known keys go on; an unknown one cannot be judged, so the answer is 503 and not 401."""
    await authenticator.caller(f"Bearer {signer.token()}")
    issuer.is_away = failure == "away"
    issuer.rubbish = {"rubbish": b"<html>", "no object": b"[]", "no keys": b'{"keys": []}'}.get(failure)
    clock.pass_by(LIFETIME_S + 1)
    assert (await authenticator.caller(f"Bearer {signer.token()}")).subject == "ann"
    with pytest.raises(KeysUnavailable):
        await authenticator.caller(f"Bearer {signer.token(kid='k2')}")
    issuer.is_away, issuer.rubbish = False, None
    clock.pass_by(COOLDOWN_S)
    with pytest.raises(Unauthenticated):
        await authenticator.caller(f"Bearer {signer.token(kid='k2')}")


async def test_keys_are_not_trusted_for_ever_while_their_issuer_is_away(
    authenticator: Authenticator, issuer: Issuer, signer: Signer, clock: Clock
) -> None:
    await authenticator.caller(f"Bearer {signer.token()}")
    issuer.is_away = True
    clock.pass_by(MAX_STALE_S + 1)
    with pytest.raises(KeysUnavailable):
        await authenticator.caller(f"Bearer {signer.token()}")


async def test_an_issuer_that_never_answered_lets_no_caller_in(
    authenticator: Authenticator, issuer: Issuer, signer: Signer
) -> None:
    issuer.is_away = True
    with pytest.raises(KeysUnavailable):
        await authenticator.caller(f"Bearer {signer.token()}")
