"""The command that verifies a system.

Note:
    It imports the verification only when it runs: contracts and services take half a second to load, which no other
    command should cost.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.cli.commands.options import AsJson
from deploy.cli.commands.runner import ERR, OUT, finish, print_json
from deploy.cli.progress import bar
from deploy.verify.findings import Report

_SHOWN: Final = 10
_OF_ONE: Final = {
    "records that are no events": "record that is no event",
    "events of unknown types": "event of an unknown type",
    "repeated deliveries": "repeated delivery",
}
"""What is noticed once, where its first word is not all that changes."""


def verify(
    *,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for what is in the air; longer is standing still.")
    ] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Check databases and topics against what is promised, whether services run or not; exit code 1 if broken.

    Kafka and MongoDB have to run: after `crm down`, `crm up` starts them with the data that was kept.
    MONGODB_URL and KAFKA_BOOTSTRAP_SERVERS (and CRM_DATABASE_PREFIX) name a system that is not the local stack.

    Example: crm verify --patience 0
    """
    from deploy.verify.run import PROMISES  # noqa: PLC0415 - see above
    from deploy.verify.run import verify as verify_system  # noqa: PLC0415
    from deploy.verify.target import Target  # noqa: PLC0415

    async def check() -> Report:
        return await verify_system(
            Target.find(), progress=lambda title, total: bar(title, total, ERR), patience_s=patience
        )

    report = finish(check())
    if as_json:
        broken = [asdict(finding) for finding in report.broken]
        print_json({"checked": dict(report.checked), "counts": dict(report.counts), "broken": broken})
    else:
        show(OUT, report, PROMISES)
    if report.broken:
        raise typer.Exit(1)


def show(console: Console, report: Report, promises: Mapping[str, str]) -> None:
    """Show a table of all invariants with what each promises, and the first findings of each that is broken."""
    table = Table("invariant", "promise", "checked", "broken")
    for name, promise in promises.items():
        broken = [finding for finding in report.broken if finding.invariant == name]
        table.add_row(name, promise, str(report.checked[name]), f"[red]{len(broken)}[/]" if broken else "0")
    console.print(table)
    noticed = ", ".join(_counted(number, what) for what, number in sorted(report.counts.items()))
    console.print(noticed, highlight=False)
    for name, promise in promises.items():
        broken = [finding for finding in report.broken if finding.invariant == name]
        if not broken:
            continue
        console.print(f"\n[red]{name}[/]: not so that {promise}", highlight=False)
        for finding in broken[:_SHOWN]:
            console.print(f"  {escape(finding.subject)} {escape(finding.detail)}", highlight=False, soft_wrap=True)
        if len(broken) > _SHOWN:
            console.print(f"  ... and {len(broken) - _SHOWN} more")
    if not report.broken:
        console.print("Every promise is kept.")


def _counted(number: int, what: str) -> str:
    """Format what was noticed, such as `2 conversions done` or `1 conversion done`."""
    if number == 1:
        first, *rest = what.split(" ")
        what = _OF_ONE.get(what) or " ".join([first.removesuffix("s"), *rest])
    return f"{number} {what}"
