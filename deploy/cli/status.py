"""The state of the running system: readiness, outbox backlog, consumer lag and open dead letters."""

import asyncio
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.table import Table

from deploy.cli.answers import Problem, ServiceAway
from deploy.cli.client import SERVICES, Crm
from deploy.cli.views import age


@dataclass(frozen=True)
class ServiceStatus:
    """One service; counts are None where it does not answer; `lag` is records, `oldest_s` a dead letter's age."""

    name: str
    url: str
    readiness: str
    backlog: int | None = None
    quarantined: int | None = None
    lag: int | None = None
    dead_letters: int | None = None
    oldest_s: float = 0

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
    return ServiceStatus(
        name,
        url,
        readiness,
        backlog=sum(counts.get("crm_outbox_documents", ())),
        quarantined=sum(counts.get("crm_outbox_quarantined_documents", ())),
        lag=sum(counts.get("crm_consumer_lag_records", ())),
        dead_letters=sum(counts.get("crm_dead_letters", ())),
        oldest_s=max(counts.get("crm_dead_letters_oldest_age_seconds", ()), default=0),
    )


def gauges(metrics: str) -> dict[str, list[int]]:
    """Return the values of each gauge, one for each of its labels."""
    return {
        family.name: [int(sample.value) for sample in family.samples]
        for family in text_string_to_metric_families(metrics)
        if family.type == "gauge"
    }


async def services_status(crm: Crm) -> list[ServiceStatus]:
    """Ask all services at once."""
    return list(await asyncio.gather(*(service_status(crm, name) for name in SERVICES)))


def show(console: Console, found: list[ServiceStatus], title: str) -> None:
    """Print a table of the services."""
    table = Table(title=title, title_justify="left")
    for column in ("service", "address", "ready", "outbox", "quarantined", "lag", "dead letters", "oldest"):
        table.add_column(column, justify="left" if column in {"service", "address", "ready"} else "right")
    for status in found:
        colour = "green" if status.readiness == "ok" else "yellow" if status.takes_writes else "red"
        counts = (status.backlog, status.quarantined, status.lag, status.dead_letters)
        shown = ["?" if count is None else str(count) for count in counts]
        oldest = age(status.oldest_s) if status.dead_letters else ""
        readiness = "away" if status.backlog is None else status.readiness
        table.add_row(status.name, status.url, f"[{colour}]{readiness}[/]", *shown, oldest)
    console.print(table)
    for status in found:
        if status.backlog is None:
            console.print(f"[red]{status.readiness}[/]", soft_wrap=True)
