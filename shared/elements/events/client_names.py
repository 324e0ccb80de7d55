"""Keep the view of clients' names, and of who may read clients, from the events of clients (CLI-01, PERM-08)."""

from crm_contracts.companies import CompanyCreated, CompanyDeleted, CompanyMerged, CompanyReplaced, CompanyUpdated
from crm_contracts.contacts import ContactCreated, ContactDeleted, ContactMerged, ContactReplaced, ContactUpdated
from crm_contracts.envelope import Envelope
from crm_contracts.events import Deleted, ElementEvent, Replaced

from shared.elements.domain.rights.told import access_told_by
from shared.elements.store.client_names import ClientNames
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on

_NAMING = (
    *(ContactCreated, ContactUpdated, ContactMerged, ContactDeleted, ContactReplaced),
    *(CompanyCreated, CompanyUpdated, CompanyMerged, CompanyDeleted, CompanyReplaced),
)


def client_name_reactions(client_names: ClientNames) -> Reactions:
    """Make the reactions to every event that says what a client is called, or that it is called nothing any more."""

    async def on_event(event: Envelope[ElementEvent], _: Cause) -> None:
        """Keep the name of the client, and who may read it."""
        client = event.data.element
        if isinstance(event.data, Deleted | Replaced):  # a name is personal data: nothing remains of it
            client = client.model_copy(update={"title": None})
        await client_names.keep(client, access_told_by(event.data), sequence=event.sequence or 0)

    return [on(type_, on_event) for type_ in _NAMING]
