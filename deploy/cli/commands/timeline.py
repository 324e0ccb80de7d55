"""Show an element's timeline, and rebuild all of them: `crm timeline`.

`crm timeline deal:ID` names no command: what is none is taken for an element.
"""

import re
from functools import partial
from typing import Annotated, Any

import typer
from crm_contracts.elements import ELEMENTS, NOUNS
from typer.core import TyperGroup

from deploy.cli import rebuilds, views
from deploy.cli.answers import NoSuchElement, Problem
from deploy.cli.client import Crm, address
from deploy.cli.commands.options import AsJson
from deploy.cli.commands.runner import OUT, failed, operate, print_json
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
    as_json: AsJson = False,
) -> None:
    """Show what happened to an element, newest first; exit code 1 where there is no such element.

    Example: crm timeline deal:0199f2a4-6c11-7d3e-9b1f-2f6c8a4d1e55
    """
    if not _ELEMENT.fullmatch(element):
        raise failed(f"{element!r} is not an element: write it as deal:ID or lead:ID")

    async def read(crm: Crm) -> dict[str, Any]:
        found: dict[str, Any] = await crm.get("timeline", address("timeline"), element=element, limit=limit)
        if not found["items"] and not await _exists(crm, element):
            raise NoSuchElement(f"there is no {element}")
        return found

    page = operate(read)
    if as_json:
        print_json(page)
        return
    views.timeline(OUT, element, page["items"])
    if page["next_cursor"]:
        OUT.print(f"(the newest {limit}; --limit shows more)")


async def _exists(crm: Crm, element: str) -> bool:
    noun, _, id_ = element.partition(":")
    type_ = ELEMENTS.get(noun)
    if type_ is None:
        return True
    try:
        await crm.get(type_.service, address(type_.plural, id_))
    except Problem as problem:
        return problem.status != 404  # noqa: PLR2004
    return True


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

    Example: crm timeline rebuild --accept-differences
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
