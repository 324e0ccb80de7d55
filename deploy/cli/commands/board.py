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
    cards: Annotated[int, typer.Option(min=1, max=50, help="Of each stage at most.")] = 5,
    filter_: Annotated[str | None, typer.Option("--filter", help="What a deal has to be, in JSON.")] = None,
    order: Annotated[str | None, typer.Option(help="Of the cards, such as amount:desc.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the deals of a pipeline as cards by stages, with counts and sums.

    Example: crm board partners --order amount:desc
    """
    path = address("pipelines", pipeline, "board")
    found = operate(lambda crm: crm.get("deals", path, limit=cards, filter=filter_, order=order))
    if as_json:
        print_json(found)
    else:
        print_board(OUT, found)
