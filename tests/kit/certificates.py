"""Certificates for servers with TLS, as files."""

from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


@dataclass(frozen=True)
class Certificates:
    """Of an authority, and of a server on 127.0.0.1; all PEM."""

    authority: Path
    server: Path
    """Its key (PKCS 8) and its certificate."""


def make_certificates(directory: Path) -> Certificates:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    made = Certificates(directory / "authority.pem", directory / "server.pem")
    authority.cert_pem.write_to_path(made.authority)
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    made.server.write_bytes(pem + b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    made.server.chmod(0o600)
    return made
