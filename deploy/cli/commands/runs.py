"""Change many records, and look at such runs, pause, resume, cancel or undo them: `crm bulk`, `crm runs`."""

import json
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import typer
from crm_contracts.elements import ELEMENTS
from rich.table import Table

from deploy.cli import runs as following
from deploy.cli.client import Crm
from deploy.cli.commands.options import AsJson, Yes
from deploy.cli.commands.runner import OUT, confirm, failed, operate, print_json
from deploy.cli.progress import Report, remote_bar
from deploy.verify.bulk_runs import RUNNING_SERVICES

runs = typer.Typer(help="Changes of many records.", no_args_is_help=True)
_BULK = {type_.plural: type_.service for type_ in ELEMENTS.values() if type_.service in RUNNING_SERVICES}
_GOES_ON = "It goes on: `crm runs show ID` shows it again, `crm runs cancel ID` ends it."

DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what would become, and write nothing.")]
RunId = Annotated[str, typer.Argument(metavar="ID", help="Of the run.")]


def bulk(
    plural: Annotated[str, typer.Argument(metavar="TYPE", help=", ".join(_BULK))],
    action: Annotated[str, typer.Argument(metavar="ACTION", help="In JSON, as POST /v1/TYPE/bulk takes it.")],
    *,
    filter_: Annotated[str | None, typer.Option("--filter", help="What a record has to be, in JSON.")] = None,
    ids: Annotated[list[str] | None, typer.Option("--id", help="A record; may be given again.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Change many records, and follow that to its end; exit code 1 where not all are as it was wished.

    Example: crm bulk deals '{"type": "assign", "responsible_id": "bob"}' --filter '{"responsible_id": "anna"}'
    """
    if plural not in _BULK:
        raise failed(f"{plural!r} is none of {', '.join(_BULK)}.")
    body = {"action": _read("ACTION", action), "dry_run": dry_run}
    body |= {"ids": ids} if ids else {}
    body |= {} if filter_ is None else {"filter": _read("--filter", filter_)}

    async def change(crm: Crm) -> following.Run:
        started = await following.start(crm, _BULK[plural], plural, body)
        return await follow_run(crm, _BULK[plural], started)

    tell_run(partial(operate, change), as_json=as_json)


@runs.command("list")
def newest(*, limit: Annotated[int, typer.Option(min=1, max=200)] = 20, as_json: AsJson = False) -> None:
    """List the newest runs: an administrator's list has those of all users.

    Example: crm runs list
    """
    found = operate(partial(following.newest, number=limit))
    if as_json:
        print_json(found)
        return
    table = Table("service", "id", "what", "state", "handled", "not done", "by")
    for run in found:
        table.add_row(
            run["service"], run["id"], _what(run), run["state"], _handled(run), str(_left(run)), run["started_by"]
        )
    OUT.print(table if table.row_count else "There are no runs.")


@runs.command("show")
def show(id_: RunId, *, as_json: AsJson = False) -> None:
    """Follow a run until it has ended or is paused; exit code 1 where not all records are as it was wished.

    Example: crm runs show 0199f2a4-6c11-7d3e-9b1f-2f6c8a4d1e55
    """

    async def follow(crm: Crm) -> following.Run:
        return await follow_run(crm, *await following.find(crm, id_))

    tell_run(partial(operate, follow), as_json=as_json)


@runs.command("pause")
def pause(id_: RunId) -> None:
    """Pause a run; what it has in hand is ended.

    Example: crm runs pause 0199f2a4-6c11-7d3e-9b1f-2f6c8a4d1e55
    """
    _control(id_, "pause")


@runs.command("resume")
def resume(id_: RunId) -> None:
    """Let a paused run go on.

    Example: crm runs resume 0199f2a4-6c11-7d3e-9b1f-2f6c8a4d1e55
    """
    _control(id_, "resume")


@runs.command("cancel")
def cancel(id_: RunId) -> None:
    """Cancel a run; what it has changed stays as it is.

    Example: crm runs cancel 0199f2a4-6c11-7d3e-9b1f-2f6c8a4d1e55
    """
    _control(id_, "cancel")


@runs.command("undo")
def undo(id_: RunId, *, dry_run: DryRun = False, yes: Yes = False, as_json: AsJson = False) -> None:
    """Undo what a run of yours changed, within 24 hours of its end, and follow that; what was changed since stays.

    Example: crm runs undo 0199f2a4-6c11-7d3e-9b1f-2f6c8a4d1e55 --dry-run
    """
    if not dry_run:
        _, run = operate(partial(following.find, id_=id_))
        confirm(f"Undo {_what(run)}, {run['counts']['ok']} changed?", yes=yes)

    async def follow(crm: Crm) -> following.Run:
        return await follow_run(crm, *await following.undo(crm, id_, dry_run=dry_run))

    tell_run(partial(operate, follow), as_json=as_json)


def _control(id_: str, how: str) -> None:
    run = operate(partial(following.control, id_=id_, how=how))
    OUT.print(f"{_what(run)}: {run['state']}, {_handled(run)} handled")


async def follow_run(crm: Crm, service: str, run: following.Run) -> following.Run:
    """Follow a run until it has ended or is paused, with a progress bar."""
    with remote_bar(OUT) as report:
        return await following.watch(crm, service, run, partial(_show, report))


def _show(report: Report, run: following.Run) -> None:
    report(run["state"], run["handled"], run["total"] or 0)


def tell_run(run_of: Callable[[], following.Run | None], *, as_json: bool) -> None:
    """Tell how a run ended that is followed; exit code 1 where not all records are as it was wished.

    None stands for no run: nothing was left to do.
    """
    try:
        run = run_of()
    except KeyboardInterrupt:
        raise failed(_GOES_ON) from None
    if run is None:
        OUT.print("Nothing was left to do.")
        return
    if as_json:
        print_json(run)
    else:
        counts = ", ".join(f"{number} {status}" for status, number in run["counts"].items())
        reason = f" ({run['reason']})" if run["reason"] else ""
        OUT.print(f"{run['id']}: {_what(run)}: {run['state']}{reason}, {counts}", soft_wrap=True)
    if run["state"] != "done" or _left(run):
        raise typer.Exit(1)


def _what(run: following.Run) -> str:
    return f"{'rehearse ' if run['dry_run'] else ''}{run['action']['type']} {run['element']}"


def _handled(run: following.Run) -> str:
    return f"{run['handled']} of {run['total']}" if run["total"] else str(run["handled"])


def _left(run: following.Run) -> int:
    return sum(number for status, number in run["counts"].items() if status != "ok")


def _read(what: str, text: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except ValueError as error:
        raise failed(f"{what} is no JSON: {error}") from error
    if not isinstance(read, dict):
        raise failed(f"{what} is no object of JSON.")
    return read
