"""The operator's command: `crm --help` lists what it can do.

All data goes through the public HTTP API, so another program can do whatever `crm` does. Only `crm verify` reads
databases and topics directly: it trusts no service.
"""

import typer

from deploy.cli.commands import (
    convert,
    dataset,
    dead_letters,
    import_export,
    outbox,
    stack,
    timeline,
    token,
    trace,
    verify,
)

app = typer.Typer(name="crm", help="Runs and operates the CRM.", no_args_is_help=True, add_completion=False)

app.command("up")(stack.up)
app.command("down")(stack.down)
app.command("status")(stack.status)
app.command("topics")(stack.topics)
app.command("demo")(stack.run_demo)
app.command("token")(token.token)
app.add_typer(outbox.outbox, name="outbox")
app.add_typer(dead_letters.app, name="dead-letters")
app.command("import")(import_export.import_file)
app.command("export")(import_export.export_file)
app.command("convert")(convert.convert)
app.command("dataset")(dataset.dataset)
app.add_typer(timeline.timeline, name="timeline")
app.command("trace")(trace.trace)
app.command("verify")(verify.verify)

if __name__ == "__main__":
    app()
