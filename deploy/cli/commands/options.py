"""Options that several commands have."""

from typing import Annotated

import typer

Parallel = Annotated[int, typer.Option(min=1, max=64, help="Requests at a time.")]
Originator = Annotated[str | None, typer.Option(help="Instead of the mapping's originator.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, whole.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
