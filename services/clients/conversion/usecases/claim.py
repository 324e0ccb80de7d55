"""Claim phones and e-mails before a client is created with them."""

from collections.abc import Sequence

from crm_contracts.conversions import LeadConversionRequested
from crm_contracts.values import ElementRef

from services.clients.conversion.domain.claim import Claim, claim_keys
from services.clients.conversion.domain.resolution import Resolution
from services.clients.conversion.usecases.collaborators import Collaborators
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from shared.kit.domain import NotYet
from shared.kit.storage.repository import Repository


async def claim_contact_points(
    request: LeadConversionRequested, phones: Sequence[str], emails: Sequence[str], use: Collaborators
) -> None:
    """Take all keys, apart from those of clients that exist already: the search finds these.

    Raises:
        NotYet: another conversion is creating a client with the same phone or e-mail.
    """
    if "contact" in request.client_targets:
        holder = ElementRef(type="contact", id=request.proposed_contact_id)
    else:
        holder = ElementRef(type="company", id=request.proposed_company_id)
    claim = Claim(holder=holder, resolution_id=Resolution.id_for(request))
    keys = claim_keys(phones, emails)
    while (held := await use.claims.take(keys, claim)) is not None:
        key, other = held
        owners: Repository[Contact] | Repository[Company] = use.contacts
        if other.holder.type == "company":
            owners = use.companies
        if await owners.find(other.holder.id) is not None:
            keys = keys[keys.index(key) + 1 :]
            continue
        rival = await use.resolutions.find(other.resolution_id)
        if rival is None or rival.answered_to is None:
            message = "somebody else is creating a client with the same phone or e-mail"
            raise NotYet(message)
        # A replica that resumed too late claimed for a resolution that was answered: no other process will release it.
        await use.claims.release(other.resolution_id)
