"""Development tokens are real tokens."""

import stat
from pathlib import Path

import pytest

from deploy.local.keys import make_keys
from deploy.local.tokens import AUDIENCE, ISSUER
from shared.kit.web.auth import Authenticator
from shared.kit.web.signing_keys import KeyFile, Unauthenticated


async def test_a_service_accepts_a_token_of_the_local_pair(tmp_path: Path) -> None:
    keys = make_keys(tmp_path)
    services = Authenticator(KeyFile(keys.jwks), issuer=ISSUER, audience=AUDIENCE)
    caller = await services.caller(f"Bearer {keys.token('ann', roles=['user'])}")
    assert caller.actor == "user:ann"
    assert caller.may("leads:write")
    assert not caller.may("leads:admin")


async def test_a_token_of_another_pair_is_refused(tmp_path: Path) -> None:
    keys, others = make_keys(tmp_path / "ours"), make_keys(tmp_path / "theirs")
    services = Authenticator(KeyFile(keys.jwks), issuer=ISSUER, audience=AUDIENCE)
    with pytest.raises(Unauthenticated):
        await services.caller(f"Bearer {others.token('eve', roles=['admin'])}")


def test_the_pair_is_made_once(tmp_path: Path) -> None:
    first = make_keys(tmp_path).jwks.read_text()
    assert make_keys(tmp_path).jwks.read_text() == first


def test_only_the_owner_can_read_the_private_key(tmp_path: Path) -> None:
    keys = make_keys(tmp_path / "private", tmp_path / "public")
    assert stat.S_IMODE(keys.private_key.stat().st_mode) == 0o600
    assert "d" not in keys.jwks.read_text().split('"')[1::2], "the public half must not hold the private exponent"
    assert [file.name for file in (tmp_path / "public").iterdir()] == ["jwks.json"]
