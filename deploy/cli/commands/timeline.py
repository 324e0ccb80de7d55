"""Show an element's timeline, and rebuild all of them: `crm timeline`.

`crm timeline deal:ID` names no command: what is none is taken for an element.
"""

import re
from functools import partial
from typing import Annotated, Any

import typer
from crm_contracts.elements import NOUNS
from typer.core import TyperGroup

from deploy.cli import rebuilds, views
from deploy.cli.client import Crm, address
from deploy.cli.commands.runner import OUT, failed, operate
from deploy.cli.progress import Report, remote_bar

_ELEMENT = re.compile(rf"({'|'.join(NOUNS)}):.+")


class _ElementOrCommand(TyperGroup):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help"}:
            args = ["show", *args]
        return super().parse_args(ctx, args)


timeline = typer.Typer(
    cls=_ElementOrCommand,
    help="What happened to an element: crm timeline deal:ID.",
    subcommand_metavar="ELEMENT | rebuild",
    no_args_is_help=True,
)


@timeline.command("show")
def show(
    element: Annotated[str, typer.Argument(help="Such as deal:0199f2a4-...")],
    *,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
) -> None:
    """Show what happened to an element, newest first."""
    if not _ELEMENT.fullmatch(element):
        raise failed(f"{element!r} is not an element: write it as deal:ID or lead:ID")

    async def read(crm: Crm) -> dict[str, Any]:
        found: dict[str, Any] = await crm.get("timeline", address("timeline"), element=element, limit=limit)
        return found

    page = operate(read)
    views.timeline(OUT, element, page["items"])
    if page["next_cursor"]:
        OUT.print(f"(the newest {limit}; --limit shows more)")


@timeline.command("rebuild")
def rebuild(
    *,
    accept_differences: Annotated[
        bool, typer.Option("--accept-differences", help="Switch although it differs, as after a changed narration.")
    ] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Give up the rebuild that is not over.")] = False,
) -> None:
    """Project all timelines again from the topics' beginning, compare, and switch if nothing differs.

    The live timelines continue meanwhile. A rebuild that is not over is followed. Exit code 1: nothing switched.
    """
    try:
        ended = operate(_cancel if cancel else partial(_follow, accepts=accept_differences))
    except KeyboardInterrupt:
        raise failed("It goes on: `crm timeline rebuild` shows it again, with --cancel it is given up.") from None
    if ended is None:
        raise failed("No rebuild is open.")
    views.rebuild(OUT, ended)
    if ended["state"] == "differs":
        raise failed("Nothing was switched. --accept-differences switches, --cancel gives the rebuild up.")
    if ended["state"] != ("cancelled" if cancel else "switched"):
        raise typer.Exit(1)


async def _follow(crm: Crm, *, accepts: bool) -> rebuilds.Rebuild:
    with remote_bar(OUT) as report:
        found = await rebuilds.watch(crm, await rebuilds.begin(crm), partial(_show, report))
        if accepts and found["state"] == "differs":
            found = await rebuilds.watch(crm, await rebuilds.accept(crm, found), partial(_show, report))
    return found


async def _cancel(crm: Crm) -> rebuilds.Rebuild | None:
    found = await rebuilds.newest(crm)
    return None if found is None or found["ended_at"] else await rebuilds.cancel(crm, found)


def _show(report: Report, found: rebuilds.Rebuild) -> None:
    report(f"Rebuilding the timeline: {found['state'].replace('_', ' ')}", found["read"], found["total"])
