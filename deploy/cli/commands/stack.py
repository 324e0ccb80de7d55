"""Commands about the stack: up, down, status, demo.

Note:
    What starts a stack is imported only by the commands that start one: it needs packages that the image of `crm` has
    not, and takes half a second to load.
"""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer
from rich.live import Live
from rich.markup import escape

from deploy.cli import status as statuses
from deploy.cli.commands.options import AsJson, Yes
from deploy.cli.commands.runner import (
    ERR,
    OUT,
    confirm,
    expected_failures,
    failed,
    finish,
    needs_the_repository,
    print_json,
)
from deploy.cli.connection import Connection
from deploy.cli.demo.checks import DemoFailed
from deploy.local import state


def up() -> None:
    """Start everything, with the first usable providers of Kafka and MongoDB, and leave it running.

    It goes on with the data that `crm down` kept. What runs already is shown with its addresses.

    Example: CRM_KAFKA=docker crm up
    """
    with expected_failures():
        running = state.load()
    if running is not None:
        _say(running.describe())
        OUT.print("It runs already. `crm status` shows its state, `crm down` ends it.", soft_wrap=True)
        return
    with expected_failures(), needs_the_repository():
        from deploy.local.stack import LocalStack  # noqa: PLC0415 - see above

    with expected_failures(), LocalStack(default_ports=True, keep_data=True, say=_say) as stack:
        stack.detach()
    OUT.print("Running. `crm token` makes a token, `crm down` ends it and keeps its data.", soft_wrap=True)


def down(
    *,
    forget: Annotated[
        bool, typer.Option("--forget", help="Delete all data of the stack, too, but keys and logs; asks first.")
    ] = False,
    yes: Yes = False,
) -> None:
    """End what `crm up` left running; its data stays for the next `crm up`.

    Example: crm down --forget --yes
    """
    with expected_failures(), needs_the_repository():
        there = state.has_data()
        if forget and there:
            confirm(f"Delete all data of the stack in {state.local_directory()}?", yes=yes)
        ended = state.down(forget=forget)
    data = "" if not there else f" All data is deleted{_left()}." if forget else " Its data is kept."
    OUT.print((f"Ended {', '.join(ended)}." if ended else "Nothing was running.") + data, soft_wrap=True)


def _left() -> str:
    """Say what stays of a stack whose data is deleted."""
    left = [name for name in ("keys", "logs") if (state.local_directory() / name).exists()]
    return f"; {' and '.join(left)} stay in {state.local_directory()}" if left else ""


def status(
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Refresh it until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks of --watch.")] = 2.0,
    as_json: AsJson = False,
) -> None:
    """Show services and providers with their addresses, backlog and dead letters.

    Exit code 1 where a service takes no writes.

    Example: crm status --watch
    """
    if watch and as_json:
        raise typer.BadParameter("--watch shows a table, --json prints once")

    async def ask() -> bool:
        connection = Connection.find()
        async with connection.crm() as crm:
            found = await statuses.services_status(crm)
            if watch:
                with Live(statuses.view(found, connection.servers, OUT.width), console=OUT, auto_refresh=False) as live:
                    while True:
                        await asyncio.sleep(every)
                        found = await statuses.services_status(crm)
                        live.update(statuses.view(found, connection.servers, OUT.width), refresh=True)
        if as_json:
            print_json({"servers": connection.servers, "services": [asdict(one) for one in found]})
        else:
            OUT.print(statuses.view(found, connection.servers, OUT.width))
        return all(one.takes_writes for one in found)

    try:
        if not finish(ask()):
            raise typer.Exit(1)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def run_demo() -> None:
    """Start a fresh stack, convert leads, link a company, print the results, stop everything.

    Example: CRM_KAFKA=tansu crm demo
    """
    with expected_failures(), needs_the_repository():
        from deploy.cli.demo.demo import demo  # noqa: PLC0415 - see above

    try:
        with expected_failures():
            demo(OUT)
    except DemoFailed as error:
        raise failed(f"Not as expected: {error}") from error
    except (KeyboardInterrupt, asyncio.CancelledError):
        ERR.print("Stopped.")
        raise typer.Exit(130) from None


def _say(line: str) -> None:
    OUT.print(escape(line), highlight=False)
