"""Convert leads: `crm convert`."""

from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from deploy.cli import views
from deploy.cli.client import Crm
from deploy.cli.commands.options import Parallel
from deploy.cli.commands.runner import ERR, OUT, operate
from deploy.cli.conversions import ConversionRequest, Results, check_stages, convert_stage
from deploy.cli.conversions import convert as convert_lead


def convert(
    lead: Annotated[str | None, typer.Argument(help="Id of one lead.")] = None,
    *,
    stage: Annotated[str | None, typer.Option(help="All leads of this stage.")] = None,
    originator: Annotated[str | None, typer.Option(help="Of these, those that came from there.")] = None,
    on_duplicate: Annotated[
        Literal["create", "link", "reject"] | None, typer.Option(help="Where the contact is known.")
    ] = None,
    targets: Annotated[str | None, typer.Option(help="Such as contact,company,deal.")] = None,
    deal_stage: Annotated[str | None, typer.Option(help="Then move the deals to this stage, such as WON.")] = None,
    parallel: Parallel = 16,
) -> None:
    """Convert a lead, or all leads of a stage; may be stopped and run again. Exit code 1 where one failed."""
    request = ConversionRequest(on_duplicate, tuple(targets.split(",")) if targets else None, deal_stage)
    if (lead is None) == (stage is None):
        raise typer.BadParameter("give either the id of a lead or --stage")
    if lead is not None:
        outcome, result = operate(lambda crm: _convert_one(crm, lead, request))
        views.conversion(OUT, outcome, result)
        return
    results = operate(
        lambda crm: convert_stage(crm, stage or "", request, console=ERR, originator=originator, parallel=parallel)
    )
    _show(results)


async def _convert_one(crm: Crm, lead: str, request: ConversionRequest) -> tuple[str, dict[str, Any]]:
    await check_stages(crm, None, request.deal_stage)
    return await convert_lead(crm, lead, request)


def _show(results: Results) -> None:
    ended = ", ".join(f"{count} {outcome}" for outcome, count in sorted(results.counts.items())) or "no leads"
    OUT.print(f"{ended} in {results.seconds:.1f} s")
    for lead, reason in results.failed.items():
        ERR.print(f"[red]{lead}: {escape(reason)}[/]", highlight=False)
    if results.failed:
        raise typer.Exit(1)
