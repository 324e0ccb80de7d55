"""Show the deals of a pipeline by stages: `crm board`."""

from typing import Annotated

import typer

from deploy.cli.board_view import board as print_board
from deploy.cli.client import address
from deploy.cli.commands.options import AsJson
from deploy.cli.commands.runner import OUT, operate, print_json


def board(
    pipeline: Annotated[str, typer.Argument(metavar="PIPELINE", help="Id of the pipeline.")] = "default",
    *,
    cards: Annotated[int | None, typer.Option(min=1, max=50, help="Of each stage at most; 5 if not given.")] = None,
    filter_: Annotated[str | None, typer.Option("--filter", help="What a deal has to be, in JSON.")] = None,
    order: Annotated[str | None, typer.Option(help="Of the cards, such as amount:desc.")] = None,
    on: Annotated[
        str | None, typer.Option(metavar="DAY", help="How many deals stood where on a day, such as 2026-03-31, in UTC.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the deals of a pipeline as cards by stages, with counts and sums; of a day of the past with counts alone.

    Example: crm board partners --order amount:desc
    """
    path = address("pipelines", pipeline, "board")
    limit = cards or (None if on else 5)
    found = operate(lambda crm: crm.get("deals", path, limit=limit, filter=filter_, order=order, on=on))
    if as_json:
        print_json(found)
    else:
        print_board(OUT, found)
