"""Show and choose whether leads stay, or become deals at once: `crm mode`."""

from typing import Annotated, Any, Literal

import typer

from deploy.cli.client import Crm, address
from deploy.cli.commands.options import AsJson, Yes
from deploy.cli.commands.runner import OUT, confirm, operate, print_json
from deploy.cli.commands.runs import DryRun, follow_run, tell_run

mode = typer.Typer(
    help="Whether leads stay (classic), or become deals at once (simple); alone it shows which.",
    invoke_without_command=True,
)
_MODE = address("settings", "mode")

Client = Annotated[
    Literal["contact", "company", "both"], typer.Option(help="What is made of a caller who is no client yet.")
]


@mode.callback()
def show(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show the mode, what leads become, and who chose it.

    Example: crm mode
    """
    if context.invoked_subcommand is None:
        _print(operate(lambda crm: crm.get("leads", _MODE)), as_json=as_json)


@mode.command("classic")
def classic(*, as_json: AsJson = False) -> None:
    """Have leads stay until they are converted; deals stay as they are.

    Example: crm mode classic
    """
    _print(operate(lambda crm: _choose(crm, {"mode": "classic"})), as_json=as_json)


@mode.command("simple")
def simple(
    *,
    client: Client = "contact",
    pipeline: Annotated[str, typer.Option(metavar="ID", help="Of the deals.")] = "default",
    keep_activities: Annotated[
        bool, typer.Option("--keep-activities", help="Leave open activities open, in the deal.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Convert leads at once from now on, and those that are active by a run, which is followed to its end.

    Exit code 1 where not all could be converted: `crm runs show ID` shows it again.

    Example: crm mode simple --client both --pipeline sales --keep-activities
    """
    activities = "keep_open" if keep_activities else "complete"
    body = {"conversion": {"client": client, "pipeline_id": pipeline, "activities": activities}}
    if not dry_run:
        confirm("Convert all active leads, and new ones at once?", yes=yes)

    async def switch(crm: Crm) -> dict[str, Any] | None:
        if dry_run:
            started: dict[str, Any] = (await crm.post("leads", f"{_MODE}/preview", body)).body
            return await follow_run(crm, "leads", started)
        chosen = await _choose(crm, {"mode": "simple", **body})
        if chosen["run_id"] is None:
            return None
        return await follow_run(crm, "leads", await crm.get("leads", address("runs", chosen["run_id"])))

    def followed() -> dict[str, Any] | None:
        return operate(switch)

    tell_run(followed, as_json=as_json)


async def _choose(crm: Crm, body: dict[str, Any]) -> dict[str, Any]:
    chosen: dict[str, Any] = (await crm.put("leads", _MODE, body)).body
    return chosen


def _print(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    terms = found["conversion"]
    OUT.print(f"{found['mode']}, chosen by {found['changed_by']} at {found['changed_at']}", soft_wrap=True)
    OUT.print(
        f"leads become: {terms['client']} and a deal in {terms['pipeline_id']}, activities: {terms['activities']}",
        soft_wrap=True,
    )
