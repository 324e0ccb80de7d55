"""Create the key pair that signs development tokens: `python -m deploy.local.keys PRIVATE_DIR PUBLIC_DIR`.

Authentication cannot be switched off: these tokens are the only way into a local stack. The pair is created once and
kept, so that tokens outlive a restart.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import RSAAlgorithm
from uuid_utils.compat import uuid7

from deploy.local.tokens import claims, sign

_BITS: Final = 2048


@dataclass(frozen=True)
class Keys:
    """The files of the pair; services get the public half alone."""

    private_key: Path
    jwks: Path

    def token(self, subject: str, *, roles: Sequence[str] = (), scopes: Sequence[str] = (), minutes: float = 60) -> str:
        """Make a bearer token of a user."""
        content = claims(
            subject, now=datetime.now(UTC), lifetime=timedelta(minutes=minutes), roles=roles, scopes=scopes
        )
        return sign(content, private_key=self.private_key, jwks=self.jwks)


class NoKey(Exception):
    """There is no private key here to sign with."""


def find_keys(folder: Path) -> Keys:
    """Return the pair that `CRM_PRIVATE_KEY_FILE` and `CRM_JWKS_FILE` name, else the one in the folder.

    A new pair is never made here: no running service would trust it.

    Raises:
        NoKey: a file is missing, or cannot be read.
    """
    named = os.environ.get("CRM_PRIVATE_KEY_FILE")
    keys = Keys(
        Path(named) if named else folder / "private.pem",
        Path(os.environ.get("CRM_JWKS_FILE") or (Path(named).parent if named else folder) / "jwks.json"),
    )
    missing = [str(file) for file in (keys.private_key, keys.jwks) if not os.access(file, os.R_OK)]
    if missing:
        raise NoKey(
            f"there is no key to sign a token with: {' and '.join(missing)} cannot be read. `crm up` makes a pair for "
            "the stack on this machine. For another stack mount its pair, and name the files by CRM_PRIVATE_KEY_FILE "
            "and CRM_JWKS_FILE; with docker compose, `docker compose run --rm crm token` has them. Where an issuer of "
            "your own signs, take a token from there"
        )
    return keys


def make_keys(private: Path, public: Path | None = None) -> Keys:
    """Return the pair in these folders (one, where `public` is not given); create it if it does not exist."""
    public = public or private
    keys = Keys(private / "private.pem", public / "jwks.json")
    if keys.private_key.exists() and keys.jwks.exists():
        return keys
    for folder in (private, public):
        folder.mkdir(parents=True, exist_ok=True)
    pair = generate_private_key(public_exponent=65537, key_size=_BITS)
    _write_private(keys.private_key, pair)
    jwk = RSAAlgorithm.to_jwk(pair.public_key(), as_dict=True)
    keys.jwks.write_text(json.dumps({"keys": [{**jwk, "kid": str(uuid7()), "alg": "RS256", "use": "sig"}]}, indent=2))
    keys.jwks.chmod(0o644)
    return keys


def _write_private(file: Path, pair: RSAPrivateKey) -> None:
    file.unlink(missing_ok=True)
    # Never readable by others, not even for a moment.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


if __name__ == "__main__":
    print(f"keys are in {make_keys(Path(sys.argv[1]), Path(sys.argv[2])).jwks.parent}")
