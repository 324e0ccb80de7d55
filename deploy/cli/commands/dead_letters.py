"""List, show, replay and discard dead letters: `crm dead-letters`."""

import json
import sys
from typing import Annotated, Any

import typer
from rich.markup import escape

from deploy.cli import dead_letters, views
from deploy.cli.client import SERVICES, Crm
from deploy.cli.commands.runner import ERR, OUT, failed, operate
from deploy.cli.dead_letters import Criteria
from deploy.cli.progress import bar

app = typer.Typer(help="Records that a service could not handle.", no_args_is_help=True)

Service = Annotated[str | None, typer.Option(help="Of this service alone.")]
Type = Annotated[str | None, typer.Option("--type", help="Such as crm.lead.created.v1.")]
Reason = Annotated[str | None, typer.Option(help="Such as MalformedEvent or not_yet.")]
Topic = Annotated[str | None, typer.Option(help="Received from this topic; leads is short for crm.leads.events.")]
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
    """List the newest dead letters of all services."""
    criteria = Criteria(_known(service), None if state == "all" else state, type_, reason, topic)
    found = operate(lambda crm: dead_letters.list_all(crm, criteria, limit=limit))
    if as_json:
        _print(found)
    elif found:
        views.dead_letters(OUT, found)
    else:
        OUT.print("No dead letters.")


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="ID")], *, as_json: AsJson = False) -> None:
    """Show the record, why it was dead-lettered, and its history."""
    found = operate(lambda crm: dead_letters.show(crm, name))
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
    """Let the service that failed handle them again, oldest first; exit code 1 where one still fails."""
    if bool(names) == all_:
        raise typer.BadParameter("give either ids or --all")
    criteria = Criteria(_known(service), "open", type_, reason, topic)

    async def ask(crm: Crm) -> dict[str, str]:
        chosen = names or await dead_letters.names_to_replay(crm, criteria)
        with bar("replayed", len(chosen), ERR) as advance:
            return await dead_letters.replay(crm, chosen, advance)

    _report(operate(ask), "done")


@app.command()
def discard(
    names: Annotated[list[str], typer.Argument(metavar="ID...")],
    *,
    because: Annotated[str, typer.Option(help="Why they need no handling; it stays on record.")],
) -> None:
    """Mark these as needing no handling; they stay on record. Exit code 1 where one was not discarded."""
    _report(operate(lambda crm: dead_letters.discard(crm, names, because)), "discarded")


def _known(service: str | None) -> str | None:
    if service not in {None, *SERVICES}:
        raise typer.BadParameter(f"services are {', '.join(SERVICES)}")
    return service


def _report(ended: dict[str, str], success: str) -> None:
    OUT.print(escape(dead_letters.summary(ended)) or "No dead letters.", soft_wrap=True)
    others = [f"{name}: {outcome}" for name, outcome in ended.items() if outcome != success]
    if others:
        raise failed(*others)


def _print(found: Any) -> None:
    # Not by Rich, which would wrap it.
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
