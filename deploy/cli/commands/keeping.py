"""Commands that keep the system going: tokens, and documents that the outbox holds back."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from deploy.cli.client import SERVICES, Crm, Problem, address
from deploy.cli.commands.running import OUT, failed, operate
from deploy.local.keys import make_keys
from deploy.local.stack import LocalStack
from deploy.local.state import local_directory
from deploy.local.tokens import claims, sign

_NOT_FOUND = 404

outbox = typer.Typer(help="Documents whose event Kafka refuses.", no_args_is_help=True)


def token(
    *,
    sub: Annotated[str, typer.Option(help="Who it speaks for.")] = "anna",
    role: Annotated[list[str] | None, typer.Option(help="reader, user or admin; may be repeated.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="Such as leads:read; may be repeated.")] = None,
    service: Annotated[bool, typer.Option("--service", help="It speaks for a service, not for a user.")] = False,
    minutes: Annotated[int, typer.Option(min=1)] = 60,
) -> None:
    """Print a token of the development key; role user, where neither role nor scope is given."""
    stack = LocalStack.load()
    keys = make_keys(local_directory() / "keys")
    private_key, jwks = (Path(stack.private_key), Path(stack.jwks)) if stack else (keys.private_key, keys.jwks)
    said = claims(
        sub,
        now=datetime.now(UTC),
        lifetime=timedelta(minutes=minutes),
        roles=role or ([] if scope else ["user"]),
        scopes=scope or [],
        service=service,
    )
    # Not by Rich, which would wrap it.
    sys.stdout.write(sign(said, private_key=private_key, jwks=jwks) + "\n")


@outbox.command("list")
def held_back() -> None:
    """All documents that are held back, in all services."""

    async def ask(crm: Crm) -> list[list[dict[str, str]]]:
        return list(await asyncio.gather(*(crm.get(name, address("outbox", "quarantined")) for name in SERVICES)))

    found = operate(ask)
    table = Table("service", "collection", "id", "more")
    for name, documents in zip(SERVICES, found, strict=True):
        for document in documents:
            more = {key: value for key, value in document.items() if key not in {"collection", "id"}}
            told = ", ".join(f"{key}: {value}" for key, value in more.items())
            table.add_row(name, document.get("collection"), document.get("id"), told)
    OUT.print(table if table.row_count else "Nothing is held back.")


@outbox.command("release")
def release(collection: str, id_: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Let a document be published again, once the cause is gone."""

    async def ask(crm: Crm) -> list[str]:
        return [name for name in SERVICES if await _released(crm, name, collection, id_)]

    released = operate(ask)
    if not released:
        raise failed(f"Nothing is held back as {collection} {id_}.")
    OUT.print(f"Released by {', '.join(released)}.")


async def _released(crm: Crm, service: str, collection: str, id_: str) -> bool:
    try:
        await crm.post(service, address("outbox", collection, id_, "release"))
    except Problem as problem:
        if problem.status == _NOT_FOUND:
            return False
        raise
    return True
