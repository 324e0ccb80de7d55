"""Make a token of the development key: `crm token`."""

import os
import sys
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Final

import typer

from deploy.cli.client import SERVICES
from deploy.cli.commands.runner import expected_failures
from deploy.local.keys import Keys, find_keys
from deploy.local.state import load, local_directory
from deploy.local.tokens import claims, sign

ROLES: Final = ("reader", "user", "admin")
SCOPES: Final = (
    *(f"{service}:{action}" for service in SERVICES for action in ("read", "write", "admin", "dead-letters")),
    "catalog:settings",
    "deals:settings",
    "leads:settings",
    "clients:export",
    "deals:export",
    "metrics:read",
)
"""All that services ask for: by another role or scope a token would be valid, and allow nothing."""


_Department = Annotated[
    str | None, typer.Option(metavar="PATH", help="Where its user works, such as hq/sales; its last part counts.")
]


def _known_role(role: str) -> str:
    if role not in ROLES:
        raise typer.BadParameter(f"no service knows the role {role!r}; there are {', '.join(ROLES)}")
    return role


def _known_scope(scope: str) -> str:
    if scope in SCOPES:
        return scope
    near = get_close_matches(scope, SCOPES, n=1)
    known = f"did you mean {near[0]}?" if near else f"there are {', '.join(SCOPES)}"
    raise typer.BadParameter(f"no service knows the scope {scope!r}; {known}")


def _check_service(roles: list[str] | None, scopes: list[str] | None, department: str | None) -> None:
    if department is not None:
        raise typer.BadParameter("a service works in no department", param_hint="--department")
    if roles:
        raise typer.BadParameter("a service has scopes alone, no roles", param_hint="--role")
    if not scopes:
        raise typer.BadParameter("a service has scopes alone: name them, such as --scope leads:read")


def token(
    *,
    sub: Annotated[str, typer.Option(help="Who it is for.")] = "anna",
    role: Annotated[
        list[str] | None,
        typer.Option(parser=_known_role, metavar="NAME", help="reader, user or admin; may be repeated."),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(parser=_known_scope, metavar="SERVICE:ACTION", help="Such as leads:read; may be repeated."),
    ] = None,
    service: Annotated[
        bool, typer.Option("--service", help="It is for a service, which has scopes alone, not for a user.")
    ] = False,
    department: _Department = None,
    minutes: Annotated[int, typer.Option(min=1)] = 60,
) -> None:
    """Print a token of the development key; role user, where neither role nor scope is given.

    It signs with the key that CRM_PRIVATE_KEY_FILE names, or else with that of the stack on this machine.

    Example: curl -H "Authorization: Bearer $(crm token --role reader)" $LEADS/v1/leads (`crm status` has the addresses)
    """
    if service:
        _check_service(role, scope, department)
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
            department=department,
        )
        # Not by Rich, which would wrap it.
        sys.stdout.write(sign(content, private_key=keys.private_key, jwks=keys.jwks) + "\n")
