"""List, show, replay and discard dead letters: `crm dead-letters`."""

from typing import Annotated

import typer
from rich.markup import escape

from deploy.cli import dead_letters, views
from deploy.cli.client import SERVICES, Crm
from deploy.cli.commands.options import AsJson, Yes
from deploy.cli.commands.runner import ERR, OUT, confirm, failed, operate, print_json
from deploy.cli.dead_letters import Criteria
from deploy.cli.progress import bar
from deploy.cli.unreadable import unreadable

app = typer.Typer(help="Records that a service could not handle.", no_args_is_help=True)

Service = Annotated[str | None, typer.Option(help="Of this service alone.")]
Type = Annotated[str | None, typer.Option("--type", help="Such as crm.lead.created.v1.")]
Reason = Annotated[str | None, typer.Option(help="Such as MalformedEvent or not_yet.")]
Topic = Annotated[str | None, typer.Option(help="Received from this topic; leads is short for crm.leads.events.")]


@app.command("list")
def list_(
    *,
    service: Service = None,
    state: Annotated[str, typer.Option(help="open, replayed, discarded or all.")] = "open",
    type_: Type = None,
    reason: Reason = None,
    topic: Topic = None,
    limit: Annotated[int, typer.Option(min=1, help="Of each group; with --json, of all.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the dead letters of all services by service, type and reason, with totals; the newest of each group by id.

    Example: crm dead-letters list --service clients --limit 5
    """
    criteria = Criteria(_known(service), None if state == "all" else state, type_, reason, topic)
    found = operate(lambda crm: dead_letters.list_all(crm, criteria, limit=limit if as_json else None))
    if as_json:
        print_json(found)
    elif found:
        views.dead_letters(OUT, dead_letters.grouped(found), limit)
    else:
        OUT.print("No dead letters.")


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="ID")], *, as_json: AsJson = False) -> None:
    """Show the record, why it was dead-lettered, what of it cannot be read, and its history.

    Example: crm dead-letters show crm.leads.events.clients.dlt@12-19ac5b2f3e1
    """
    found = operate(lambda crm: dead_letters.show(crm, name))
    if as_json:
        print_json(found)
    else:
        views.dead_letter(OUT, found, unreadable(found["record"]))


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
    """Let the service that failed handle them again, oldest first; exit code 1 where one still fails.

    Example: crm dead-letters replay --all --type crm.lead.created.v1
    """
    if bool(names) == all_:
        raise typer.BadParameter("give either ids or --all")
    criteria = Criteria(_known(service), "open", type_, reason, topic)

    async def ask(crm: Crm) -> dict[str, str]:
        chosen = names or await dead_letters.ids_to_replay(crm, criteria)
        with bar("replayed", len(chosen), ERR) as advance:
            return await dead_letters.replay(crm, chosen, advance)

    _report(operate(ask), "done")


@app.command()
def discard(
    names: Annotated[list[str] | None, typer.Argument(metavar="ID...")] = None,
    *,
    because: Annotated[str, typer.Option(help="Why they need no handling; it stays on record.")],
    all_: Annotated[bool, typer.Option("--all", help="All open ones that fit the options; asks first.")] = False,
    service: Service = None,
    type_: Type = None,
    reason: Reason = None,
    topic: Topic = None,
    yes: Yes = False,
) -> None:
    """Mark them as needing no handling; they stay on record. Exit code 1 where one was not discarded.

    Example: crm dead-letters discard --all --reason MalformedEvent --because "records of a test"
    """
    if bool(names) == all_:
        raise typer.BadParameter("give either ids or --all")
    criteria = Criteria(_known(service), "open", type_, reason, topic)
    chosen = names or []
    if all_:
        found = operate(lambda crm: dead_letters.list_all(crm, criteria))
        chosen = [letter["id"] for letter in reversed(found)]
        if found:
            views.dead_letters(ERR, dead_letters.grouped(found), 0)
            confirm(f"Discard {views.counted(len(found), 'dead letter')}?", yes=yes)

    async def mark(crm: Crm) -> dict[str, str]:
        with bar("discarded", len(chosen), ERR) as advance:
            return await dead_letters.discard(crm, chosen, because, advance)

    _report(operate(mark), "discarded")


def _known(service: str | None) -> str | None:
    if service not in {None, *SERVICES}:
        raise typer.BadParameter(f"services are {', '.join(SERVICES)}")
    return service


def _report(ended: dict[str, str], success: str) -> None:
    OUT.print(escape(dead_letters.summary(ended)) or "No dead letters.", soft_wrap=True)
    others = [f"{name}: {outcome}" for name, outcome in ended.items() if outcome != success]
    if others:
        raise failed(*others)
