"""Write Prometheus's token in a container: `python -m deploy.local.metrics_token PRIVATE_DIR PUBLIC_DIR FILE`.

A new one is written each time the stack is brought up, and expires after a month; Prometheus reads the file at each
scrape.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from deploy.local.keys import make_keys
from deploy.local.tokens import claims, sign

LIFETIME: Final = timedelta(days=30)


def write_token(private: Path, public: Path, file: Path) -> None:
    """Write a token that may only read metrics into a file that only its owner and group can read."""
    keys = make_keys(private, public)
    content = claims("prometheus", now=datetime.now(UTC), lifetime=LIFETIME, scopes=["metrics:read"], service=True)
    file.unlink(missing_ok=True)
    file.touch(mode=0o640)
    file.write_text(sign(content, private_key=keys.private_key, jwks=keys.jwks))


def main(arguments: Sequence[str]) -> None:
    """Run the command, as the module describes it."""
    private, public, file = map(Path, arguments)
    write_token(private, public, file)
    print(f"the token of Prometheus is in {file}")


if __name__ == "__main__":
    main(sys.argv[1:])
