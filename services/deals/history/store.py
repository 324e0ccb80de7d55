"""Read what clients had before; the view of their leads is kept from the events of leads (DEAL-17)."""

import asyncio
from collections.abc import Callable
from collections.abc import Collection as Several
from typing import Any, Final, Self

from crm_contracts.elements import COMPANY, CONTACT
from crm_contracts.envelope import Envelope
from crm_contracts.events import ClientFieldEvent, StageChanged
from crm_contracts.leads import LeadCreated, LeadDeleted
from crm_contracts.values import ElementRef

from services.deals.deal.domain.deal import Deal
from services.deals.deal.domain.repeat import ClientHistory
from shared.elements.store.newest import newest
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document, Filter
from shared.kit.storage.indexes import Index
from shared.kit.storage.mongo_repository import MongoRepository

LEADS_OF_CLIENTS: Final = "leads_of_clients"
_BY_CLIENT: Final = Index([("clients", 1), ("semantic", 1)], name="by_client")
_FIELDS: Final = (
    (COMPANY.noun, "client.company.id", "by_company"),
    (CONTACT.noun, "client.contacts.contact_id", "by_contact"),
)
"""Of each type of client: where a deal has its id, and the index of that."""
_IS_DEAL: Final[Filter] = {"deleted_at": None, "is_recurring": {"$ne": True}}


class LeadsOfClients:
    """One document for each lead that is not deleted: its clients, and what its stage means."""

    def __init__(self, leads: Collection) -> None:
        self._leads = leads

    @classmethod
    def open(cls, collection: Callable[..., Collection]) -> Self:
        """Open it; `collection` opens a collection by name, with these indexes."""
        return cls(collection(LEADS_OF_CLIENTS, [_BY_CLIENT]))

    async def apply(self, event: Envelope[Any]) -> None:
        """Store what an event tells of a lead; what a newer one has told stays."""
        stage = newest(_told_by(event.data), event.sequence or 0)
        await self._leads.put({"_id": event.data.element.id}, [{"$set": stage}])

    async def are_there(self, clients: Several[ElementRef], *, but: str | None, is_won: bool = False) -> bool:
        """Return whether any of these clients has a lead but for one, or one that was converted."""
        where: Document = {"clients": {"$in": sorted(map(str, clients))}, "_id": {"$ne": but}}
        if is_won:
            where["semantic"] = "S"
        return bool(await self._leads.find(where, limit=1, fields={"_id": 1}, hint=_BY_CLIENT.name))


def _told_by(data: Any) -> Document:
    if isinstance(data, LeadDeleted):
        return {"clients": [], "semantic": None}
    told: Document = {}
    if isinstance(data, LeadCreated):
        told = {"clients": _texts(data.state.client.refs), "semantic": data.state.stage_semantic}
    if isinstance(data, ClientFieldEvent):
        told["clients"] = _texts(data.client_now.refs)
    if isinstance(data, StageChanged):
        told["semantic"] = data.to_semantic
    return told


def _texts(clients: Several[ElementRef]) -> list[str]:
    return sorted(map(str, clients))


class ClientHistories:
    """What clients had before: deals, read where they are written, and leads."""

    def __init__(self, deals: MongoRepository[Deal], leads: LeadsOfClients) -> None:
        self._deals, self._leads = deals.collection, leads

    async def of(self, clients: Several[ElementRef], *, but_lead: str | None = None) -> ClientHistory:
        """Find what these clients had; a new deal leaves out the lead that it comes from."""
        if not clients:
            return ClientHistory()
        if await self._have_deals(clients, {"stage_semantic": "S"}):
            return ClientHistory(has_any=True, has_won_deal=True)
        deals, leads, won = await asyncio.gather(
            self._have_deals(clients, {}),
            self._leads.are_there(clients, but=but_lead),
            self._leads.are_there(clients, but=but_lead, is_won=True),
        )
        return ClientHistory(has_any=deals or leads, has_won_lead=won)

    async def _have_deals(self, clients: Several[ElementRef], where: Filter) -> bool:
        ids = [(field, index, [each.id for each in clients if each.type == noun]) for noun, field, index in _FIELDS]
        found = await asyncio.gather(
            *(
                self._deals.find({field: {"$in": of_type}, **_IS_DEAL, **where}, limit=1, fields={"_id": 1}, hint=index)
                for field, index, of_type in ids
                if of_type
            )
        )
        return any(found)
