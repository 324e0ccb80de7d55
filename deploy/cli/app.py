"""The operator's command: `crm --help` says what it can do.

The surprise: nothing here has a way in of its own. All that concerns data goes through the public HTTP API, so whatever
`crm` does, another program can do. Only `crm verify` reads databases and topics past the services: it trusts none.
"""

import typer

from deploy.cli.commands import (
    data,
    dead_letters,
    keeping,
    stack,
    timeline,
)
from deploy.cli.commands import (
    trace as reading,
)
from deploy.cli.commands import (
    verify as verifying,
)

app = typer.Typer(name="crm", help="Runs and operates the CRM.", no_args_is_help=True, add_completion=False)

app.command("up")(stack.up)
app.command("down")(stack.down)
app.command("status")(stack.status)
app.command("topics")(stack.topics)
app.command("demo")(stack.run_demo)
app.command("token")(keeping.token)
app.add_typer(keeping.outbox, name="outbox")
app.add_typer(dead_letters.app, name="dead-letters")
app.command("import")(data.import_file)
app.command("export")(data.export_file)
app.command("convert")(data.convert)
app.command("dataset")(data.dataset)
app.add_typer(timeline.timeline, name="timeline")
app.command("trace")(reading.trace)
app.command("verify")(verifying.verify)

if __name__ == "__main__":
    app()
