"""Claim phones, e-mails and the company's title before a client is created with them."""

from crm_contracts.conversions import LeadConversionRequested

from services.clients.conversion.domain.claim import claims_of
from services.clients.conversion.domain.resolution import Resolution
from services.clients.conversion.domain.sought import Sought
from services.clients.conversion.usecases.collaborators import Collaborators
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from shared.kit.domain import NotYet
from shared.kit.storage.repository import Repository


async def claim_client(request: LeadConversionRequested, sought: Sought, use: Collaborators) -> None:
    """Take all keys, apart from those of clients that exist already: the search finds these.

    Raises:
        NotYet: another conversion is creating a client with the same phone, e-mail or company title.
    """
    wanted = claims_of(request, sought, Resolution.id_for(request))
    while (held := await use.claims.take(wanted)) is not None:
        key, other = held
        owners: Repository[Contact] | Repository[Company] = use.contacts
        if other.holder.type == "company":
            owners = use.companies
        if await owners.find(other.holder.id) is not None:
            wanted = {later: claim for later, claim in wanted.items() if later > key}
            continue
        rival = await use.resolutions.find(other.resolution_id)
        if rival is None or rival.answered_to is None:
            message = "another conversion is creating a client with the same phone, e-mail or company title"
            raise NotYet(message)
        # A replica that resumed too late claimed for a resolution that was answered: no other process will release it.
        await use.claims.release(other.resolution_id)
