"""Convert leads: `crm convert`."""

from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from deploy.cli import views
from deploy.cli.client import Crm
from deploy.cli.commands.options import AsJson, Parallel, Yes
from deploy.cli.commands.runner import ERR, OUT, confirm, operate, print_json
from deploy.cli.conversions import ConversionRequest, Outcome, Plan, Results, check_stages, convert_stage, planned
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
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Of a stage: say what would be done, change nothing.")
    ] = False,
    yes: Yes = False,
    parallel: Parallel = 16,
    as_json: AsJson = False,
) -> None:
    """Convert a lead, or all leads of a stage after a question; may be stopped and run again.

    Exit code 1 where one failed.

    Example: crm convert --stage PROCESSED --deal-stage WON --dry-run
    """
    request = ConversionRequest(on_duplicate, tuple(targets.split(",")) if targets else None, deal_stage)
    if (lead is None) == (stage is None):
        raise typer.BadParameter("give either the id of a lead or --stage")
    if lead is not None:
        if dry_run:
            raise typer.BadParameter("--dry-run is for --stage")
        outcome, result = operate(lambda crm: _convert_one(crm, lead, request))
        if as_json:
            print_json({"outcome": outcome, **result})
        else:
            views.conversion(OUT, outcome, result)
        return
    _convert_stage(stage or "", request, originator, parallel, dry_run=dry_run, yes=yes, as_json=as_json)


def _convert_stage(
    stage: str,
    request: ConversionRequest,
    originator: str | None,
    parallel: int,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    found: Plan | None = None
    if dry_run or not yes:
        found = operate(lambda crm: planned(crm, stage, request, originator=originator, parallel=parallel))
        plan = {"convert": len(found.fresh), "move": len(found.left), "converted_before": len(found.before)}
        said = _said(plan, stage, request.deal_stage)
        if dry_run and as_json:
            print_json({**plan, "leads": found.fresh})
        elif dry_run:
            OUT.print(f"{said} Nothing was done.", soft_wrap=True)
        elif any(plan.values()):
            confirm(f"{said} Go on?", yes=yes)
        if dry_run:
            return
    # Those that were asked about, and none that came into the stage meanwhile.
    results = operate(
        lambda crm: convert_stage(
            crm, stage, request, console=ERR, plan=found, originator=originator, parallel=parallel
        )
    )
    if as_json:
        print_json({"ended": dict(results.counts), "failed": results.failed, "seconds": results.seconds})
    _show(results, request.deal_stage, quiet=as_json)


async def _convert_one(crm: Crm, lead: str, request: ConversionRequest) -> tuple[str, dict[str, Any]]:
    await check_stages(crm, None, request.deal_stage)
    return await convert_lead(crm, lead, request)


def _said(plan: dict[str, int], stage: str | None, deal_stage: str | None) -> str:
    moved = f", {views.counted(plan['move'], 'deal')} of earlier runs moved to {deal_stage}" if plan["move"] else ""
    earlier = plan["converted_before"]
    before = (
        f" {views.counted(earlier, 'lead')} {'was' if earlier == 1 else 'were'} converted before." if earlier else ""
    )
    return f"{views.counted(plan['convert'], 'lead')} of {stage} would be converted{moved}.{before}"


def _show(results: Results, deal_stage: str | None, *, quiet: bool) -> None:
    said: dict[Outcome, tuple[str, str]] = {
        "converted": ("lead", "converted now"),
        "was converted": ("lead", "converted before"),
        "deal moved": ("deal", f"of earlier runs moved to {deal_stage}"),
        "failed": ("lead", "failed"),
    }
    counted = [
        f"{views.counted(results.counts[outcome], noun)} {what}"
        for outcome, (noun, what) in said.items()
        if results.counts[outcome]
    ]
    if not quiet:
        OUT.print(f"{', '.join(counted) or 'no leads'} in {results.seconds:.1f} s", soft_wrap=True)
    for lead, reason in results.failed.items():
        ERR.print(f"[red]{lead}: {escape(reason)}[/]", highlight=False)
    if results.failed:
        raise typer.Exit(1)
