"""React to events about our own records: complete what a link, a deletion or a merge began (COMP-10, DUP-02)."""

from contextlib import suppress

from crm_contracts.clients import ClientMergeRequested
from crm_contracts.companies import CompanyDeleted, CompanyReplaced
from crm_contracts.contacts import ContactLinked, ContactMerged
from crm_contracts.envelope import Envelope

from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.usecases.employment import (
    CompanyContacts,
    reconcile_employer,
    replace_employer_everywhere,
)
from services.clients.records.usecases.merge import finish_merge
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on
from shared.kit.storage.repository import Repository
from shared.kit.storage.repository_errors import Gone


def reactions(*, contacts: Repository[Contact], companies: Repository[Company], views: CompanyContacts) -> Reactions:
    """Reactions of contacts and companies."""

    async def on_company_deleted(event: Envelope[CompanyDeleted], cause: Cause) -> None:
        """Unlink the company from its contacts."""
        await replace_employer_everywhere(event.data.company, cause, contacts=contacts, views=views)

    async def on_company_replaced(event: Envelope[CompanyReplaced], cause: Cause) -> None:
        """Link the contacts to the survivor."""
        company, survivor = event.data.company, event.data.survivor
        await replace_employer_everywhere(company, cause, contacts=contacts, views=views, survivor=survivor)

    async def on_client_merge_requested(event: Envelope[ClientMergeRequested], cause: Cause) -> None:
        """Complete the merge: the process that began it may have died."""
        merge = event.data
        with suppress(Gone):
            if merge.survivor.type == "contact":
                await finish_merge(merge.survivor.id, merge.merge_id, cause, owners=contacts)
            else:
                await finish_merge(merge.survivor.id, merge.merge_id, cause, owners=companies)

    async def on_contact_linked(event: Envelope[ContactLinked], cause: Cause) -> None:
        """Re-check the company: it may have been deleted while it was linked, or the process that linked it died."""
        linked = event.data
        await reconcile_employer(
            linked.contact.id, linked.company.id, cause, contacts=contacts, companies=companies, views=views
        )

    async def on_contact_merged(event: Envelope[ContactMerged], cause: Cause) -> None:
        """Re-check the survivor's employers: one may have been deleted while the merge was running."""
        survivor = event.data.survivor
        for link in event.data.companies:
            await reconcile_employer(
                survivor.id, link.company_id, cause, contacts=contacts, companies=companies, views=views
            )

    return [
        on(CompanyDeleted, on_company_deleted),
        on(CompanyReplaced, on_company_replaced),
        on(ClientMergeRequested, on_client_merge_requested),
        on(ContactLinked, on_contact_linked),
        on(ContactMerged, on_contact_merged),
    ]
