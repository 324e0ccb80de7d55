"""List and release documents that the outbox holds back: `crm outbox`."""

import asyncio
from typing import Annotated

import typer
from rich.table import Table

from deploy.cli.answers import Problem
from deploy.cli.client import SERVICES, Crm, address
from deploy.cli.commands.options import AsJson
from deploy.cli.commands.runner import OUT, failed, operate, print_json

_NOT_FOUND = 404

outbox = typer.Typer(help="Documents whose event Kafka refuses.", no_args_is_help=True)


@outbox.command("list")
def held_back(*, as_json: AsJson = False) -> None:
    """List all documents that are held back, in all services.

    Example: crm outbox list
    """

    async def read(crm: Crm) -> list[list[dict[str, str]]]:
        pages = await asyncio.gather(*(crm.get(name, address("outbox", "quarantined")) for name in SERVICES))
        return [page["items"] for page in pages]

    found = operate(read)
    if as_json:
        print_json([{"service": name, **one} for name, held in zip(SERVICES, found, strict=True) for one in held])
        return
    table = Table("service", "collection", "id", "more")
    for name, documents in zip(SERVICES, found, strict=True):
        for document in documents:
            more = {key: value for key, value in document.items() if key not in {"collection", "id"}}
            shown = ", ".join(f"{key}: {value}" for key, value in more.items())
            table.add_row(name, document.get("collection"), document.get("id"), shown)
    OUT.print(table if table.row_count else "Nothing is held back.")


@outbox.command("release")
def release(collection: str, id_: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Let a document be published again, once the cause is gone.

    Example: crm outbox release deals 0199f2a4-6c11-7d3e-9b1f-2f6c8a4d1e55
    """

    async def release_in(crm: Crm) -> list[str]:
        return [name for name in SERVICES if await _released(crm, name, collection, id_)]

    released = operate(release_in)
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
