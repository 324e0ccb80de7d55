"""Topics of events: one per publishing service."""

from typing import Final

LEADS: Final = "crm.leads.events"
DEALS: Final = "crm.deals.events"
CLIENTS: Final = "crm.clients.events"
CATALOG: Final = "crm.catalog.events"
TIMELINE: Final = "crm.timeline.events"

ALL: Final = (LEADS, DEALS, CLIENTS, CATALOG, TIMELINE)


def dead_letters(topic: str, consumer: str) -> str:
    """Name the topic where service `consumer` parks what it cannot handle from `topic`."""
    return f"{topic}.{consumer}.dlt"
