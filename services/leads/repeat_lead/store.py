"""The settings of leads as every event needs them, and the converted leads of a phone or an e-mail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from crm_contracts.values import ContactPoint

from services.leads.lead.domain.lead import Lead
from services.leads.repeat_lead.domain import LEADS, LeadSettings
from shared.elements.domain.contact_points import identity
from shared.elements.domain.search_keys import sought_keys
from shared.elements.store.listing import BY_KEY
from shared.kit.storage.kept import Kept
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import WITHOUT_BOOKKEEPING

LEAD_SETTINGS: Final = "lead_settings"
MAX_COMPARED: Final = 200


class OwnLeadSettings:
    """The settings, read where they are written: they change seldom, so a process keeps them a moment."""

    def __init__(self, settings: MongoRepository[LeadSettings]) -> None:
        self._kept = Kept(lambda: settings.get(LEADS))

    async def current(self) -> LeadSettings:
        """Return them as they are now."""
        return await self._kept.get()

    def forget(self) -> None:
        """Read them anew the next time, because this process has changed them."""
        self._kept.forget()


class ConvertedLeads:
    """Leads that became clients, by their contact data."""

    def __init__(self, leads: MongoRepository[Lead]) -> None:
        self._leads = leads

    async def oldest(
        self, phones: Sequence[ContactPoint], emails: Sequence[ContactPoint], *, came_before: datetime
    ) -> Lead | None:
        """Find the oldest converted lead with a client that has one of these; None where there is none."""
        keys = sought_keys([each.normalized or "" for each in phones], [each.normalized or "" for each in emails])
        if not keys:
            return None
        where = {"search": {"$in": keys}, "converted": True, "deleted_at": None}
        documents = await self._leads.collection.find(
            where, limit=MAX_COMPARED, fields=WITHOUT_BOOKKEEPING, hint=BY_KEY
        )
        sought = {identity(point) for point in (*phones, *emails)}
        found = [
            lead
            for lead in map(self._leads.read, documents)
            if lead.created_at < came_before
            and not lead.client.is_empty
            and not sought.isdisjoint(identity(point) for point in (*lead.phones, *lead.emails))
        ]
        return min(found, key=lambda lead: (lead.created_at, lead.number), default=None)
