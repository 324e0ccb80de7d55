"""Show the trace of a request: `crm trace`."""

from typing import Any

from deploy.cli import views
from deploy.cli.client import Crm, address
from deploy.cli.commands.runner import OUT, operate


def trace(correlation_id: str) -> None:
    """Show the steps that one request caused, over all services, with the time that each took."""

    async def read(crm: Crm) -> dict[str, Any]:
        found: dict[str, Any] = await crm.get("timeline", address("timeline", "traces", correlation_id))
        return found

    views.trace(OUT, operate(read))
