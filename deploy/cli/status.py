"""The state of the running system: readiness, outbox backlog, consumer lag and open dead letters."""

import asyncio
from dataclasses import dataclass
from typing import Final

from prometheus_client.parser import text_string_to_metric_families
from rich.console import Group
from rich.table import Table
from rich.text import Text

from deploy.cli.answers import Problem, ServiceAway
from deploy.cli.client import SERVICES, Crm
from deploy.cli.views import age

_WIDE: Final = 110
"""Columns of a terminal on which the addresses have room."""


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


def view(found: list[ServiceStatus], title: str, width: int) -> Group:
    """Make a table of the services, their addresses below it where it has no room, and why a service is away."""
    with_address = width >= _WIDE
    table = Table(title=title, title_justify="left")
    for column in ("service", *(("address",) if with_address else ()), "ready"):
        table.add_column(column, no_wrap=True)
    for column in ("outbox", "held", "lag", "letters", "oldest"):
        table.add_column(column, justify="right", no_wrap=True)
    for status in found:
        colour = "green" if status.readiness == "ok" else "yellow" if status.takes_writes else "red"
        counts = (status.backlog, status.quarantined, status.lag, status.dead_letters)
        shown = ["?" if count is None else str(count) for count in counts]
        oldest = age(status.oldest_s) if status.dead_letters else ""
        readiness = "away" if status.backlog is None else status.readiness
        address = (status.url,) if with_address else ()
        table.add_row(status.name, *address, f"[{colour}]{readiness}[/]", *shown, oldest)
    addresses = [] if with_address else [Text(f"{status.name:9} {status.url}/docs") for status in found]
    away = [Text(status.readiness, style="red") for status in found if status.backlog is None]
    return Group(table, *addresses, *away)
