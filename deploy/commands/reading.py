"""Commands that only read: timelines and traces."""

import re
from typing import Annotated, Any

import typer

from deploy import views
from deploy.client import Crm, address
from deploy.commands.running import OUT, failed, operate

_ELEMENT = re.compile(r"(lead|deal|contact|company|quote|invoice|product):.+")


def timeline(
    element: Annotated[str, typer.Argument(help="Such as deal:0199f2a4-...")],
    *,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
) -> None:
    """What happened to an element, newest first."""
    if not _ELEMENT.fullmatch(element):
        raise failed(f"{element!r} is not an element: write it as deal:ID or lead:ID")

    async def read(crm: Crm) -> dict[str, Any]:
        found: dict[str, Any] = await crm.get("timeline", address("timeline"), element=element, limit=limit)
        return found

    page = operate(read)
    views.timeline(OUT, element, page["items"])
    if page["next_cursor"]:
        OUT.print(f"(the newest {limit}; --limit shows more)")


def trace(correlation_id: str) -> None:
    """The steps that one request set in motion, over all services, with the time that each took."""

    async def read(crm: Crm) -> dict[str, Any]:
        found: dict[str, Any] = await crm.get("timeline", address("timeline", "traces", correlation_id))
        return found

    views.trace(OUT, operate(read))
