"""What there is to verify: the aggregates, who keeps them, on which topic they speak, and what each service hears.

The surprise: none of it is written down a second time. Names of collections are the adapters', and a service hears the
topics of the events that it reacts to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crm_contracts import registry, topics

import services.clients.entrypoints.events as of_clients
import services.deals.entrypoints.events as of_deals
import services.leads.entrypoints.events as of_leads
import services.timeline.entrypoints.events as of_timeline
from services.catalog.dictionary.domain.dictionary import Dictionary
from services.catalog.dictionary.store import DICTIONARIES
from services.catalog.product.domain import Product
from services.catalog.product.store import PRODUCTS
from services.clients.adapters.mongo import COMPANIES, CONTACTS, RESOLUTIONS
from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.domain.resolution import Resolution
from services.deals.adapters.mongo import DEALS, REFUSALS
from services.deals.domain.deal import Deal
from services.deals.domain.refusal import Refusal
from services.leads.adapters.mongo import LEADS
from services.leads.domain.lead import Lead
from services.timeline.adapters.mongo import BINDINGS
from services.timeline.domain.bindings import Bindings
from shared.kit.domain import Aggregate


@dataclass(frozen=True)
class Kind:
    """One kind of aggregate."""

    aggregate: type[Aggregate]
    service: str
    collection: str
    topic: str

    @property
    def name(self) -> str:
        """As it stands in pointers: `lead` of `lead:0199f2a4-…`."""
        return self.aggregate.__name__.lower()


KINDS: Final[Sequence[Kind]] = (
    Kind(Lead, "leads", LEADS, topics.LEADS),
    Kind(Deal, "deals", DEALS, topics.DEALS),
    Kind(Refusal, "deals", REFUSALS, topics.DEALS),
    Kind(Contact, "clients", CONTACTS, topics.CLIENTS),
    Kind(Company, "clients", COMPANIES, topics.CLIENTS),
    Kind(Resolution, "clients", RESOLUTIONS, topics.CLIENTS),
    Kind(Product, "catalog", PRODUCTS, topics.CATALOG),
    Kind(Dictionary, "catalog", DICTIONARIES, topics.CATALOG),
    Kind(Bindings, "timeline", BINDINGS, topics.TIMELINE),
)

HEARS: Final[Mapping[str, frozenset[str]]] = {
    service: frozenset(registry.TOPICS[event] for event in reactions)
    for service, reactions in {
        "leads": of_leads.REACTIONS,
        "deals": of_deals.REACTIONS,
        "clients": of_clients.REACTIONS,
        "timeline": of_timeline.REACTIONS,
    }.items()
}
"""The topics that a service reads; catalog reads none."""
