"""Make a token of the development key: `crm token`."""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.commands.runner import expected_failures
from deploy.local.keys import Keys, find_keys
from deploy.local.state import load, local_directory
from deploy.local.tokens import claims, sign


def token(
    *,
    sub: Annotated[str, typer.Option(help="Who it is for.")] = "anna",
    role: Annotated[list[str] | None, typer.Option(help="reader, user or admin; may be repeated.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="Such as leads:read; may be repeated.")] = None,
    service: Annotated[bool, typer.Option("--service", help="It is for a service, not for a user.")] = False,
    minutes: Annotated[int, typer.Option(min=1)] = 60,
) -> None:
    """Print a token of the development key; role user, where neither role nor scope is given.

    It signs with the key that CRM_PRIVATE_KEY_FILE names, or else with that of the stack on this machine.

    Example: curl -H "Authorization: Bearer $(crm token --role reader)" http://127.0.0.1:8101/v1/leads
    """
    with expected_failures():
        stack = None if os.environ.get("CRM_PRIVATE_KEY_FILE") else load()
        keys = Keys(Path(stack.private_key), Path(stack.jwks)) if stack else find_keys(local_directory() / "keys")
        content = claims(
            sub,
            now=datetime.now(UTC),
            lifetime=timedelta(minutes=minutes),
            roles=role or ([] if scope else ["user"]),
            scopes=scope or [],
            service=service,
        )
        # Not by Rich, which would wrap it.
        sys.stdout.write(sign(content, private_key=keys.private_key, jwks=keys.jwks) + "\n")
