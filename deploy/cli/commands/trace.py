"""Show the trace of a request: `crm trace`."""

from typing import Any

from deploy.cli import views
from deploy.cli.client import Crm, address
from deploy.cli.commands.options import AsJson
from deploy.cli.commands.runner import OUT, operate, print_json


def trace(correlation_id: str, *, as_json: AsJson = False) -> None:
    """Show the steps that one request caused, over all services, with the time that each took.

    Example: crm trace 0199f2a4-6c11-7d3e-9b1f-2f6c8a4d1e55
    """

    async def read(crm: Crm) -> dict[str, Any]:
        found: dict[str, Any] = await crm.get("timeline", address("timeline", "traces", correlation_id))
        return found

    found = operate(read)
    if as_json:
        print_json(found)
    else:
        views.trace(OUT, found)
