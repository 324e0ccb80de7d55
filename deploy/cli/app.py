"""The operator's command: `crm --help` lists what it can do.

All data goes through the public HTTP API, so another program can do whatever `crm` does. Only `crm verify` reads
databases and topics directly: it trusts no service.
"""

import os
from typing import Annotated, Final

import typer

from deploy.cli.commands import (
    access,
    board,
    convert,
    dataset,
    dead_letters,
    import_export,
    mode,
    outbox,
    runs,
    stack,
    timeline,
    token,
    topics,
    trace,
    verify,
)
from shared.kit.settings import installed_version

_RUN: Final = "Run"
_OPERATE: Final = "Operate"
_DATA: Final = "Data"

app = typer.Typer(
    name="crm",
    help="Runs and operates the CRM.",
    epilog="Exit codes: 0 done, 1 refused or not as it should be, 2 used wrongly, 130 stopped by Ctrl-C.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)


def _show_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"crm {os.environ.get('CRM_VERSION') or installed_version()}")
        raise typer.Exit


@app.callback()
def main(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=lambda wanted: _show_version(wanted=wanted), is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Runs and operates the CRM."""


app.command("up", rich_help_panel=_RUN)(stack.up)
app.command("down", rich_help_panel=_RUN)(stack.down)
app.command("demo", rich_help_panel=_RUN)(stack.run_demo)
app.command("dataset", rich_help_panel=_RUN)(dataset.dataset)
app.command("token", rich_help_panel=_RUN)(token.token)
app.command("status", rich_help_panel=_OPERATE)(stack.status)
app.command("verify", rich_help_panel=_OPERATE)(verify.verify)
app.command("trace", rich_help_panel=_OPERATE)(trace.trace)
app.add_typer(dead_letters.app, name="dead-letters", rich_help_panel=_OPERATE)
app.add_typer(outbox.outbox, name="outbox", rich_help_panel=_OPERATE)
app.add_typer(timeline.timeline, name="timeline", rich_help_panel=_OPERATE)
app.add_typer(access.roles, name="roles", rich_help_panel=_OPERATE)
app.add_typer(access.departments, name="departments", rich_help_panel=_OPERATE)
app.add_typer(mode.mode, name="mode", rich_help_panel=_OPERATE)
app.add_typer(topics.app, name="topics", rich_help_panel=_OPERATE)
app.command("import", rich_help_panel=_DATA)(import_export.import_file)
app.command("export", rich_help_panel=_DATA)(import_export.export_file)
app.command("convert", rich_help_panel=_DATA)(convert.convert)
app.command("board", rich_help_panel=_DATA)(board.board)
app.command("bulk", rich_help_panel=_DATA)(runs.bulk)
app.add_typer(runs.runs, name="runs", rich_help_panel=_DATA)

if __name__ == "__main__":
    app()
