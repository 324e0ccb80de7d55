"""Commands about what the services could not handle: dead-letters list, show, replay, discard."""

import json
import sys
from typing import Annotated, Any

import typer
from rich.markup import escape

from deploy.cli import dead_letters, views
from deploy.cli.client import SERVICES, Crm
from deploy.cli.commands.runner import ERR, OUT, failed, operate
from deploy.cli.dead_letters import Wanted
from deploy.cli.progress import bar

app = typer.Typer(help="Records that a service could not handle.", no_args_is_help=True)

Service = Annotated[str | None, typer.Option(help="Of this service alone.")]
Type = Annotated[str | None, typer.Option("--type", help="Such as crm.lead.created.v1.")]
Reason = Annotated[str | None, typer.Option(help="Such as MalformedEvent or not_yet.")]
Topic = Annotated[str | None, typer.Option(help="Heard there; leads is short for crm.leads.events.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, whole.")]


@app.command("list")
def list_(
    *,
    service: Service = None,
    state: Annotated[str, typer.Option(help="open, replayed, discarded or all.")] = "open",
    type_: Type = None,
    reason: Reason = None,
    topic: Topic = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """The newest dead letters of all services."""
    wanted = Wanted(_known(service), None if state == "all" else state, type_, reason, topic)
    found = operate(lambda crm: dead_letters.listed(crm, wanted, limit=limit))
    if as_json:
        _print(found)
    elif found:
        views.dead_letters(OUT, found)
    else:
        OUT.print("No dead letters.")


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="ID")], *, as_json: AsJson = False) -> None:
    """The record, why it was parked, and what was done about it."""
    found = operate(lambda crm: dead_letters.shown(crm, name))
    if as_json:
        _print(found)
    else:
        views.dead_letter(OUT, found)


@app.command()
def replay(
    names: Annotated[list[str] | None, typer.Argument(metavar="ID...")] = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="All open ones that fit the options.")] = False,
    service: Service = None,
    type_: Type = None,
    reason: Reason = None,
    topic: Topic = None,
) -> None:
    """Let the service that failed try again, oldest first; exit code 1 where one is still not handled."""
    if bool(names) == all_:
        raise typer.BadParameter("give either ids or --all")
    wanted = Wanted(_known(service), "open", type_, reason, topic)

    async def ask(crm: Crm) -> dict[str, str]:
        chosen = names or await dead_letters.to_replay(crm, wanted)
        with bar("replayed", len(chosen), ERR) as advance:
            return await dead_letters.replayed(crm, chosen, advance)

    _tell(operate(ask), "done")


@app.command()
def discard(
    names: Annotated[list[str], typer.Argument(metavar="ID...")],
    *,
    because: Annotated[str, typer.Option(help="Why they need no handling; it stays on record.")],
) -> None:
    """Nothing is to be done about these; they stay on record. Exit code 1 where one was not discarded."""
    _tell(operate(lambda crm: dead_letters.discarded(crm, names, because)), "discarded")


def _known(service: str | None) -> str | None:
    if service not in {None, *SERVICES}:
        raise typer.BadParameter(f"services are {', '.join(SERVICES)}")
    return service


def _tell(ended: dict[str, str], well: str) -> None:
    OUT.print(escape(dead_letters.summed(ended)) or "No dead letters.", soft_wrap=True)
    others = [f"{name}: {outcome}" for name, outcome in ended.items() if outcome != well]
    if others:
        raise failed(*others)


def _print(found: Any) -> None:
    # Not by Rich, which would wrap it.
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
