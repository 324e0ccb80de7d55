"""How the running system is: each service's readiness, what its outbox still holds, and what was parked."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.table import Table

from deploy.client import SERVICES, Crm, Problem, ServiceAway


@dataclass(frozen=True)
class ServiceStatus:
    """One service; the counts are documents, None where it does not tell."""

    name: str
    url: str
    readiness: str
    backlog: int | None = None
    quarantined: int | None = None

    @property
    def takes_writes(self) -> bool:
        """Ready, perhaps without Kafka."""
        return self.readiness in {"ok", "degraded"}


async def service_status(crm: Crm, name: str) -> ServiceStatus:
    """Ask one service."""
    url = crm.urls[name]
    try:
        readiness = await crm.readiness(name)
        counts = gauges(await crm.text(name, "/metrics"))
    except (ServiceAway, Problem) as problem:
        return ServiceStatus(name, url, str(problem))
    backlog = counts.get("crm_outbox_documents", 0)
    return ServiceStatus(name, url, readiness, backlog, counts.get("crm_outbox_quarantined_documents", 0))


def gauges(metrics: str) -> dict[str, int]:
    """Each gauge summed over its labels."""
    return {
        family.name: int(sum(sample.value for sample in family.samples))
        for family in text_string_to_metric_families(metrics)
        if family.type == "gauge"
    }


async def services_status(crm: Crm) -> list[ServiceStatus]:
    """Ask all services at once."""
    return list(await asyncio.gather(*(service_status(crm, name) for name in SERVICES)))


def show(console: Console, found: list[ServiceStatus], rungs: str, parked: Mapping[str, int] | str) -> None:
    """Print it; `parked` is a text where Kafka did not tell."""
    table = Table(title=rungs, title_justify="left")
    for column in ("service", "address", "ready", "outbox", "quarantined"):
        table.add_column(column, justify="right" if column in {"outbox", "quarantined"} else "left")
    for status in found:
        colour = "green" if status.readiness == "ok" else "yellow" if status.takes_writes else "red"
        shown = ["?" if count is None else str(count) for count in (status.backlog, status.quarantined)]
        table.add_row(status.name, status.url, f"[{colour}]{status.readiness}[/]", *shown)
    console.print(table)
    if isinstance(parked, str):
        console.print(f"dead letters: [red]{parked}[/]")
    else:
        lines = [f"{topic} [red]{count}[/]" for topic, count in parked.items()]
        console.print("dead letters: " + (", ".join(lines) or "none"))
